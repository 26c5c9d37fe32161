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

  // --- routes: what follows "#" in the address, and the entries of the browser's history
  //
  // What the middle shows has an entry (`#/c/…`), and each article that is open has one above it (`#/article/…`), whose
  // state says what it is `below` and how many of them, its `depth`: Back closes the article, and Forward opens it again.

  const routes = [];
  const route = (pattern, open) => { routes.push([pattern, open]); };
  let below = '/'; // the address of what is in the middle, as the entry says
  let middle = ''; // the address of what is there
  let depth = 0;

  const here = () => (location.hash.startsWith('#/') ? location.hash.slice(1) : '/');
  const isArticle = () => here().startsWith('/article/');

  // The citation that an article was opened from is in its address if its conversation is stored, and else in the state.
  function cited() {
    const [, key, turn, rank] = /[?&]from=([\w-]{1,40})\/(\d{1,6})\/(\d{1,4})$/.exec(here()) ?? [];
    return key ? { key, turn: Number(turn), rank: Number(rank) } : isArticle() ? history.state?.from : undefined;
  }

  function open(path) {
    for (const [pattern, show] of routes) {
      const match = pattern.exec(path);
      if (match) return void show(...match.slice(1));
    }
  }

  function note() {
    if (!isArticle()) [below, depth] = [here(), 0];
    else if (history.state?.depth) ({ below, depth } = history.state);
    else {
      depth += 1;
      history.replaceState({ below, depth }, '');
    }
  }

  function follow() {
    note();
    if (below !== middle) {
      middle = below;
      open(below);
    }
    if (isArticle()) open(here());
    else document.dispatchEvent(new CustomEvent('qa:article-left'));
  }

  function start() { // an article that was opened from elsewhere closes like any other
    if (isArticle() && !history.state?.depth) {
      const [address, from] = [location.hash, cited()];
      history.replaceState(null, '', from ? `#/c/${from.key}/${from.turn}` : '#/');
      note();
      history.pushState(null, '', address);
    }
    follow();
  }

  function go(path) {
    if (here() === path) {
      middle = '';
      follow();
    } else if (history.state?.panel) {
      write(path, false);
      middle = '';
      follow();
    } else location.hash = path;
  }

  // Somebody has just gone elsewhere: the entry is there at once, and what the middle shows comes with `hashchange`.
  const isLeaving = () => below !== middle;

  /** Names what the middle shows already: in an entry of its own, or in the one that there is. */
  function write(path, isNew) {
    if (isLeaving()) return;
    const isAbove = history.state?.panel || cited(); // a panel, or the source of an earlier answer
    [below, middle, depth] = [path, path, 0];
    history[isNew && !isAbove ? 'pushState' : 'replaceState'](null, '', `#${path}`);
  }

  /** Names the article that is open already: above the middle, or in place of the one that was open. */
  function cover(link, from) {
    if (isLeaving()) return;
    const isNew = !isArticle();
    const path = from.key.startsWith('.') ? link : `${link}&from=${from.key}/${from.turn}/${from.rank}`;
    depth ||= 1;
    history[isNew ? 'pushState' : 'replaceState']({ below, depth, from }, '', `#${path}`);
  }

  const uncover = () => { if (isArticle()) history.go(-depth); };

  // --- places: the conversation, the library, a draft, what is pinned or where articles differ, in the middle

  const names = ['ask', 'library', 'check', 'pins', 'conflicts'];
  const places = Object.fromEntries(names.map((name) => [name, find(`#qa-${name}`)]));

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
    if (!(name in root.dataset)) {
      opener = from;
      if (name === 'menu' && panel.covers.matches && history.state?.panel !== name) { // so that Back closes it
        history.pushState({ ...history.state, panel: name }, '');
      }
    }
    root.dataset[name] = 'open';
    panel.part.hidden = false;
    settle();
    focus?.focus({ preventScroll: true });
  }

  function hide(name, isBack = false) {
    if (!(name in root.dataset)) return;
    const { part, covers } = panels[name];
    const hadFocus = covers.matches || part.contains(document.activeElement);
    delete root.dataset[name];
    settle();
    if (hadFocus && opener?.isConnected) opener.focus({ preventScroll: true });
    opener = null;
    if (!isBack && history.state?.panel === name) history.back();
  }

  const fold = () => hide('menu');

  addEventListener('popstate', () => {
    note();
    if (!narrow.matches) return;
    if (history.state?.panel === 'menu') show('menu', find('.qa-fold'));
    else hide('menu', true);
  });
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || find('dialog[open], [popover]:popover-open')) return;
    if ('menu' in root.dataset && narrow.matches) hide('menu');
    else if ('source' in root.dataset && phone.matches) actions.close();
  });
  find('#qa-rail').addEventListener('click', (event) => { // what is chosen in the menu takes its entry
    const link = event.target.closest('a[href^="#/"]:not([data-do])');
    if (!link || !history.state?.panel || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.getAttribute('href').slice(1));
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

  return {
    root, find, fill, counted, number, calm, act, route, start, go, write, cover, uncover, cited, isArticle, place, show, hide, narrow, phone,
    below: () => below,
  };
})();
