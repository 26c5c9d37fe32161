// The message at the top: what was done and can be undone, what went wrong, and that the server does not answer.

const toast = qa.find('#qa-toast');
const button = toast.querySelector('button');
let hiding = 0;

qa.say = (words, undo) => {
  toast.querySelector('p').textContent = words;
  button.hidden = !undo;
  button.onclick = () => {
    toast.hidden = true;
    undo();
  };
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(fade, 20_000);
};

function fade() {
  if (toast.matches(':hover, :focus-within')) hiding = setTimeout(fade, 5_000);
  else toast.hidden = true;
}

qa.receive('warned', (words) => qa.say(words));
qa.receive('refused', ({ words }) => qa.say(words || toast.dataset.failed));
qa.receive('reached', (isReached) => {
  if (!isReached) qa.say(toast.dataset.lost);
  else if (toast.textContent.includes(toast.dataset.lost)) toast.hidden = true;
});
