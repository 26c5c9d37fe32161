// Light or dark, how large what is read is, and what an answer needs and shows: kept in this browser alone.

const KEY = 'qa-settings';
const KEPT = 34_560_000; // seconds: as long as browsers keep a cookie
const dark = matchMedia('(prefers-color-scheme: dark)');
const choices = [...document.querySelectorAll('#qa-settings select:not([name=language])')];
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
  choice.addEventListener('change', () => {
    wanted = { ...wanted, [choice.name]: choice.value };
    try {
      localStorage.setItem(KEY, JSON.stringify(wanted));
    } catch { /* no storage: it holds until the page is left */ }
    apply();
  });
}
dark.addEventListener('change', apply);
addEventListener('storage', ({ key }) => {
  if (key !== KEY) return;
  wanted = kept();
  apply();
});
apply();

qa.wishes = () => { // as every question takes them along
  const { passages, threshold } = Object.fromEntries(choices.map(({ name, value }) => [name, Number(value)]));
  return { passages, threshold, as_of: qa.picker.asOf() };
};
