// Copying: a button with `data-copy` puts that text into the clipboard, and says so. `data-link` is the part of it that is
// an address within this page, to be copied as one that leads here from elsewhere.

qa.copy = async (text, button) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not a secure context: the chat runs on another computer
    const area = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  const words = button.qaWords ??= button.textContent;
  button.textContent = qa.find('#qa-toast').dataset.copied;
  clearTimeout(button.qaTimer);
  button.qaTimer = setTimeout(() => { button.textContent = words; }, 1200);
};

qa.act('copy', (button) => {
  const { copy, link } = button.dataset;
  qa.copy(link ? copy.replaceAll(link, location.origin + location.pathname + link) : copy, button);
});
