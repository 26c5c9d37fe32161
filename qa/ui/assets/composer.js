// The question box: it grows with its text, asks, recalls the last question, and is reached by keys.

const form = qa.find('#qa-composer');
const box = form.querySelector('textarea');

function fit() {
  if (CSS.supports('field-sizing', 'content')) return;
  box.style.height = 'auto';
  box.style.height = `${box.scrollHeight}px`;
}

function write(words) {
  box.value = words;
  fit();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const question = box.value;
  if (!question.trim()) return;
  write('');
  qa.conversation.ask(question);
});

box.addEventListener('input', fit);
box.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === 'ArrowUp' && !box.value) {
    const last = qa.conversation.last();
    if (!last) return;
    event.preventDefault();
    write(last);
  }
});

document.addEventListener('keydown', (event) => {
  const { key, target } = event;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    qa.find('.qa-new').click();
  } else if (key === '/' && plain && !target.closest('input, textarea, select, dialog, [contenteditable]')) {
    qa.conversation.face();
    box.focus();
  } else return;
  event.preventDefault();
});

const DRAFT = 'qa-draft'; // of a question, in this tab's session while the page is loaded in another language
write(sessionStorage.getItem(DRAFT) ?? '');
sessionStorage.removeItem(DRAFT);

qa.composer = {
  keep() { sessionStorage.setItem(DRAFT, box.value); },
  begin() {
    write('');
    qa.hide('menu');
    box.focus();
  },
};

qa.receive('examples', (html) => { qa.find('#qa-examples').innerHTML = html; });
qa.act('try', ({ dataset }) => {
  qa.conversation.face();
  qa.conversation.expect();
  qa.send('talk', 'qa_try', {
    number: Number(dataset.number), conversation: qa.conversation.key(), scope: qa.picker.scope(), ...qa.wishes(),
  });
});

// The address may hold a question (`/?q=…`), which is asked once: it leaves the address, so that a reload does not.
const asked = new URLSearchParams(location.search).get('q');
if (asked) {
  history.replaceState(null, '', location.pathname + location.hash);
  document.addEventListener('DOMContentLoaded', () => qa.conversation.ask(asked));
}
// Not on a phone: its keyboard would cover half the page. With the first frame: any sooner, the page is laid out twice.
if (matchMedia('(min-width: 1000px)').matches) {
  requestAnimationFrame(() => { if (document.activeElement === document.body) box.focus(); });
}

// The tips stand above their button; they close by themselves.
const tips = qa.find('#qa-tips');
tips.addEventListener('toggle', ({ newState }) => {
  if (newState !== 'open') return;
  const { top, left } = qa.find('[popovertarget=qa-tips]').getBoundingClientRect();
  tips.style.top = `${Math.max(8, top - tips.offsetHeight - 8)}px`;
  tips.style.left = `${Math.max(8, Math.min(left, innerWidth - tips.offsetWidth - 8))}px`;
});
