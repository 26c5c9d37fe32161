// Where articles give different values: the server compares them once for each index, and says how far that is.

const section = qa.find('#qa-conflicts');
const [state, list] = ['.qa-conflicts-state', '.qa-conflicts-list'].map((part) => section.querySelector(part));
let waits = false;

const isShown = () => qa.root.dataset.place === 'conflicts' && !document.hidden;
const look = (came) => qa.send('conflicts', 'qa_conflicts', { came });

qa.receive('conflicts', (value) => {
  state.hidden = !value.waits;
  list.innerHTML = value.html;
  const sum = list.querySelector('.qa-conflicts-sum');
  if (waits && !value.waits && sum) qa.find('#qa-spoken').textContent = sum.textContent;
  waits = value.waits;
});
qa.receive('comparing', (words) => { state.textContent = words || state.dataset.begins; });
qa.receive('compared', () => { if (isShown()) look(false); });

qa.route(/^\/conflicts$/, () => {
  qa.place('conflicts');
  look(true);
  qa.find('#qa-conflicts-title').focus({ preventScroll: true });
});
document.addEventListener('visibilitychange', () => { if (isShown()) look(false); });
document.addEventListener('qa:lost', () => { if (isShown()) look(false); });
