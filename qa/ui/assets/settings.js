// Light or dark, how large what is read is, and what an answer needs and shows: kept in this browser alone.
// A risk that the reader chose is kept with its threshold, which counts from the first question on.

const KEY = 'qa-settings';
const KEPT = 34_560_000; // seconds: as long as browsers keep a cookie
const dark = matchMedia('(prefers-color-scheme: dark)');
const choices = [...document.querySelectorAll('#qa-settings select:not([name=language])')];
const risk = qa.find('#qa-risk');
let wanted = kept();

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch { // no storage, or not ours
    return {};
  }
}

function apply() {
  for (const choice of choices) {
    const known = [...choice.options].some(({ value }) => value === wanted[choice.name]);
    const usual = [...choice.options].find((option) => option.defaultSelected) ?? choice.options[0];
    choice.value = known ? wanted[choice.name] : usual.value;
  }
  const { theme, size } = Object.fromEntries(choices.map(({ name, value }) => [name, value]));
  qa.root.classList.toggle('dark', theme === 'system' ? dark.matches : theme === 'dark');
  qa.root.dataset.size = size;
  qa.find('#qa-settings [name=threshold]').disabled = Boolean(wanted.risk);
  for (const choice of risk.querySelectorAll('input')) choice.checked = choice.value === (wanted.risk ?? '');
}

function want(changes) {
  wanted = { ...wanted, ...changes };
  try {
    localStorage.setItem(KEY, JSON.stringify(wanted));
  } catch { /* no storage: it holds until the page is left */ }
  apply();
}

// The language is in a cookie, since the server writes the page in it; none stands for the languages of the browser.
const language = qa.find('#qa-settings [name=language]');
const cookie = (code, seconds) => { document.cookie = `qa-language=${code}; Max-Age=${seconds}; Path=${location.pathname}; SameSite=Lax`; };
language.value = /(?:^|; )qa-language=(\w+)/.exec(document.cookie)?.[1] ?? '';
if (language.selectedIndex < 0) language.value = '';
if (language.value) cookie(language.value, KEPT); // for as long again
language.addEventListener('change', () => {
  cookie(language.value, language.value ? KEPT : 0);
  qa.composer.keep();
  location.reload();
});

for (const choice of choices) {
  choice.addEventListener('change', () => want({ [choice.name]: choice.value }));
}
dark.addEventListener('change', apply);
addEventListener('storage', ({ key }) => {
  if (key !== KEY) return;
  wanted = kept();
  apply();
});
apply();

// --- the reader's own risk: the server says what judged answers promise when the settings are opened, or it was chosen

const look = () => qa.send('risk', 'qa_risk');
qa.find('#qa-settings').addEventListener('toggle', ({ target }) => { if (target.open) look(); });
if (wanted.risk) look();

qa.receive('risk', (value) => {
  if (!value) return;
  risk.querySelector('div').innerHTML = value.html;
  risk.hidden = false;
  const chosen = risk.querySelector(`input[data-threshold][value="${CSS.escape(wanted.risk ?? '')}"]`);
  if (chosen) want({ least: Number(chosen.dataset.threshold) }); // it may have been judged anew
  else if (wanted.risk && !value.failed) {
    want({ risk: '', least: 0 });
    qa.say(risk.dataset.gone);
  }
  apply();
});
risk.addEventListener('change', ({ target }) => want({ risk: target.value, least: Number(target.dataset.threshold ?? 0) }));

qa.wishes = () => { // as every question takes them along
  const { passages, threshold } = Object.fromEntries(choices.map(({ name, value }) => [name, Number(value)]));
  return { passages, threshold: wanted.risk ? wanted.least : threshold, as_of: qa.picker.asOf() };
};
