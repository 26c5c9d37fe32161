// A draft that is compared with the articles: each is numbered, and what was found of the last is shown.

const section = qa.find('#qa-check');
const [form, draft, state, checked] = ['form', 'textarea', '.qa-check-state', '.qa-checked'].map((part) => section.querySelector(part));
const chosen = form.querySelector('input[type=file]');
let serial = 0;

function begin() {
  state.textContent = state.dataset.checking;
  return serial += 1;
}

function check(text) {
  qa.send('check', 'qa_check', { text, serial: begin() });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!draft.value.trim()) return draft.focus();
  check(draft.value);
});

draft.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

// A file: its text comes into the box, where it can be mended and checked again; any other format is read by the server.
async function take(file) {
  if (file.type.startsWith('text/plain') || /\.(md|markdown|txt)$/i.test(file.name)) {
    draft.value = await file.text();
    return check(draft.value);
  }
  if (file.size > Number(chosen.dataset.most)) return void (state.textContent = qa.fill(state.dataset.large, { file: file.name }));
  const own = begin();
  const query = new URLSearchParams({ name: file.name, language: qa.root.lang });
  try {
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await fetch(`draft?${query}`, { method: 'POST', body: file, headers });
    const { html, error } = await response.json();
    if (response.ok) show(own, html);
    else if (own === serial) state.textContent = error;
  } catch { // the connection broke, or something before the server refused the file
    if (own === serial) state.textContent = state.dataset.lost;
  }
}

chosen.addEventListener('change', () => {
  const [file] = chosen.files;
  chosen.value = ''; // so that the same file, mended, can be chosen again
  if (file) take(file);
});
form.addEventListener('dragover', (event) => event.preventDefault());
form.addEventListener('drop', (event) => {
  const [file] = event.dataTransfer.files;
  if (!file) return;
  event.preventDefault();
  event.stopPropagation(); // it is no article
  take(file);
});

function show(own, html) {
  if (own !== serial) return; // of an earlier draft
  state.textContent = '';
  checked.innerHTML = html;
  checked.focus({ preventScroll: true });
  checked.scrollIntoView({ block: 'start', behavior: qa.calm() });
}

qa.receive('check', (value) => show(value.serial, value.html));

qa.act('finding', (link, event) => {
  event.preventDefault();
  const finding = checked.querySelector(`#finding-${CSS.escape(link.dataset.number)}`);
  finding.scrollIntoView({ block: 'nearest', behavior: qa.calm() });
  finding.focus({ preventScroll: true });
});

qa.route(/^\/check$/, () => {
  qa.place('check');
  draft.focus({ preventScroll: true });
});
