// The scope: which articles are asked. The button names it, the dialog changes it, every question takes it along.

const button = qa.find('#qa-scope');
const dialog = qa.find('#qa-picker');
const places = qa.find('#qa-places');
const kinds = qa.find('#qa-kinds');
const find = qa.find('#qa-picker-find');
const dates = { since: qa.find('#qa-since'), until: qa.find('#qa-until') };
const asOf = qa.find('#qa-as-of');
const day = asOf.querySelector('input'); // the day whose articles are asked; empty for those of now
const KEPT = 'qa-scope'; // in this tab's session, so that a reload keeps it
let chosen = {}; // as the API takes it: {in: [paths], kind: [names], since, until}
let articles = null; // how many there are
let serial = 0;
let pause;

function compact(scope) {
  return Object.fromEntries(Object.entries(scope).filter(([, value]) => value?.length));
}

const asked = () => (!asOf.hidden && day.validity.valid ? day.value : '');

function choose(scope) {
  chosen = compact(scope);
  sessionStorage.setItem(KEPT, JSON.stringify(chosen));
  name();
  if (dialog.open) {
    mark();
    look(0);
  }
}

// --- the button

function name() {
  const { all, number, more, since, until, asof } = button.dataset;
  const values = (chosen.in ?? []).map((path) => path.split('/').at(-1)).concat(chosen.kind ?? []);
  if (chosen.since) values.push(qa.fill(since, { date: chosen.since }));
  if (chosen.until) values.push(qa.fill(until, { date: chosen.until }));
  if (asked()) values.push(qa.fill(asof, { date: asked() }));
  const names = values.length > 3 ? values.slice(0, 2) : values;
  const listed = names.join(qa.root.lang === 'ar' ? '، ' : ', ');
  const shown = values.length > 3 ? qa.counted(more, values.length - 2, { names: listed }) : listed;
  const everything = articles === null ? all : qa.counted(number, articles);
  button.querySelector('bdi').textContent = shown || everything;
  button.classList.toggle('qa-narrowed', Boolean(shown));
}

// --- the dialog

function look(delay) {
  clearTimeout(pause);
  pause = setTimeout(() => {
    serial += 1;
    qa.send('picker', 'qa_look', { find: find.value, scope: chosen, serial });
  }, delay);
}

function put(part, html) {
  if (part.qaHtml === html) return;
  part.qaHtml = html;
  part.innerHTML = html;
}

// A folder that is chosen holds all that is in it.
function mark() {
  const paths = new Set(chosen.in);
  const isHeld = (path) => [...paths].some((folder) => path.startsWith(`${folder}/`));
  for (const input of places.querySelectorAll('input')) {
    input.disabled = isHeld(input.value);
    input.checked = input.disabled || paths.has(input.value);
  }
  for (const input of kinds.querySelectorAll('input')) input.checked = (chosen.kind ?? []).includes(input.value);
  for (const [key, input] of Object.entries(dates)) input.value = chosen[key] ?? '';
}

qa.receive('picker', (value) => {
  if (value.serial < serial) return;
  put(places, value.places);
  put(kinds, value.kinds);
  qa.find('#qa-held').textContent = value.held;
  if ('earliest' in value) {
    asOf.hidden = !value.earliest;
    day.min = value.earliest;
    day.max = value.today;
    name();
  }
  mark();
});

qa.receive('headline', (html) => {
  const holder = document.createElement('template');
  holder.innerHTML = html ?? '';
  const number = holder.content.querySelector('[data-articles]')?.dataset.articles;
  articles = number === undefined ? null : Number(number);
  name();
});

dialog.addEventListener('change', ({ target }) => {
  if (target.name === 'in') {
    const others = (chosen.in ?? []).filter((path) => path !== target.value && !path.startsWith(`${target.value}/`));
    choose({ ...chosen, in: target.checked ? [...others, target.value] : others });
  } else if (target.name === 'kind') {
    const others = (chosen.kind ?? []).filter((kind) => kind !== target.value);
    choose({ ...chosen, kind: target.checked ? [...others, target.value] : others });
  } else if (target === day) {
    name();
  } else if (target.type === 'date') {
    choose({ ...chosen, since: dates.since.value, until: dates.until.value });
  }
});
find.addEventListener('input', () => look(200));
find.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });
dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); }); // beside the dialog
dialog.addEventListener('close', () => button.focus());
qa.act('scope', () => {
  find.value = '';
  dialog.showModal();
  mark();
  look(0);
});
qa.act('scope-open', (opener) => {
  const list = opener.parentElement.querySelector(':scope > ul');
  list.hidden = !list.hidden;
  opener.setAttribute('aria-expanded', String(!list.hidden));
});
qa.act('scope-clear', () => {
  day.value = '';
  choose({});
});

qa.picker = { scope: () => chosen, choose, asOf: asked };
try {
  choose(JSON.parse(sessionStorage.getItem(KEPT)) ?? {});
} catch { // it was not written by this script
  choose({});
}
