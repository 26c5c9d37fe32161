// What a citation's number leads to, shown beside it while it is pointed at or focused.

const box = Object.assign(document.createElement('div'), { id: 'qa-preview', role: 'tooltip', hidden: true });
qa.find('#qa-shell').append(box);
const canPoint = matchMedia('(hover: hover)');
const SCROLLS = 400; // milliseconds in which the page may still scroll to a number that got the focus
let shown; // the button that it belongs to
let since = 0;
let timer;

function hide() {
  clearTimeout(timer);
  shown?.removeAttribute('aria-describedby');
  shown = undefined;
  box.hidden = true;
}

function show(button) {
  const card = button.closest('.qa-turn').querySelector(`.qa-card[data-rank="${button.dataset.rank}"]`);
  // Nothing new: the source stands beside it.
  if (!card || ('source' in qa.root.dataset && card.hasAttribute('aria-current'))) return hide();
  box.replaceChildren(...['.qa-where', '.qa-from', '.qa-snippet'].map((part) => card.querySelector(part).cloneNode(true)));
  box.hidden = false;
  shown = button;
  since = performance.now();
  button.setAttribute('aria-describedby', box.id);
  place();
}

function place() { // below its button, or above it
  const at = shown.getBoundingClientRect();
  const top = at.bottom + 6 + box.offsetHeight < innerHeight ? at.bottom + 6 : at.top - 6 - box.offsetHeight;
  const left = Math.max(8, Math.min(at.left - 40, innerWidth - box.offsetWidth - 8));
  Object.assign(box.style, { top: `${top}px`, left: `${left}px` });
}

function soon(action, wait) {
  clearTimeout(timer);
  timer = setTimeout(action, wait);
}

document.addEventListener('pointerover', ({ target }) => {
  if (!canPoint.matches) return;
  const button = target.closest('.qa-ref');
  if (button && button !== shown) soon(() => show(button), 250);
  else if (!button && shown) soon(hide, 250); // the pointer may be on its way to what is shown
  if (target.closest('#qa-preview')) clearTimeout(timer);
});
document.addEventListener('focusin', ({ target }) => {
  if (target.matches('.qa-ref:focus-visible')) show(target);
  else hide();
});
document.addEventListener('click', hide);
document.addEventListener('scroll', () => {
  if (shown && shown === document.activeElement && performance.now() - since < SCROLLS) place();
  else hide();
}, true);
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || box.hidden) return;
  event.preventDefault(); // nothing else is closed by it
  hide();
});
