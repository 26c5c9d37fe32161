// The notice above the conversation, the state of the index in the rail, and the last build in the library.

for (const name of ['notice', 'headline', 'built']) {
  const part = qa.find(`#qa-${name}`);
  qa.receive(name, (html) => {
    if (part.qaHtml === html) return;
    const focused = part.contains(document.activeElement) ? document.activeElement.dataset.do : null;
    part.innerHTML = part.qaHtml = html;
    if (focused) part.querySelector(`[data-do="${focused}"]`)?.focus({ preventScroll: true });
  });
}

qa.act('rebuild', () => qa.send('index', 'qa_rebuild'));
qa.act('rebuild-all', () => qa.send('index', 'qa_rebuild_all'));
qa.act('stop', () => qa.send('index', 'qa_stop'));
qa.act('library', () => qa.go('/library'));
