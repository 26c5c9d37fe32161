// What the server pushes: one stream for all windows of this browser that somebody sees, since a browser opens six
// connections to a server, and with one for each window none could ask anything. The window that holds the lock reads
// the stream and tells the others. Without locks (on another computer, without TLS) each window reads a stream itself.

const HIDDEN = 5_000, FIRST = 1_000, LONGEST = 30_000; // milliseconds
const name = `qa-feed ${qa.root.lang} ${location.pathname}`;
const windows = new BroadcastChannel(name);
let events = null, again = FIRST, timer = 0, last = '';
let wanted = null; // the request for the lock, while somebody sees this window
let leave = null; // gives the lock back

function show(data) {
  last = data;
  for (const [part, value] of Object.entries(JSON.parse(data))) qa.tell(part, value);
}

function read() {
  clearTimeout(timer);
  if (!wanted) return;
  events = new EventSource(`events?language=${qa.root.lang}`);
  events.onmessage = ({ data }) => {
    again = FIRST;
    show(data);
    windows.postMessage(data);
  };
  // After a lost connection the browser tries again by itself, after a refusal it does not.
  events.onerror = () => {
    if (events.readyState !== EventSource.CLOSED) return;
    timer = setTimeout(read, again);
    again = Math.min(2 * again, LONGEST);
  };
}

windows.onmessage = ({ data }) => {
  if (data) show(data);
  else if (events && last) windows.postMessage(last); // another window was opened
};

function begin() {
  if (wanted) return;
  wanted = new AbortController();
  if (!navigator.locks) return void read();
  windows.postMessage('');
  const held = () => new Promise((resolve) => {
    leave = resolve;
    read();
  });
  navigator.locks.request(name, { signal: wanted.signal }, held).catch(() => {}); // given up before it was granted
}

function end() {
  wanted?.abort();
  wanted = null;
  clearTimeout(timer);
  events?.close();
  events = null;
  leave?.();
  leave = null;
}

let hiding = 0;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(end, HIDDEN);
  else begin();
});
if (!document.hidden) begin();
