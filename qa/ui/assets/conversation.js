// The conversation in the middle, the buttons in it that ask the server, and its address.

const part = qa.find('#qa-ask');
const turns = part.querySelector('.qa-turns');
const talk = qa.find('#qa-talk');
const frame = () => (getComputedStyle(talk).overflowY === 'visible' ? part : talk); // what scrolls
const spoken = qa.find('#qa-spoken');
let shown = [];
let drafts = 0;
let key = draft(); // what this page calls the conversation that it shows
let name = ''; // under which it is stored, if it is
let wanted = 0; // the turn that the address names, until it is shown
let keepsScope = sessionStorage.getItem('qa-scope') !== null; // after a reload, for the conversation that is shown first
let takesScope = false; // the conversation that is being opened sets the scope
let isAsking = false; // this page has asked what is about to arrive
let isLast = false; // nobody named the conversation: it is the one that this browser showed last

function draft() {
  drafts += 1;
  return `.${drafts}`;
}

const path = (turn = shown.at(-1)?.id) => (!name ? '/' : turn ? `/c/${name}/${turn}` : `/c/${name}`);

// Which conversation this browser showed last, so that a new page goes on with it.
const last = {
  get() { try { return localStorage.getItem('qa-conversation') ?? ''; } catch { return ''; } },
  set(one) { try { localStorage.setItem('qa-conversation', one); } catch { /* nothing is kept in this browser */ } },
};

function drawn(turn) {
  let node = turns.querySelector(`:scope > [data-id="${turn.id}"]`);
  if (node) return node;
  node = Object.assign(document.createElement('article'), { className: 'qa-turn' });
  node.dataset.id = turn.id;
  turns.insertBefore(node, turns.querySelector(':scope > .qa-asked'));
  return node;
}

function fill(turn) {
  const isNew = !turns.querySelector(`:scope > [data-id="${turn.id}"]`);
  const node = drawn(turn);
  if (node.qaHtml === turn.html) return suggest(node, turn);
  const judged = !isNew && turn.html.includes('qa-thanks');
  node.qaHtml = turn.html;
  // After a button that asks again, the keyboard focus moves to the new answer.
  const pressed = document.activeElement;
  node.qaHadFocus ||= node.contains(pressed) && pressed.matches('[data-do=drop], [data-do=alone], [data-do=everywhere], [data-do=literal], [data-do=retry], [data-do=suggested]');
  node.innerHTML = turn.html;
  suggest(node, turn);
  const cell = node.querySelector('.qa-row mark'); // in view, however wide its table is
  const row = cell?.closest('.qa-row');
  row?.scrollBy({ left: cell.getBoundingClientRect().right - row.getBoundingClientRect().right + 40 });
  const next = node.qaHadFocus && node.querySelector('[data-do=drop], [data-do=retry], .qa-ref');
  if (next) {
    if (document.activeElement === document.body) next.focus({ preventScroll: true });
    node.qaHadFocus = false;
  }
  if (!judged) frame().scrollTo({ top: node.offsetTop - 16, behavior: wanted ? 'instant' : qa.calm() });
}

function announce(words, quoted, lang) { // what is quoted is read aloud in its own language
  const at = quoted ? words.lastIndexOf(quoted) : -1;
  if (at < 0) return void (spoken.textContent = words);
  const quotation = Object.assign(document.createElement('span'), { lang, textContent: quoted });
  spoken.replaceChildren(words.slice(0, at), quotation, words.slice(at + quoted.length));
}

// What may be asked next comes after the answer, which stays as it is: something in it may be unfolded.
function suggest(node, turn) {
  node.querySelector('.qa-next')?.remove();
  node.insertAdjacentHTML('beforeend', turn.next);
}

qa.receive('talk', (value) => {
  if (value.key !== key && !(name && value.name === name)) return void qa.past?.list(); // of a conversation left since
  if (!value.turns.length && value.problem) return missing(value.problem);
  const isNamed = value.name && value.name !== name;
  if (isNamed) key = name = value.name; // by which it is also known to a chat that was restarted
  if (takesScope) qa.picker.choose(value.scope);
  takesScope = false;
  const known = new Set(shown.map((turn) => turn.id));
  shown = value.turns;
  const arrived = shown.filter((turn) => !known.has(turn.id)).length;
  [...turns.querySelectorAll(':scope > .qa-asked')].slice(0, arrived).forEach((node) => node.remove());
  const ids = new Set(shown.map((turn) => String(turn.id)));
  for (const node of turns.querySelectorAll(':scope > :not(.qa-asked)')) if (!ids.has(node.dataset.id)) node.remove();
  shown.forEach(fill);
  mark();
  if (wanted) reach(wanted);
  wanted = 0;
  if (name && shown.length) {
    last.set(name);
    address(arrived > 0 && isAsking);
  }
  if (arrived) isAsking = false;
  document.dispatchEvent(new CustomEvent('qa:turns'));
  if (isNamed || value.spoken) qa.past?.changed(name);
  qa.past?.mark();
  if (spoken.textContent !== value.spoken) announce(value.spoken, ...(value.quoted ?? ['', '']));
});

// Every question that this page asks gets an entry of its own, so that Back leads to the one before it.
function address(isNew) {
  const at = qa.below();
  if (qa.root.dataset.place !== 'ask' || at === path()) return;
  if (!at.startsWith(`/c/${name}/`)) {
    if (!qa.isArticle() || qa.cited()) qa.write(path(), false); // it named no turn yet
  } else if (isNew) qa.write(path(), true);
}

// The conversation that was to be shown does not exist, or not for this visitor.
function missing(problem) {
  if (isLast) {
    begin();
    return void qa.write('/', false);
  }
  begin();
  document.dispatchEvent(new CustomEvent('qa:turns'));
  const node = Object.assign(document.createElement('article'), { className: 'qa-turn qa-asked' });
  node.append(Object.assign(document.createElement('p'), { className: 'qa-problem', role: 'status', textContent: problem }));
  turns.append(node);
  mark();
}

function reach(turn) {
  const node = turns.querySelector(`:scope > [data-id="${turn}"]`);
  if (node) frame().scrollTo({ top: node.offsetTop - 16, behavior: 'instant' });
}

function mark() {
  part.dataset.empty = String(!turns.childElementCount);
  const title = qa.find('#qa-title').textContent;
  document.title = shown.length ? `${shown[0].question} · ${title}` : title; // what a bookmark or a tab is called
}

// A question is shown at once, as one that waits for the server.
function wait(question) {
  turns.querySelector('.qa-asked:has(> .qa-problem)')?.remove();
  const node = Object.assign(document.createElement('article'), { className: 'qa-turn qa-asked' });
  node.append(qa.find('#qa-asked').content.cloneNode(true));
  node.querySelector('.qa-question').textContent = question;
  turns.append(node);
  mark();
  if (shown.length) frame().scrollTo({ top: node.offsetTop - 16, behavior: qa.calm() });
}

qa.receive('refused', ({ channel, words }) => {
  if (channel === 'talk') for (const waits of turns.querySelectorAll('.qa-asked .qa-waiting')) waits.textContent = words;
});

// The answers that were awaited are stored, or still being sought: show them once the server can be reached.
document.addEventListener('qa:lost', () => {
  if (name || turns.querySelector('.qa-asked')) qa.send('talk', 'qa_show', { conversation: name || key });
});

function empty(next, stored) {
  [key, name, shown, wanted, isAsking] = [next, stored, [], 0, false];
  turns.replaceChildren();
  spoken.textContent = '';
  mark();
  qa.hide('source');
  qa.find('#qa-source').hidden = true;
}

function begin() {
  empty(draft(), '');
  isLast = takesScope = false;
  last.set('');
  qa.past?.mark();
}

function open(one, turn) {
  qa.place('ask');
  if (one === name) return void (turn && reach(turn));
  empty(one, one);
  takesScope = !keepsScope;
  keepsScope = false;
  wanted = Number(turn ?? 0);
  part.dataset.empty = 'false'; // no welcome for a moment
  qa.send('talk', 'qa_show', { conversation: one });
  qa.past?.mark();
}

qa.conversation = {
  last: () => shown.at(-1)?.question,
  key: () => key,
  name: () => name,
  begin,
  path,
  expect() { isAsking = true; },
  face() { if (qa.root.dataset.place !== 'ask') qa.go(path()); }, // leave the library for it
  ask(question) {
    qa.conversation.face();
    wait(question);
    isAsking = true;
    qa.send('talk', 'qa_ask', { question, conversation: key, scope: qa.picker.scope(), ...qa.wishes() });
  },
  refresh() { if (name) qa.send('talk', 'qa_show', { conversation: name }); },
};

for (const what of ['retry', 'drop', 'literal', 'alone', 'everywhere', 'suggested', 'judge', 'receipt']) {
  qa.act(what, ({ dataset }) => {
    isAsking ||= what === 'suggested';
    qa.send('talk', `qa_${what}`, {
      turn: Number(dataset.turn), number: Number(dataset.number), verdict: dataset.verdict, conversation: key, ...qa.wishes(),
    });
  });
}
qa.act('new', () => {
  begin();
  qa.go('/');
  qa.composer.begin();
});
qa.route(/^\/$/, () => {
  if (name) begin();
  qa.place('ask');
});
qa.route(/^\/c\/([\w-]{1,40})(?:\/(\d{1,6}))?$/, open);

if (!location.hash && !location.search && last.get()) {
  isLast = true;
  history.replaceState(null, '', `#/c/${last.get()}`);
}
// What another page or another browser of the same user did in the meantime.
document.addEventListener('visibilitychange', () => { if (!document.hidden) qa.conversation.refresh(); });
