// The source pane: an article with what is cited in it, in parts if it is long; a PDF also as its pages (pages.js).

const source = qa.find('#qa-source');
const pane = source.querySelector('.qa-source-view');
let opener; // the button that opened the source
let shown = null; // what the pane shows: { query, places }
let held = ''; // the address of it
let from = null; // the citation that it was opened from: { key, turn, rank } of the conversation
let aside = null; // the citation that was open beside the conversation, which is not shown now
let awaited = null; // the citation that the address names, in a conversation that is being loaded

const part = (selector) => pane.querySelector(selector);
const area = () => (pane.dataset.view === 'page' && part('.qa-sheets') ? part('.qa-sheets') : part('.qa-text'));

// --- opening

const named = (node) => node.getAttribute('aria-label') ?? node.textContent.trim();

function fill(html, isAsked) {
  const focused = pane.contains(document.activeElement) ? named(document.activeElement) : null;
  pane.innerHTML = html;
  const text = part('.qa-text');
  shown = text && { query: text.dataset.query, places: JSON.parse(text.dataset.places || '[]') };
  document.dispatchEvent(new CustomEvent('qa:source', { detail: shown }));
  const again = focused && [...pane.querySelectorAll('button:not([disabled])')].find((one) => named(one) === focused);
  if (isAsked || !qa.phone.matches) qa.show('source', again || (isAsked || focused !== null ? part('h2') : null), opener);
  if (!shown) return;
  following(text);
  view(part('.qa-sheets') ? qa.root.dataset.view ?? 'page' : 'text');
}

// Which card of the conversation the pane shows.
function point(cited) {
  for (const card of document.querySelectorAll('.qa-card[aria-current]')) card.removeAttribute('aria-current');
  if (!cited) return;
  document.querySelector(`.qa-card[data-turn="${cited.turn}"][data-rank="${cited.rank}"]`)?.setAttribute('aria-current', 'true');
}

qa.receive('source', (value) => {
  if (!value.html) { // an earlier source beside what is no answer would look like one
    if (qa.root.dataset.place !== 'ask') return;
    if (from?.key === qa.conversation.key() && from.turn > value.turn) return; // it comes after the source of a later turn
    pane.textContent = held = '';
    return close();
  }
  if (!document.querySelector(`.qa-turns > [data-id="${value.turn}"]`)) return; // of a conversation left since
  const cited = { key: qa.conversation.key(), turn: value.turn, rank: value.rank };
  if (!value.asked && qa.root.dataset.place !== 'ask') return void (aside = cited);
  fill(value.html, value.asked);
  from = cited;
  if (!('source' in qa.root.dataset)) return void (held = ''); // a phone shows it only when it is asked for
  point(cited);
  if (value.link) qa.cover(value.link, from);
  held = location.hash;
});

class Refused extends Error {}

async function fetched(name, query) {
  const response = await fetch(`articles/${name}?${query}&language=${qa.root.lang}`);
  const given = await response.json();
  if (!response.ok) throw new Refused(given.error);
  return given;
}

// Any article at any words: `#/article/<path>?at=<start>-<end>`, or the citation of an answer that it was opened from.
qa.route(/^\/article\/([^?]+)(?:\?(.*))?$/, (path, words) => {
  awaited = null;
  const cited = qa.cited();
  if (held === location.hash && pane.textContent && from?.turn === cited?.turn) {
    qa.show('source', part('h2'));
    point(from);
  } else if (!cited || cited.key !== qa.conversation.key()) load(path, words);
  else if (document.querySelector(`.qa-turns > [data-id="${cited.turn}"]`)) send(cited);
  else if (qa.conversation.name()) awaited = { cited, path, words };
  else load(path, words); // that conversation is not stored
});

document.addEventListener('qa:turns', () => {
  if (!awaited) return;
  const { cited, path, words } = awaited;
  awaited = null;
  if (document.querySelector(`.qa-turns > [data-id="${cited.turn}"]`)) send(cited);
  else load(path, words);
});

async function load(path, words) {
  const at = location.hash;
  const query = new URLSearchParams({ path: decoded(path) });
  for (const name of ['at', 'mark']) for (const span of new URLSearchParams(words ?? '').getAll(name)) query.append(name, span);
  const state = new URLSearchParams(words ?? '').get('state'); // as it was in an earlier state of the folder
  if (state) query.append('state', state);
  try {
    const { html } = await fetched('text', query);
    if (location.hash !== at) return;
    fill(html, true);
  } catch (error) {
    if (location.hash !== at) return;
    pane.innerHTML = qa.find('#qa-no-source').innerHTML;
    if (error instanceof Refused) part('p').textContent = error.message; // else it says that the chat does not answer
    shown = null;
    qa.show('source', part('h2'));
  }
  [held, from] = [shown ? at : '', null];
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch { // a percent sign that somebody typed
    return path;
  }
}

function hide() {
  point(null);
  qa.hide('source');
  if (!qa.phone.matches) source.hidden = true; // a sheet slides away first
}

function close() {
  hide();
  qa.uncover();
}

document.addEventListener('qa:article-left', hide);

function send({ turn, rank }) {
  qa.send('source', 'qa_open', { turn, rank, conversation: qa.conversation.key() });
}

qa.act('close', close);
qa.act('open', (target) => {
  const { dataset } = target;
  if (!source.contains(target)) opener = target.closest('button') ?? target.querySelector('[data-do=open]');
  send({ turn: Number(dataset.turn), rank: Number(dataset.rank) });
});

// Another place is shown, until somebody comes back to the conversation and what was open beside it.
document.addEventListener('qa:place', ({ detail }) => {
  if (detail !== 'ask' && !aside && 'source' in qa.root.dataset) aside = from;
});
qa.act('current', (link, event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const cited = aside?.key === qa.conversation.key() && !qa.phone.matches ? aside : null;
  aside = null;
  qa.go(qa.conversation.path());
  if (cited) send(cited);
});

// --- scrolling to words: near the top of the pane, but not at its edge

function reveal(nodes, frame = area()) {
  const [first] = nodes;
  if (!first || !frame) return;
  const from = (node, side) => node.getBoundingClientRect()[side] - frame.getBoundingClientRect()[side];
  frame.scrollBy({
    top: from(first, 'top') - frame.clientHeight / 4,
    left: Math.min(0, ...nodes.map((node) => from(node, 'left') - 16)),
    behavior: 'instant',
  });
}

function revealCited() {
  const text = part('.qa-text');
  const first = (shown?.places ?? []).findIndex(([, , isInPassage]) => isInPassage) + 1; // others may stand before it
  const words = first ? text.querySelectorAll(`[data-mark="${first}"]`) : [];
  reveal([...(words.length ? words : [text.querySelector('.qa-passage, mark')])].filter(Boolean));
}

// --- text or pages

async function view(name) {
  pane.dataset.view = name;
  const pages = part('.qa-sheets');
  for (const button of pane.querySelectorAll('[data-view]')) button.setAttribute('aria-pressed', String(button.dataset.view === name));
  part('.qa-text').hidden = name === 'page';
  if (pages) pages.hidden = name !== 'page';
  document.dispatchEvent(new CustomEvent('qa:view', { detail: { name, shown } }));
  if (name !== 'page') revealCited();
}

qa.act('view', ({ dataset }) => {
  qa.root.dataset.view = dataset.view; // the next source opens in the same way
  view(dataset.view);
});

// --- the parts of a long article

const loading = new Map();

/** Shows a further part of the article, next to those that are shown; false if there is none. */
function more(button) {
  const key = button.dataset.part;
  if (!loading.has(button)) {
    const work = (async () => {
      const { query } = shown;
      const { html } = await fetched('part', `${query}&number=${key}`);
      if (!button.isConnected) return;
      const text = part('.qa-text');
      const node = Object.assign(document.createElement('div'), { className: 'qa-part', dir: 'auto', lang: text.querySelector('.qa-part').lang, innerHTML: html });
      node.dataset.part = key;
      const isBefore = !('last' in button.dataset);
      const height = text.scrollHeight;
      button[isBefore ? 'after' : 'before'](node);
      if (isBefore && text.scrollTop < button.offsetHeight + 4) text.scrollTop += text.scrollHeight - height; // the browser keeps any other place
      const next = Number(key) + (isBefore ? -1 : 1);
      if (next < 0 || next > Number(button.dataset.last ?? Infinity)) button.remove();
      else button.dataset.part = String(next);
    })();
    loading.set(button, work.finally(() => loading.delete(button)));
  }
  return loading.get(button);
}

qa.act('part', (button) => more(button).catch(() => {}));

function following(text) {
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !target.isConnected) continue;
      watcher.unobserve(target);
      more(target).then(() => target.isConnected && watcher.observe(target), () => {});
    }
  }, { root: text, rootMargin: '0px 0px 800px 0px' });
  const next = text.querySelector('.qa-further[data-last]');
  if (next) watcher.observe(next);
}

/** Shows the parts between those that are shown and the one with this number; without a number, all of them. */
async function reach(number) {
  const of = shown;
  for (;;) {
    const buttons = [...pane.querySelectorAll('.qa-further')];
    const button = number === undefined ? buttons[0]
      : part(`.qa-part[data-part="${number}"]`) ? null
      : buttons.find((one) => ('last' in one.dataset) === (Number(one.dataset.part) <= number));
    if (!button || of !== shown) return;
    await more(button);
  }
}

// --- the width of the pane, which this browser remembers

const split = source.querySelector('.qa-split');
const KEPT = 'qa-source-width';
const LEAST = 24, MOST = 64; // percent of the window

function widen(percent, isKept = true) {
  const width = Math.min(MOST, Math.max(LEAST, Math.round(percent)));
  qa.root.style.setProperty('--qa-source', `${width}%`);
  split.setAttribute('aria-valuenow', String(width));
  try { if (isKept) localStorage.setItem(KEPT, String(width)); } catch { /* the browser keeps nothing */ }
}

split.addEventListener('keydown', (event) => {
  const now = Number(split.getAttribute('aria-valuenow'));
  const step = getComputedStyle(source).direction === 'rtl' ? -2 : 2;
  const wanted = { ArrowLeft: now + step, ArrowRight: now - step, Home: LEAST, End: MOST }[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  widen(wanted);
});
split.addEventListener('pointerdown', (event) => {
  event.preventDefault();
  split.setPointerCapture(event.pointerId);
});
split.addEventListener('pointermove', (event) => {
  if (!split.hasPointerCapture(event.pointerId)) return;
  const edge = source.getBoundingClientRect();
  const width = getComputedStyle(source).direction === 'rtl' ? event.clientX - edge.left : edge.right - event.clientX;
  widen((100 * width) / innerWidth);
});
split.addEventListener('dblclick', () => widen(42));
let kept = null;
try { kept = localStorage.getItem(KEPT); } catch { /* the browser keeps nothing */ }
widen(Number(kept) || 42, false);

// --- the size of text and pages

function size(step) {
  const now = Number(pane.dataset.size ?? 0);
  const wanted = Math.min(8, Math.max(-3, now + step));
  pane.dataset.size = String(wanted);
  const frame = area();
  const place = frame && frame.scrollTop / frame.scrollHeight;
  pane.style.setProperty('--qa-zoom', String(1.2 ** wanted));
  if (frame) frame.scrollTop = place * frame.scrollHeight;
  document.dispatchEvent(new CustomEvent('qa:zoom'));
}

qa.act('smaller', () => size(-1));
qa.act('larger', () => size(1));

qa.source = { pane, part, area, reveal, reach, fetched, now: () => shown };
