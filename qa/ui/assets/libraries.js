// The chats of the user's other libraries, each at an address of its own.

qa.act('library-open', async (button) => {
  button.disabled = true; // a chat that is not running yet takes seconds to start
  try {
    const response = await fetch(`libraries?${new URLSearchParams({ name: button.dataset.name, language: qa.root.lang })}`, { method: 'POST' });
    if (response.ok) location.href = (await response.json()).url;
    else qa.say(await response.text());
  } catch {
    qa.say(qa.find('#qa-toast').dataset.lost);
  }
  button.disabled = false;
});
