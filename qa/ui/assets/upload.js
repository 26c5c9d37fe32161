// Adding articles: files that are chosen in the library, or dropped anywhere on the page.

const choice = qa.find('#qa-upload input');
const results = qa.find('#qa-uploaded');
const toast = qa.find('#qa-toast'); // which has the words

async function upload(files) {
  if (!files.length) return;
  qa.go('/library');
  const body = new FormData();
  for (const file of files) body.append('files', file);
  results.innerHTML = '<p class="qa-quiet" role="status"></p>';
  results.firstChild.textContent = toast.dataset.uploading;
  try {
    const response = await fetch(`gradio_api/upload?language=${qa.root.lang}`, { method: 'POST', body });
    const stored = await response.json();
    if (!response.ok) throw new Error(stored.error ?? stored.detail ?? response.statusText);
    const given = stored.map((path, place) => ({ path, orig_name: files[place].name, meta: { _type: 'gradio.FileData' } }));
    qa.give('upload', given, 'qa_upload');
  } catch (error) {
    results.innerHTML = '<p class="qa-problem" role="alert"></p>';
    results.firstChild.textContent = qa.fill(toast.dataset.unsent, { reason: error.message });
  }
}

if (choice) {
  qa.receive('uploaded', (html) => { results.innerHTML = html; });
  choice.addEventListener('change', () => {
    upload([...choice.files]);
    choice.value = '';
  });
  qa.act('choose', () => choice.click());
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  let depth = 0; // of the elements under the pointer
  addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    qa.root.dataset.dropping = '';
  });
  addEventListener('dragleave', (event) => {
    if (!hasFiles(event)) return;
    depth -= 1;
    if (!depth) delete qa.root.dataset.dropping;
  });
  addEventListener('dragover', (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    delete qa.root.dataset.dropping;
    upload([...event.dataTransfer.files]);
  });
}
