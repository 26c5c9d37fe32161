// What users say of the answers, and which questions had none. Neither is there in a chat that needs a log-in.

const ratings = qa.find('#qa-ratings');
const gaps = qa.find('#qa-gaps');
let serial = 0, wanted = 0; // of the last request, and of the export that is to be saved

function ask(kind = '') {
  serial += 1;
  const of = (name) => ratings.querySelector(`[data-rating="${name}"]`).value;
  if (kind) wanted = serial;
  qa.send('ratings', 'qa_ratings', { verdict: of('verdict'), since: of('since'), until: of('until'), export: kind, serial });
}

function save(text, name, type) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

if (ratings) {
  ratings.addEventListener('change', () => ask());
  qa.act('export', (button) => ask(button.dataset.kind));
  qa.act('ask-gap', (button) => {
    qa.conversation.ask(button.dataset.question);
  });
  qa.receive('ratings', (value) => {
    if (value.serial && value.serial < serial) return; // a later request is being answered
    ratings.querySelector('.qa-rated').innerHTML = value.html;
    if (!value.export || value.serial !== wanted) return;
    wanted = 0;
    if (typeof value.export === 'string') save(value.export, 'ratings.csv', 'text/csv');
    else save(JSON.stringify(value.export, null, 1), 'ratings.json', 'application/json');
  });
  qa.receive('gaps', ({ html }) => { gaps.innerHTML = html; });
  document.addEventListener('qa:shelf', ({ detail }) => {
    if (detail === 'ratings') ask();
    if (detail === 'gaps') qa.send('gaps', 'qa_gaps');
  });
}
