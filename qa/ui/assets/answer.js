// What can be done with an answer: its menus, and links to it.

const menus = '.qa-choices[open]';

function close(except) {
  for (const menu of document.querySelectorAll(menus)) if (menu !== except) menu.open = false;
}

document.addEventListener('click', ({ target }) => {
  const menu = target.closest(menus);
  close(menu);
  if (menu && target.closest('[data-do]')) setTimeout(() => { menu.open = false; }, 1500); // it says that it was done
});
document.addEventListener('keydown', (event) => {
  const menu = event.key === 'Escape' && document.querySelector(menus);
  if (!menu) return;
  event.preventDefault(); // nothing else is closed by it
  menu.open = false;
  menu.querySelector('summary').focus();
});

// A conversation has an address once it is stored; a question that is not can be asked again by another.
qa.act('copy-turn', (button) => {
  const question = button.closest('.qa-turn').querySelector('.qa-question').textContent;
  const link = qa.conversation.name() ? `#${qa.conversation.path(button.dataset.turn)}` : `?q=${encodeURIComponent(question)}`;
  qa.copy(new URL(link, location.origin + location.pathname).href, button);
});
