// Channels: events to the server and values from it, through Gradio's queue; none of Gradio's own scripts are needed.
// An event is posted; its values come on a stream of server-sent events, which is open only while any are awaited.

const FIRST = 1_000, LONGEST = 30_000; // milliseconds between two tries to reach the server
const wires = JSON.parse(qa.find('#qa-shell').dataset.channels); // what to send for an event, and where its values go
const session = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const channels = new Map();
const waiting = []; // events that have not reached the server, in their order
const awaited = new Map(); // those that have, by the server's name for each
const early = new Map(); // messages about an event that came before its name
let stream = null, isSending = false, isReached = true, pause = FIRST, timer = 0;

// --- values

function channel(name) {
  if (!channels.has(name)) channels.set(name, { receivers: [] });
  return channels.get(name);
}

function receive(name, show) {
  const known = channel(name);
  known.receivers.push(show);
  if ('value' in known) show(known.value);
}

function put(name, value) {
  const known = channel(name);
  known.value = value;
  known.receivers.forEach((show) => show(value));
}

function tell(name, value) { // what the server pushes to all pages, which is often the same
  if (channel(name).value !== value) put(name, value);
  deliver();
}

// --- events

function send(name, event, data = {}, value = null) {
  const wire = wires[name]?.[event];
  if (!wire) return; // this chat does not do that
  if (wire.isBusy && wire.mode !== 'multiple') {
    if (wire.mode === 'always_last') wire.next = [name, event, data, value];
    return;
  }
  wire.isBusy = true;
  waiting.push({ name, wire, data, value });
  deliver();
}

async function deliver() {
  if (isSending) return;
  isSending = true;
  clearTimeout(timer);
  while (waiting.length) {
    const answer = await post(waiting[0]).catch(() => null);
    if (isReached !== Boolean(answer)) put('reached', isReached = Boolean(answer));
    if (!answer) {
      timer = setTimeout(deliver, pause);
      pause = Math.min(2 * pause, LONGEST);
      break;
    }
    const sent = waiting.shift();
    if (answer.event_id) expect(answer.event_id, sent);
    else refuse(sent, answer.error ?? answer.detail);
  }
  isSending = false;
}

// Throws if the server cannot be reached, also by a proxy in front of it.
async function post({ wire, data, value }) {
  const values = wire.inputs.map((isOwn) => (isOwn ? value : null));
  const body = { fn_index: wire.number, session_hash: session, data: values, event_data: data, simple_format: true };
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`gradio_api/queue/join?language=${qa.root.lang}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (response.status >= 502 && response.status <= 504) throw new Error(response.statusText);
  return response.json().catch(() => ({ error: response.statusText }));
}

function refuse({ name, wire }, words) {
  put('refused', { channel: name, words: typeof words === 'string' ? words : '' });
  settle(wire);
}

function settle(wire) {
  wire.isBusy = false;
  if (!wire.next) return;
  const next = wire.next;
  wire.next = null;
  send(...next);
}

// --- the stream

function expect(id, sent) {
  awaited.set(id, sent);
  for (const message of early.get(id) ?? []) hear(message);
  early.delete(id);
  if (awaited.size) listen();
}

function listen() {
  if (stream) return;
  stream = new EventSource(`gradio_api/queue/data?session_hash=${session}`);
  stream.onmessage = ({ data }) => hear(JSON.parse(data));
  stream.onerror = lose;
}

function hear(message) {
  const { msg, event_id, output, success } = message;
  pause = FIRST;
  if (msg === 'close_stream') return void close();
  if (msg === 'unexpected_error') return void lose();
  const sent = awaited.get(event_id);
  if (!sent) {
    if (event_id) early.set(event_id, [...(early.get(event_id) ?? []), message]);
  } else if (msg === 'log') {
    put('warned', message.log);
  } else if (msg === 'process_generating') {
    sent.isShown = true;
    fill(sent, output);
  } else if (msg === 'process_completed') {
    awaited.delete(event_id);
    if (!success) return void refuse(sent, output.error);
    if (!sent.isShown) fill(sent, output); // otherwise the last values once more
    settle(sent.wire);
  }
}

function fill({ wire }, output) {
  wire.outputs.forEach((name, place) => {
    const value = output?.data?.[place];
    if (value !== undefined && value?.__type__ !== 'update') put(name, value); // an update without a value: nothing new
  });
}

function close() {
  stream?.close();
  stream = null;
  if (awaited.size) listen();
}

// With the connection the server drops what it was asked on it; the scripts then ask for what they show.
function lose() {
  const lost = [...awaited.values()];
  awaited.clear();
  early.clear();
  close();
  for (const { wire } of lost) settle(wire);
  if (!lost.length) return;
  setTimeout(() => document.dispatchEvent(new Event('qa:lost')), pause);
  pause = Math.min(2 * pause, LONGEST);
}

Object.assign(qa, { receive, tell, send, give: (name, value, event) => send(name, event, {}, value) });
