// Finds words in the article that is open, and steps through what was found, or else through what is cited.

const { pane, part, area, reveal, reach, now } = qa.source;
const BLOCK = 'p, li, td, th, pre, blockquote, h3, h4, h5, h6, dt, dd, .qa-layer, .qa-part';
const MOST = 5000; // matches
let ranges = []; // what was found
let at = -1; // the match or the highlight that is shown
let wanted = ''; // what is looked for
let isReading = false;

const box = () => part('.qa-find input');
const places = () => now()?.places ?? [];
const isFound = () => Boolean(wanted);

function folded(text) {
  return text.normalize('NFKD').replace(/[\p{M}\u00ad]/gu, '').toLowerCase();
}

function* textNodes(root) {
  for (const each of root.querySelectorAll('.qa-part, .qa-layer')) {
    const walker = document.createTreeWalker(each, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) yield walker.currentNode;
  }
}

/** The text below an element, folded, with what is needed to find the place of each of its characters again. */
function textOf(root) {
  const nodes = [];
  let text = '', block = null;
  for (const node of textNodes(root)) {
    const own = node.parentElement.closest(BLOCK);
    if (own !== block) text += '\0'; // no match goes from one block into the next
    block = own;
    const whole = folded(node.data);
    let map = null;
    let shown = whole;
    if (whole.length !== node.data.length || /[^\0-\x7f]/.test(node.data)) {
      map = [];
      shown = '';
      for (let offset = 0; offset < node.data.length;) {
        const character = String.fromCodePoint(node.data.codePointAt(offset));
        for (const one of folded(character)) for (let n = 0; n < one.length; n += 1) map.push(offset);
        shown += folded(character);
        offset += character.length;
      }
    }
    nodes.push({ node, start: text.length, map });
    text += shown;
  }
  return { text, nodes };
}

function placeIn(nodes, position, isEnd) {
  let low = 0, high = nodes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (nodes[middle].start <= position) low = middle;
    else high = middle - 1;
  }
  const { node, start, map } = nodes[low];
  const offset = map ? map[position - start] : position - start;
  if (!isEnd) return [node, offset];
  const length = String.fromCodePoint(node.data.codePointAt(offset) ?? 0x20).length;
  let end = offset + length;
  while (end < node.data.length && /[\p{M}\u00ad]/u.test(node.data[end])) end += 1; // an accent that is written after its letter
  return [node, Math.min(end, node.data.length)];
}

function search() {
  const words = folded(wanted).trim();
  ranges = [];
  if (words) {
    const pattern = new RegExp(words.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+'), 'g');
    const { text, nodes } = textOf(area());
    for (const match of text.matchAll(pattern)) {
      const range = document.createRange();
      range.setStart(...placeIn(nodes, match.index, false));
      range.setEnd(...placeIn(nodes, match.index + match[0].length - 1, true));
      ranges.push(range);
      if (ranges.length === MOST) break;
    }
  }
  if (!CSS.highlights) return;
  CSS.highlights.delete('qa-found');
  if (ranges.length) CSS.highlights.set('qa-found', new Highlight(...ranges));
}

function show() {
  const total = isFound() ? ranges.length : places().length;
  const hits = part('.qa-hits');
  if (!hits) return;
  hits.hidden = !isFound() && total === 0;
  hits.setAttribute('aria-label', isFound() ? hits.dataset.found : hits.dataset.marked);
  const words = total ? `${at >= 0 ? at + 1 : '–'} / ${total}${isReading ? ' …' : ''}` : isReading ? '…' : '0 / 0';
  const counted = hits.querySelector('output');
  if (counted.textContent !== words) counted.textContent = words;
  for (const button of hits.querySelectorAll('button')) button.disabled = total < (isFound() ? 1 : 2) && !(total === 1);
}

function showRange() {
  const range = ranges[at];
  if (!range) return;
  reveal([range]);
  if (CSS.highlights) {
    CSS.highlights.delete('qa-found-now');
    const one = new Highlight(range);
    one.priority = 1; // above all that was found
    CSS.highlights.set('qa-found-now', one);
  } else {
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
}

async function showMark() {
  const place = places()[at];
  if (!place) return;
  const [number, page] = place;
  for (const mark of pane.querySelectorAll('.qa-now')) mark.classList.remove('qa-now');
  if (pane.dataset.view === 'page') {
    const pages = part('.qa-sheets').children;
    for (const near of [page, page + 1]) {
      const drawn = await qa.pages.layer(pages[near]);
      const found = [...(drawn?.querySelectorAll(`i[data-mark="${at + 1}"]`) ?? [])];
      if (!found.length) continue;
      for (const mark of found) mark.classList.add('qa-now');
      return reveal(found);
    }
    return pages[page]?.scrollIntoView({ block: 'start', behavior: 'instant' });
  }
  await reach(number);
  const found = [...part('.qa-text').querySelectorAll(`[data-mark="${at + 1}"]`)];
  for (const mark of found) mark.classList.add('qa-now');
  reveal(found);
}

function step(by) {
  const total = isFound() ? ranges.length : places().length;
  if (!total) return;
  at = at < 0 && by < 0 ? total - 1 : (at + by + total) % total;
  show();
  if (isFound()) showRange();
  else showMark();
}

qa.act('hit-next', () => step(1));
qa.act('hit-previous', () => step(-1));

/** The first match at or below what is in view. */
function nearest() {
  const top = area().getBoundingClientRect().top;
  const found = ranges.findIndex((range) => range.getBoundingClientRect().bottom > top);
  return found < 0 ? Math.min(0, ranges.length - 1) : found;
}

async function find() {
  wanted = box().value;
  CSS.highlights?.delete('qa-found-now');
  search();
  at = isFound() ? nearest() : -1;
  if (isFound()) showRange();
  if (!wanted.trim() || isReading) return show();
  isReading = true;
  show();
  const of = now();
  const again = () => {
    const was = ranges[at];
    search();
    at = was ? ranges.findIndex((range) => range.compareBoundaryPoints(Range.START_TO_START, was) >= 0) : nearest();
    show();
  };
  try {
    if (pane.dataset.view === 'page') await qa.pages.readAll(() => of === now() && again());
    else await reach();
  } catch { /* what was read is searched */ }
  isReading = false;
  if (of !== now()) return;
  const isFirst = !ranges.length;
  again();
  if (isFirst) showRange();
}

let timer;
pane.addEventListener('input', (event) => {
  if (event.target !== box()) return;
  clearTimeout(timer);
  timer = setTimeout(find, 120);
});
pane.addEventListener('keydown', (event) => {
  if (event.target === box() && event.key === 'Enter' && !event.isComposing) {
    event.preventDefault();
    if (wanted === box().value) step(event.shiftKey ? -1 : 1);
  } else if (event.target === box() && event.key === 'Escape' && box().value) {
    event.preventDefault(); // once more closes the pane
    box().value = '';
    find();
  }
});

function begin() {
  CSS.highlights?.delete('qa-found');
  CSS.highlights?.delete('qa-found-now');
  ranges = [];
  wanted = '';
  isReading = false;
  at = places().length ? places().findIndex((place) => place[2]) : -1; // the first one of the passage that is open
  show();
}

document.addEventListener('qa:source', begin);
document.addEventListener('qa:view', () => {
  if (box()?.value) find();
});
