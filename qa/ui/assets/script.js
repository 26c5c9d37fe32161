// Runs once for each part of the page, as a function of (element, trigger, props, server, upload, watch).
// It puts HTML from the server into place and sends clicks to the server.

const EVENTS = { open: 'qa_open', retry: 'qa_retry', drop: 'qa_drop', literal: 'qa_literal', judge: 'qa_judge', rebuild: 'qa_rebuild', try: 'qa_try', stop: 'qa_stop' };
const root = document.documentElement;
const calm = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';

function closeSource() {
  if (root.dataset.source !== 'open') return;
  delete root.dataset.source;
  window.qaOpener?.focus({ preventScroll: true });
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not a secure context: the chat runs on another computer
    const area = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  const words = button.qaWords ??= button.textContent;
  button.textContent = 'copied';
  clearTimeout(button.qaTimer);
  button.qaTimer = setTimeout(() => { button.textContent = words; }, 1600);
}

element.addEventListener('click', (event) => {
  const target = event.target.closest('[data-do]');
  if (!target || !element.contains(target) || target.disabled) return;
  if (target.matches('li') && !getSelection().isCollapsed) return; // text is being selected; this is no click on the card
  const { do: what, turn, rank, number, verdict } = target.dataset;
  if (what === 'copy') return void copy(target);
  if (what === 'close') return closeSource();
  if (what === 'view') return element.qaView(target.dataset.view);
  if (what === 'library') return void [...document.querySelectorAll('[role=tab]')].find((tab) => tab.textContent.trim() === 'Library')?.click();
  if (what === 'open' && !element.querySelector('.qa-source')) window.qaOpener = target.closest('button') ?? target.querySelector('[data-do=open]');
  if (!EVENTS[what]) return; // a part of the page handles it
  trigger(EVENTS[what], { turn: Number(turn), rank: Number(rank), number: Number(number), verdict });
});

const turns = element.querySelector('.qa-turns');
if (turns) {
  const show = () => {
    const value = props.value ?? {};
    const wanted = value.turns ?? [];
    const ids = new Set(wanted.map((turn) => String(turn.id)));
    for (const node of [...turns.children]) if (!ids.has(node.dataset.id)) node.remove();
    for (const turn of wanted) {
      let node = turns.querySelector(`:scope > [data-id="${turn.id}"]`);
      const isNew = !node;
      if (isNew) {
        node = Object.assign(document.createElement('article'), { className: 'qa-turn' });
        node.dataset.id = turn.id;
        turns.append(node);
      }
      if (node.qaHtml === turn.html) continue;
      const judged = !isNew && turn.html.includes('qa-thanks');
      node.qaHtml = turn.html;
      // After a button that asks again, the keyboard focus moves to the new answer.
      const pressed = document.activeElement;
      node.qaHadFocus ||= node.contains(pressed) && pressed.matches('[data-do=drop], [data-do=literal], [data-do=retry]');
      node.innerHTML = turn.html;
      const next = node.qaHadFocus && node.querySelector('[data-do=drop], [data-do=retry]');
      if (next) {
        if (document.activeElement === document.body) next.focus({ preventScroll: true });
        node.qaHadFocus = false;
      }
      if (!judged) turns.closest('.qa-talk').scrollTo({ top: node.offsetTop - 16, behavior: calm });
    }
    element.dataset.empty = String(wanted.length === 0);
    const spoken = element.querySelector('.qa-spoken');
    if (spoken.textContent !== (value.spoken ?? '')) spoken.textContent = value.spoken ?? '';
  };
  watch('value', show);
  show();
  const box = () => document.querySelector('#qa-question textarea');
  const write = (words) => {
    box().value = words;
    box().dispatchEvent(new Event('input', { bubbles: true }));
  };
  const begin = () => {
    document.querySelector('#qa-clear').click();
    write('');
    box().focus();
  };
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) begin();
    else if (key === '/' && plain && !target.closest('input, textarea, select, dialog, [contenteditable]')) box().focus();
    else if (key === 'ArrowUp' && plain && target === box() && !target.value) {
      const last = (props.value?.turns ?? []).at(-1)?.question;
      if (!last) return;
      write(last);
    } else return;
    event.preventDefault();
  });
  // The address may hold a question (`/?q=…`), which is asked once: it leaves the address, so that a reload does not.
  const asked = new URLSearchParams(location.search).get('q');
  const ready = () => {
    if (!box()) return void setTimeout(ready, 50);
    // Not on a phone: its keyboard would cover half the page.
    if (matchMedia('(min-width: 1000px)').matches) box().focus();
    if (asked) send();
  };
  const send = () => {
    // The page answers events once the server has filled it for the first time.
    if (!document.querySelector('#qa-headline .qa-headline')) return void setTimeout(send, 50);
    history.replaceState(null, '', location.pathname + location.hash);
    write(asked);
    setTimeout(() => document.querySelector('#qa-send').click());
  };
  setTimeout(ready);
}

const source = element.querySelector('.qa-source');
if (source) {
  const show = () => {
    const value = props.value ?? {};
    if (value.pages && value.html === source.qaHtml && !source.querySelector('.qa-pages')) return showPages(value.pages);
    const focused = source.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
    source.innerHTML = source.qaHtml = value.html ?? '';
    element.dataset.empty = String(!value.html);
    for (const card of document.querySelectorAll('.qa-card[aria-current]')) card.removeAttribute('aria-current');
    if (!value.html) return closeSource();
    document.querySelector(`.qa-card[data-turn="${value.turn}"][data-rank="${value.rank}"]`)?.setAttribute('aria-current', 'true');
    if (value.asked) {
      root.dataset.source = 'open';
      const again = focused && source.querySelector(`button[aria-label="${focused}"]:not([disabled])`);
      (again || source.querySelector('h2')).focus({ preventScroll: true });
    }
    if (value.pages) showPages(value.pages);
    else reveal(source.querySelector('.qa-text'), 'mark', '.qa-cited');
  };
  const reveal = (area, soft, strong) => {
    const passage = area.querySelector(soft);
    const marks = area.querySelectorAll(strong);
    const mark = marks[0] ?? passage;
    const from = (node, side) => node.getBoundingClientRect()[side] - area.getBoundingClientRect()[side];
    // The passage near the top; the answering sentence in view even if the passage is longer than the panel.
    const top = Math.max(from(passage, 'top') - area.clientHeight / 6, from(mark, 'top') - area.clientHeight * 0.7);
    const left = Math.min(...[...marks, mark].map((node) => from(node, 'left'))) - 16;
    area.scrollBy({ top, left, behavior: 'instant' });
  };
  const showPages = (html) => {
    source.querySelector('.qa-text').insertAdjacentHTML('beforebegin', html);
    element.qaView(root.dataset.view ?? 'page');
  };
  element.qaView = (view) => {
    root.dataset.view = view; // the next source opens in the same way
    for (const button of source.querySelectorAll('[data-view]')) button.setAttribute('aria-pressed', String(button.dataset.view === view));
    if (view === 'page') reveal(source.querySelector('.qa-pages'), '.qa-soft', '.qa-strong');
    else reveal(source.querySelector('.qa-text'), 'mark', '.qa-cited');
  };
  watch('value', show);
  show();
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') closeSource(); });
}

// --- the library: the page filters the files that it has, and requests from the server those that it lacks

const shelf = element.querySelector('.qa-shelf');
if (shelf) {
  const [box, counted, message, dialog] = ['input', '.qa-counted', '.qa-message', 'dialog'].map((part) => element.querySelector(part));
  const buttons = [...element.querySelectorAll('[data-show]')];
  const number = (count) => count.toLocaleString('en');
  const folded = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  let show = 'all', asking, removing;

  const filter = () => {
    const value = props.value ?? {};
    const find = folded(box.value.trim());
    let seen = 0;
    for (const row of shelf.querySelectorAll('tbody tr')) {
      const [title, file] = row.querySelectorAll('bdi');
      row.hidden = !(show === 'all' || row.dataset.is === show) || !folded(`${title.textContent} ${file.textContent}`).includes(find);
      if (!row.hidden) seen += 1;
    }
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.show === show));
    const lacks = !value.whole && (value.show !== show || value.find !== box.value.trim());
    clearTimeout(asking);
    if (lacks) asking = setTimeout(() => trigger('qa_find', { show, find: box.value.trim() }), 250);
    const words = lacks ? 'Searching all files …'
      : value.left ? `The first ${number(seen)} of ${number(seen + value.left)} files; “Find a file” searches all of them.`
      : seen < value.files ? (seen ? `${number(seen)} of ${number(value.files)} files` : 'No file matches.') : '';
    if (counted.textContent !== words) counted.textContent = words;
  };

  const fill = () => {
    const value = props.value ?? {};
    if (shelf.qaHtml !== value.html) {
      const focused = shelf.contains(document.activeElement) ? document.activeElement.dataset.number : null;
      shelf.innerHTML = shelf.qaHtml = value.html ?? '';
      if (focused) shelf.querySelector(`[data-number="${focused}"]`)?.focus({ preventScroll: true });
    }
    for (const button of buttons) {
      const count = button.dataset.show === 'all' ? value.files : value[button.dataset.show];
      button.hidden = !count;
      button.textContent = `${button.textContent.split(' (')[0]} (${number(count ?? 0)})`;
    }
    if (show !== 'all' && !value[show]) show = 'all';
    element.querySelector('.qa-filter').hidden = !value.files;
    if (message.qaHtml !== value.message) message.innerHTML = message.qaHtml = value.message ?? '';
    filter();
  };

  box.addEventListener('input', filter);
  element.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.show) {
      show = button.dataset.show;
      filter();
    } else if (button.dataset.do === 'remove') {
      removing = Number(button.dataset.number);
      dialog.querySelector('bdi').textContent = button.closest('tr').querySelector('.qa-file').textContent;
      dialog.querySelector('code').textContent = props.value.removed;
      dialog.showModal(); // the page behind is inert, and Escape closes it
    } else if (button.closest('dialog')) {
      dialog.close();
      if (button.dataset.do !== 'part') return;
      trigger('qa_remove', { number: removing });
      message.focus(); // the button that was pressed will be gone
    }
  });
  watch('value', fill);
  fill();
}
