// Pinned questions: the button below an answer, the list, and the badge that counts the changes nobody has seen.
// A page without pins asks the server for nothing.

const section = qa.find('#qa-pins');
const list = section.querySelector('.qa-pins-list');
const badge = qa.find('#qa-pins-badge');
const words = section.dataset;
let keys = new Set(); // of what is pinned
let unseen = 0;
const fresh = new Set(); // what had changed when somebody came to the list: called new until that person leaves it

const isShown = () => qa.root.dataset.place === 'pins' && !document.hidden;

function mark() { // the buttons of the answers that are shown
  for (const button of document.querySelectorAll('[data-do=pin]')) button.setAttribute('aria-pressed', String(keys.has(button.dataset.key)));
}

function look() {
  qa.send('pins', 'qa_pins', { lists: isShown() });
}

qa.receive('pins', (value) => {
  for (const button of document.querySelectorAll('[data-do=pin][aria-busy]')) button.removeAttribute('aria-busy');
  if (value.problem) return qa.say(value.problem);
  keys = new Set(value.keys);
  mark();
  if (value.unseen > unseen) qa.find('#qa-spoken').textContent = qa.counted(words.changed, value.unseen);
  unseen = value.unseen;
  badge.hidden = !unseen;
  qa.root.toggleAttribute('data-pins-changed', unseen > 0);
  badge.querySelector('b').textContent = qa.number(unseen);
  badge.querySelector('span').textContent = qa.counted(words.unseen, unseen);
  if (value.html) draw(value.html);
  if (value.done === 'pinned') qa.say(words.pinned, () => qa.send('pins', 'qa_unpin', { key: value.key, lists: isShown() }));
  if (value.done === 'differs') qa.say(words.differs, () => qa.send('pins', 'qa_unpin', { key: value.key, lists: isShown() }));
  if (value.done === 'unpinned') qa.say(qa.fill(words.unpinned, { question: value.question }), () => qa.send('pins', 'qa_repin', { key: value.key, lists: isShown() }));
});

function draw(html) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const [of, what] = [focused?.closest('li')?.dataset.key, focused?.dataset.do];
  const open = new Set([...list.querySelectorAll('details[open]')].map((each) => each.closest('li').dataset.key));
  list.innerHTML = html;
  for (const each of list.querySelectorAll('details')) each.open = open.has(each.closest('li').dataset.key);
  for (const each of list.querySelectorAll('[data-new]')) fresh.add(each.dataset.key);
  for (const each of list.querySelectorAll('.qa-pins > li')) {
    const isFresh = fresh.has(each.dataset.key);
    each.classList.toggle('qa-pin-new', isFresh);
    each.querySelector('.qa-pin-change > b')?.toggleAttribute('hidden', !isFresh);
  }
  if (focused) (list.querySelector(`li[data-key="${of}"] [data-do="${what}"]`) ?? qa.find('#qa-pins-title')).focus({ preventScroll: true });
}

qa.receive('talk', mark);
qa.receive('pinned', (stamp) => { if (stamp) look(); });

qa.act('pin', (button) => {
  button.setAttribute('aria-busy', 'true'); // until the question has been asked by itself
  if (keys.has(button.dataset.key)) qa.send('pins', 'qa_unpin', { key: button.dataset.key, lists: false });
  else qa.send('pins', 'qa_pin', JSON.parse(button.dataset.pin));
});
qa.act('unpin', ({ dataset }) => qa.send('pins', 'qa_unpin', { key: dataset.key, lists: true }));
qa.act('pin-ask', ({ dataset }) => {
  qa.picker.choose(JSON.parse(dataset.scope));
  qa.conversation.ask(dataset.question);
});

qa.route(/^\/pins$/, () => {
  qa.place('pins');
  look();
  qa.find('#qa-pins-title').focus({ preventScroll: true });
});
document.addEventListener('visibilitychange', () => { if (isShown()) look(); });
document.addEventListener('qa:place', ({ detail }) => { if (detail !== 'pins') fresh.clear(); });
document.addEventListener('qa:lost', () => { if (keys.size || isShown()) look(); });
