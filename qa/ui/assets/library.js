// The library: which files are listed is asked of the server, which sends them in pages.

const library = qa.find('#qa-library');
const files = qa.find('#qa-files');
const [box, counted, message, tree, list, filters, removed, picked] =
  ['input[type=search]', '.qa-counted', '.qa-message', '.qa-tree', '.qa-list', '.qa-filters', '.qa-removed', '.qa-picked'].map((part) => files.querySelector(part));
const [menu, rare, dialog] = [qa.find('#qa-file-menu'), qa.find('#qa-rare'), qa.find('#qa-rename')];
const shows = [...files.querySelectorAll('[data-show]')];
const chosen = new Set(); // paths, also of files on other pages
let view = {}, serial = 0, asking, moving;

// On a phone, the filters would take half of the screen.
const sieve = files.querySelector('.qa-sieve');
const unfold = () => { sieve.open = !qa.phone.matches; };
qa.phone.addEventListener('change', unfold);
unfold();

// --- what is listed

function find(change, pause = 0) {
  view = { ...view, page: 0, ...change };
  serial += 1; // already now: what is answered before this is sent is no longer wanted
  clearTimeout(asking);
  asking = setTimeout(() => qa.send('files', 'qa_find', { ...view, serial }), pause);
}

function put(part, html) { // keeps the focus on the same control
  if (part.qaHtml === html) return;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const same = focused && ['number', 'folder', 'sort', 'filter', 'page', 'pick'].map((name) => focused.dataset[name] !== undefined && `[data-${name}="${CSS.escape(focused.dataset[name])}"]`).find(Boolean);
  part.innerHTML = part.qaHtml = html ?? '';
  if (same) part.querySelector(same)?.focus({ preventScroll: true });
}

function fill(value) {
  if (value.serial < serial) return; // a later request is being answered
  put(list, value.html);
  put(tree.querySelector('div'), value.tree);
  tree.hidden = !value.tree;
  put(filters, value.filters);
  put(removed, value.removed);
  put(message, value.message);
  files.querySelector('.qa-filter').hidden = !value.files;
  for (const button of shows) {
    const count = button.dataset.show === 'all' ? value.files : value[button.dataset.show];
    button.hidden = !count;
    button.textContent = `${button.textContent.split(' (')[0]} (${qa.number(count ?? 0)})`;
    button.setAttribute('aria-pressed', String(button.dataset.show === value.view?.show));
  }
  if (document.activeElement !== box) box.value = value.view?.find ?? '';
  view = { ...value.view, find: box.value.trim() };
  if (counted.textContent !== (value.summary ?? '')) counted.textContent = value.summary ?? '';
  mark();
}

box.addEventListener('input', () => find({ find: box.value.trim() }, 200));
for (const button of shows) button.addEventListener('click', () => find({ show: button.dataset.show }));
filters.addEventListener('change', ({ target }) => {
  const { filter } = target.dataset; // what is sorted by a number begins with the largest
  if (filter === 'sort') find({ sort: target.value, descending: ['passages', 'pages', 'size', 'changed'].includes(target.value) });
  else find({ [filter]: target.value });
});
qa.act('folder', (button) => find({ folder: button.dataset.folder }));
qa.act('files-page', (button) => {
  find({ page: Number(button.dataset.page) });
  list.scrollIntoView({ block: 'start', behavior: qa.calm() });
});
qa.act('sort', (button) => {
  const sort = button.dataset.sort;
  if (view.sort !== sort) find({ sort, descending: false });
  else if (!view.descending) find({ descending: true });
  else find({ sort: '', descending: false }); // problems first, as before
});

if (qa.narrow.matches) tree.open = false;

// --- choosing files to ask

function mark() {
  const boxes = [...list.querySelectorAll('[data-pick=one]')];
  for (const one of boxes) one.checked = chosen.has(one.closest('tr').dataset.path);
  const all = list.querySelector('[data-pick=all]');
  if (all) {
    all.checked = boxes.length > 0 && boxes.every((one) => one.checked);
    all.indeterminate = !all.checked && boxes.some((one) => one.checked);
  }
  picked.hidden = !chosen.size && !view.folder;
  picked.querySelector('[data-do=unpick]').hidden = !chosen.size;
  const { chosen: words, folder } = picked.dataset;
  picked.querySelector('bdi').textContent = chosen.size ? qa.counted(words, chosen.size) : qa.fill(folder, { folder: view.folder ?? '' });
}

list.addEventListener('change', (event) => {
  const boxes = event.target.dataset.pick === 'all' ? [...list.querySelectorAll('[data-pick=one]')] : [event.target];
  for (const one of boxes) {
    const path = one.closest('tr').dataset.path;
    if (event.target.checked) chosen.add(path);
    else chosen.delete(path);
  }
  mark();
});
qa.act('unpick', () => {
  chosen.clear();
  mark();
  box.focus();
});
qa.act('ask-picked', () => {
  qa.picker.choose({ in: chosen.size ? [...chosen] : [view.folder] });
  qa.go('/');
  qa.place('ask'); // at once, so that the box can take the focus
  qa.find('#qa-question textarea').focus();
});

// --- moving files: each move can be undone

function openMenu(menu, button) { // below the button, inside the window
  const at = button.getBoundingClientRect();
  menu.showPopover();
  menu.style.inset = 'auto';
  menu.style.top = `${Math.max(8, Math.min(at.bottom + 4, innerHeight - menu.offsetHeight - 8))}px`;
  menu.style.left = `${Math.max(8, at.right - menu.offsetWidth)}px`;
  menu.querySelector('button').focus();
}

qa.act('file-menu', (button) => {
  moving = button;
  openMenu(menu, button);
});
qa.act('rare', (button) => openMenu(rare, button));
menu.addEventListener('toggle', (event) => {
  if (event.newState === 'closed' && menu.contains(document.activeElement)) moving.focus();
});
qa.act('file-remove', () => {
  menu.hidePopover();
  qa.send('files', 'qa_remove', { number: Number(moving.dataset.number) });
  message.focus(); // the button that was pressed will be gone
});
qa.act('file-rename', () => {
  menu.hidePopover();
  const name = moving.closest('tr').dataset.path.split('/').pop();
  const input = dialog.querySelector('input');
  dialog.querySelector('bdi').textContent = name;
  input.value = name;
  dialog.showModal(); // the page behind is inert, and Escape closes it
  input.focus();
  input.setSelectionRange(0, name.includes('.') ? name.lastIndexOf('.') : name.length);
});
qa.act('file-keep', () => dialog.close());
dialog.querySelector('form').addEventListener('submit', () => {
  const name = dialog.querySelector('input').value.trim().normalize('NFC');
  if (!name || name === dialog.querySelector('bdi').textContent) return;
  qa.send('files', 'qa_rename', { number: Number(moving.dataset.number), name });
  message.focus();
});
qa.act('undo', (button) => {
  qa.send('files', 'qa_undo', { number: Number(button.dataset.number) });
  message.focus();
});

// --- the build: its stages are told to those who do not see them

let stage = '';
qa.receive('built', () => {
  const now = qa.find('#qa-built .qa-progress')?.dataset.stage ?? '';
  if (now === stage) return;
  stage = now;
  const words = qa.find('#qa-built .qa-steps [aria-current]')?.textContent ?? (now ? '' : qa.find('#qa-built .qa-done')?.textContent);
  if (words && !library.hidden) qa.find('#qa-spoken').textContent = words;
});
rare?.addEventListener('click', (event) => { if (event.target.closest('button')) rare.hidePopover(); });

// --- places: the files, and what users say of the answers (see ratings.js)

function open(shelf) {
  qa.place('library');
  for (const link of library.querySelectorAll('[data-shelf]')) {
    if (link.dataset.shelf === shelf) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    qa.find(`#qa-${link.dataset.shelf}`).hidden = link.dataset.shelf !== shelf;
  }
  document.dispatchEvent(new CustomEvent('qa:shelf', { detail: shelf }));
}

qa.receive('files', fill);
document.addEventListener('qa:lost', () => {
  if (qa.root.dataset.place === 'library') find({ page: view.page });
});
qa.receive('version', () => { // the index, or a build of it, has changed
  if (qa.root.dataset.place === 'library') qa.send('files', 'qa_read');
});
qa.route(/^\/library$/, () => {
  open('files');
  qa.send('files', 'qa_load'); // what the folder contains by now
});
qa.route(/^\/library\/(ratings|gaps)$/, open);
