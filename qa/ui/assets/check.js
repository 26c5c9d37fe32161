// A draft that is compared with the articles: what was found comes as one value, with the number of the request.

const section = qa.find('#qa-check');
const [form, draft, state, checked] = ['form', 'textarea', '.qa-check-state', '.qa-checked'].map((part) => section.querySelector(part));
const chosen = form.querySelector('input[type=file]');
const MOST = 700_000; // bytes: as Base64 they fit into a request of a million
let serial = 0;

function check(given) {
  serial += 1;
  state.textContent = state.dataset.checking;
  qa.send('check', 'qa_check', { ...given, serial });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!draft.value.trim()) return draft.focus();
  check({ text: draft.value });
});

draft.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

// A file: its text comes into the box, where it can be mended and checked again; any other format is read by the server.
async function take(file) {
  if (file.type.startsWith('text/plain') || /\.(md|markdown|txt)$/i.test(file.name)) {
    draft.value = await file.text();
    return check({ text: draft.value });
  }
  if (file.size > MOST) return void (state.textContent = qa.fill(state.dataset.large, { file: file.name }));
  const reader = new FileReader();
  reader.onload = () => check({ file: reader.result.slice(reader.result.indexOf(',') + 1), name: file.name });
  reader.readAsDataURL(file);
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

qa.receive('check', (value) => {
  if (value.serial !== serial) return; // of an earlier draft
  state.textContent = '';
  checked.innerHTML = value.html;
  checked.focus({ preventScroll: true });
  checked.scrollIntoView({ block: 'start', behavior: qa.calm() });
});

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
