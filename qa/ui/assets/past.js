// The list of past conversations in the rail: search, rename, delete with undo, export.

const list = qa.find('#qa-past');
const search = qa.find('#qa-past-search');
const menu = qa.find('#qa-past-menu');
const toast = qa.find('#qa-toast');
const keeping = qa.find('#qa-keeping');
let chosen = null; // the entry whose menu is open

function send(event, data = {}) {
  qa.send('past', event, { ...data, words: search.value, minutes: -new Date().getTimezoneOffset() });
}

const title = (entry) => entry.querySelector('a').textContent;

qa.receive('past', (value) => {
  keeping.removeAttribute('aria-busy');
  keeping.querySelector('input').checked = value.kept;
  keeping.querySelector('input').disabled = !value.can_keep;
  if (value.deleted.length) offer(value.deleted);
  if (list.querySelector('form')) return; // somebody types a title
  const focused = list.contains(document.activeElement) ? document.activeElement.closest('li')?.dataset.name : null;
  const isButton = document.activeElement?.matches('#qa-past button');
  const scrolled = list.scrollTop;
  list.innerHTML = value.html;
  list.scrollTop = scrolled;
  if (chosen) chosen = list.querySelector(`li[data-name="${chosen.dataset.name}"]`);
  if (!chosen) menu.hidePopover(); // it was deleted elsewhere
  if (focused) list.querySelector(`li[data-name="${focused}"] ${isButton ? 'button' : 'a'}`)?.focus({ preventScroll: true });
  mark();
});

function mark() {
  const current = qa.conversation.name();
  const isHere = qa.root.dataset.place !== 'library';
  for (const entry of list.querySelectorAll('li')) {
    const link = entry.querySelector('a');
    if (isHere && entry.dataset.name === current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const back = qa.find('#qa-current');
  back.hidden = isHere;
  back.href = `#${qa.conversation.path()}`;
}

// --- the menu of an entry

function place(button) {
  const { bottom, top, right, left } = button.getBoundingClientRect();
  const isLow = bottom + menu.offsetHeight + 8 > innerHeight;
  menu.style.top = `${isLow ? top - menu.offsetHeight - 4 : bottom + 4}px`;
  const start = getComputedStyle(qa.root).direction === 'rtl' ? left : right - menu.offsetWidth;
  menu.style.left = `${Math.max(8, Math.min(start, innerWidth - menu.offsetWidth - 8))}px`;
}

qa.act('past-menu', (button) => {
  chosen = button.closest('li');
  menu.showPopover();
  button.setAttribute('aria-expanded', 'true');
  place(button);
  menu.querySelector('button').focus();
});
menu.addEventListener('toggle', ({ newState }) => {
  if (newState !== 'closed') return;
  chosen?.querySelector('button')?.setAttribute('aria-expanded', 'false');
  if (document.activeElement === document.body || menu.contains(document.activeElement)) chosen?.querySelector('button')?.focus();
});
menu.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...menu.querySelectorAll('button')];
  buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length).focus();
});

qa.act('past-rename', () => {
  menu.hidePopover();
  const entry = chosen;
  const link = entry.querySelector('a');
  const form = document.createElement('form');
  const box = Object.assign(document.createElement('input'), { value: title(entry), maxLength: 200 });
  box.setAttribute('aria-label', menu.dataset.title);
  box.dir = 'auto';
  form.append(box);
  link.hidden = true;
  link.before(form);
  box.focus();
  box.select();
  let ended = false;
  const end = (isDone) => {
    if (ended) return; // removing the box takes its focus, which ends it too
    ended = true;
    const words = box.value.trim();
    const hadFocus = form.contains(document.activeElement);
    form.remove();
    link.hidden = false;
    if (hadFocus) link.focus({ preventScroll: true });
    if (!isDone || !words || words === title(entry)) return;
    link.querySelector('span').textContent = words;
    send('qa_rename', { conversation: entry.dataset.name, title: words });
    tell();
  };
  form.addEventListener('submit', (event) => { event.preventDefault(); end(true); });
  box.addEventListener('blur', () => end(true));
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    end(false);
  });
});

for (const [action, kind] of [['past-markdown', 'markdown'], ['past-json', 'json']]) {
  qa.act(action, () => {
    menu.hidePopover();
    send('qa_export', { conversation: chosen.dataset.name, kind, address: location.origin + location.pathname });
  });
}

qa.receive('exported', (value) => {
  if (value.problem) return qa.say(value.problem);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([value.text], { type: `${value.type};charset=utf-8` }));
  link.download = value.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});

// --- deleting, and undoing it

let removed = ''; // the title of what is being deleted

qa.act('past-delete', () => {
  menu.hidePopover();
  const { name } = chosen.dataset;
  removed = title(chosen);
  const next = (chosen.nextElementSibling ?? chosen.previousElementSibling)?.querySelector('a');
  chosen.remove();
  (next ?? search).focus({ preventScroll: true });
  send('qa_delete', { conversation: name });
  if (name === qa.conversation.name()) leave();
});

qa.act('past-clear', () => {
  send('qa_delete', { all: true });
  if (qa.conversation.name()) leave();
});

function leave() {
  qa.conversation.begin();
  qa.go('/');
}

function offer(names) {
  const words = names.length === 1 && removed ? qa.fill(toast.dataset.deleted, { title: removed }) : qa.counted(toast.dataset.many, names.length);
  removed = '';
  qa.say(words, () => {
    send('qa_restore', { names });
    tell();
  });
  tell();
}

qa.act('past-keep', ({ checked }) => {
  keeping.setAttribute('aria-busy', 'true'); // until the answer comes
  send('qa_keep', { wanted: checked });
});

// --- the other pages of this browser

const pages = 'BroadcastChannel' in window ? new BroadcastChannel('qa-conversations') : null;
function tell(name = '') {
  pages?.postMessage(name);
}
if (pages) {
  pages.onmessage = ({ data }) => {
    refresh();
    if (data && data === qa.conversation.name()) qa.conversation.refresh();
  };
}

const refresh = () => send('qa_list');
let typing = 0;
search.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(refresh, 150);
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
document.addEventListener('qa:place', mark);
document.addEventListener('qa:lost', refresh);

qa.past = {
  mark,
  list: refresh,
  changed(name) {
    refresh();
    tell(name);
  },
};
refresh();
