"use strict";

const chat = document.getElementById("chat");
const token = document.getElementById("token");
const said = document.getElementById("said");

chrome.storage.local.get({ chat: "http://127.0.0.1:7860/", token: "" }).then((stored) => {
  chat.value = stored.chat;
  token.value = stored.token;
});

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const address = new URL(chat.value);
  address.search = address.hash = "";
  if (!address.pathname.endsWith("/")) address.pathname += "/";
  const ours = ["127.0.0.1", "localhost"].includes(address.hostname) && address.protocol === "http:";
  if (!ours && !(await chrome.permissions.request({ origins: [`${address.protocol}//${address.hostname}/*`] }))) {
    said.textContent = "The browser was not allowed to send pages there, so nothing was saved.";
    return;
  }
  await chrome.storage.local.set({ chat: address.href, token: token.value.trim() });
  said.textContent = "Saved. Press the button of the extension on a page to add it.";
});
