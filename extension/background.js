"use strict";
// Sends the page of a tab, whole, to the chat whose address and token are in the options.

const TRIES = 3; // to save a page whole
const SEEN = 6000; // milliseconds in which the result stands on the button

async function settings() {
  return chrome.storage.local.get({ chat: "http://127.0.0.1:7860/", token: "" });
}

// The page as one file with its pictures and styles; where the browser cannot do that, its HTML.
async function captured(tab) {
  for (let tries = 0; chrome.pageCapture && tries < TRIES; tries += 1) {
    try {
      const page = await chrome.pageCapture.saveAsMHTML({ tabId: tab.id }); // its file cannot be sent, but its bytes can
      return { type: "multipart/related", body: await page.arrayBuffer() };
    } catch (error) {
      console.warn("The page was not saved whole.", error); // now and then, its file is removed before it is read
    }
  }
  const [{ result }] = await chrome.scripting.executeScript({
    target: { tabId: tab.id },
    func: () => ({
      address: location.href,
      title: document.title,
      html: `<!DOCTYPE html>${document.documentElement.outerHTML}`,
    }),
  });
  return { type: "application/json", body: JSON.stringify(result) };
}

// What became of the page, as a sentence.
async function add(tab) {
  const { chat, token } = await settings();
  if (!token) {
    await chrome.runtime.openOptionsPage();
    return { done: false, words: "Say in the options which chat is yours, and its token." };
  }
  if (!/^https?:/.test(tab.url || "")) return { done: false, words: "Only pages of the web can be added." };
  let page;
  try {
    page = await captured(tab);
  } catch (error) {
    return { done: false, words: `The browser does not give this page away: save it as a file, and add that. (${error.message})` };
  }
  try {
    const { type, body } = page;
    const answer = await fetch(new URL("api/pages", chat), {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": type },
      body,
      credentials: "omit",
    });
    const said = await answer.json();
    if (!answer.ok) return { done: false, words: said.error };
    return { done: true, words: said.added ? `Added as ${said.document}.` : `${said.document} is there already.` };
  } catch (error) {
    return { done: false, words: `The chat at ${chat} cannot be reached: start it, and add the page again. (${error.message})` };
  }
}

async function show(tab, { done, words }) {
  const tabId = tab.id;
  await chrome.action.setBadgeBackgroundColor({ tabId, color: done ? "#2f6b3c" : "#9b2c2c" });
  await chrome.action.setBadgeText({ tabId, text: done ? "✓" : "!" });
  await chrome.action.setTitle({ tabId, title: words });
  if (done) setTimeout(() => chrome.action.setBadgeText({ tabId, text: "" }).catch(() => {}), SEEN);
}

async function clicked(tab) {
  const result = await add(tab);
  await show(tab, result);
  return result;
}

chrome.action.onClicked.addListener(clicked);
