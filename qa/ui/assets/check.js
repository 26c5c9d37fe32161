// A draft that is compared with the articles: what was found comes as one value, with the number of the request.

const section = qa.find('#qa-check');
const [form, draft, state, checked] = ['form', 'textarea', '.qa-check-state', '.qa-checked'].map((part) => section.querySelector(part));
let serial = 0;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!draft.value.trim()) return draft.focus();
  serial += 1;
  state.textContent = state.dataset.checking;
  qa.send('check', 'qa_check', { text: draft.value, serial });
});

draft.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

// A text file that is dropped is read here; other files are for the command line.
draft.addEventListener('dragover', (event) => event.preventDefault());
draft.addEventListener('drop', async (event) => {
  const file = [...event.dataTransfer.files].find(({ name, type }) => type.startsWith('text/') || /\.(md|txt)$/i.test(name));
  if (!file) return;
  event.preventDefault();
  event.stopPropagation();
  draft.value = await file.text();
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
