// The page's core: the routes, the panels, and clicks on anything with `data-do`.
// It is the only global, `qa`; every other file in this folder is a function of its own that uses it.

window.qa = (() => {
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);
  const calm = () => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth');

  // --- words: those of the catalogue come with the page, in attributes; values are inserted here

  const locale = find('#qa-shell').dataset.numbers;
  const isLeft = root.dir !== 'rtl';
  const plurals = new Intl.PluralRules(root.lang);
  const number = (value) => (value < 1000 ? String(value) : value.toLocaleString(locale)); // the first call takes long
  const shown = (value) => (typeof value === 'number' ? number(value) : isLeft ? value : `\u2068${value}\u2069`);
  const fill = (words, values) => words.replace(/\{(\w+)\}/g, (all, name) => (name in values ? shown(values[name]) : all));

  function counted(forms, n, values = {}) { // `forms` is JSON: the words by plural form
    const found = JSON.parse(forms);
    return fill(found[plurals.select(n)] ?? found.other, { n, ...values });
  }

  // --- clicks: `data-do` names what a button does

  const actions = {};
  const act = (name, action) => { actions[name] = action; };

  document.addEventListener('click', (event) => {
    const target = event.target.closest('[data-do]');
    if (!target || target.disabled) return;
    if (target.matches('li') && !getSelection().isCollapsed) return; // text is being selected; this is no click on the card
    actions[target.dataset.do]?.(target, event);
  });

  // --- routes: what follows "#" in the address

  const routes = [];
  const route = (pattern, open) => { routes.push([pattern, open]); };

  function follow() {
    const path = location.hash.startsWith('#/') ? location.hash.slice(1) : '/';
    for (const [pattern, open] of routes) {
      const match = pattern.exec(path);
      if (match) return void open(...match.slice(1));
    }
  }

  function go(path) {
    if (location.hash === `#${path}` || (path === '/' && !location.hash)) follow();
    else location.hash = path;
  }

  // --- places: the conversation, the library or a draft, in the middle

  const places = { ask: find('#qa-ask'), library: find('#qa-library'), check: find('#qa-check') };

  function place(name) {
    const was = root.dataset.place;
    root.dataset.place = name;
    for (const [key, part] of Object.entries(places)) part.hidden = key !== name;
    for (const link of document.querySelectorAll('#qa-rail [data-place]')) {
      if (link.dataset.place === name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    fold();
    if (was && was !== name) document.dispatchEvent(new CustomEvent('qa:place', { detail: name }));
  }

  // --- panels: on a narrow screen the rail and the source cover the page, and what they cover is inert

  const narrow = matchMedia('(max-width: 1099px)');
  const phone = matchMedia('(max-width: 759px)');
  const panels = {
    menu: { part: find('#qa-rail'), covers: narrow, role: 'navigation' },
    source: { part: find('#qa-source'), covers: phone, role: 'complementary' },
  };
  let opener = null; // what had the focus before a panel covered it

  function settle() {
    const open = Object.entries(panels).find(([name, panel]) => name in root.dataset && panel.covers.matches);
    for (const part of find('#qa-shell').children) part.inert = Boolean(open) && part !== open[1].part;
    for (const panel of Object.values(panels)) {
      const covers = open?.[1] === panel;
      panel.part.setAttribute('role', covers ? 'dialog' : panel.role);
      if (covers) panel.part.setAttribute('aria-modal', 'true');
      else panel.part.removeAttribute('aria-modal');
    }
    find('.qa-skip').inert = Boolean(open);
    find('[data-do=menu]').setAttribute('aria-expanded', String('menu' in root.dataset));
  }

  function show(name, focus, from = document.activeElement) {
    const panel = panels[name];
    const was = name in root.dataset;
    root.dataset[name] = 'open';
    panel.part.hidden = false;
    if (!was && panel.covers.matches) {
      opener = from;
      history.pushState({ panel: name }, ''); // so that Back closes it
    }
    settle();
    focus?.focus({ preventScroll: true });
  }

  function hide(name, isBack = false) {
    if (!(name in root.dataset)) return;
    const covered = panels[name].covers.matches;
    delete root.dataset[name];
    settle();
    if (covered && opener?.isConnected) opener.focus({ preventScroll: true });
    opener = null;
    if (!isBack && history.state?.panel === name) history.back();
  }

  const fold = () => hide('menu');

  addEventListener('popstate', () => { for (const name in panels) if (panels[name].covers.matches) hide(name, true); });
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || find('dialog[open], [popover]:popover-open')) return;
    const name = ['menu', 'source'].find((one) => one in root.dataset && panels[one].covers.matches);
    if (name) hide(name);
  });
  for (const { covers } of Object.values(panels)) covers.addEventListener('change', settle);
  act('menu', () => show('menu', find('.qa-fold')));
  act('fold', fold);

  addEventListener('hashchange', follow);
  document.querySelector('.qa-skip').addEventListener('click', (event) => {
    event.preventDefault();
    go('/');
    find('#qa-question textarea').focus();
  });

  return { root, find, fill, counted, number, calm, act, route, follow, go, place, show, hide, narrow, phone };
})();
