// The pages of a PDF or an image in the source pane: drawn when they come into view, with their words above the picture,
// transparent, so that they can be selected, copied and found.

const { pane, part, area, reveal, fetched, now } = qa.source;
const pen = document.createElement('canvas').getContext('2d');
let watcher = null;

document.addEventListener('qa:view', async ({ detail: { name, shown } }) => {
  const frame = part('.qa-sheets');
  if (name !== 'page' || !frame) return;
  const first = Number(frame.dataset.page);
  if (!frame.children.length) {
    try {
      lay(frame, (await fetched('pages', shown.query)).sizes);
    } catch {
      if (now() === shown) pane.querySelector('[data-view=text]').click(); // the text is there in any case
      return;
    }
  }
  if (now() !== shown) return;
  frame.children[first]?.scrollIntoView({ block: 'start', behavior: 'instant' });
  if (frame.children[first]) draw(frame.children[first]); // its picture is asked for before its words, and both before others
  const page = await layer(frame.children[first]);
  const boxes = page && [...page.querySelectorAll('.qa-strong, .qa-soft')];
  const passage = boxes?.filter((box) => box.matches('.qa-soft'));
  if (boxes?.length && now() === shown) reveal([inside(boxes, passage) ?? boxes[0]]);
});

/** The first highlight in the passage that is open, or else the passage. */
function inside(boxes, passage) {
  if (!passage.length) return boxes[0];
  const top = Math.min(...passage.map((box) => box.offsetTop));
  const end = Math.max(...passage.map((box) => box.offsetTop + box.offsetHeight));
  return boxes.find((box) => box.matches('.qa-strong') && box.offsetTop >= top - 2 && box.offsetTop < end) ?? passage[0];
}

function lay(frame, sizes) {
  frame.replaceChildren(...sizes.map(([width, height], number) => {
    const page = Object.assign(document.createElement('div'), { className: 'qa-page' });
    page.dataset.number = String(number);
    page.style.aspectRatio = `${width} / ${height}`;
    const picture = Object.assign(document.createElement('img'), { alt: frame.dataset.alt.replace('#', qa.number(number + 1)) });
    page.append(picture, Object.assign(document.createElement('div'), { className: 'qa-layer', lang: part('.qa-part').lang }));
    return page;
  }));
  watcher?.disconnect();
  watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) draw(target);
  }, { root: frame, rootMargin: '500px 0px' });
  for (const page of frame.children) watcher.observe(page);
}

function draw(page) {
  const width = page.clientWidth * devicePixelRatio;
  const wanted = [600, 1100, 2200].find((one) => width <= one) ?? 2200;
  const picture = page.querySelector('img');
  if (Number(picture.dataset.width ?? 0) < wanted) {
    picture.dataset.width = String(wanted);
    picture.src = `articles/page?path=${encodeURIComponent(new URLSearchParams(now().query).get('path'))}&number=${page.dataset.number}&width=${wanted}`;
    picture.addEventListener('load', () => {
      // Of an image that was turned upright the size was not known.
      page.style.aspectRatio = `${picture.naturalWidth} / ${picture.naturalHeight}`;
    }, { once: true });
  }
  layer(page);
}

/** A page with its words and the boxes around what is cited. */
function layer(page) {
  if (!page) return null;
  page.qaLayer ??= (async () => {
    let given;
    try {
      given = await fetched('words', `${now().query}&number=${page.dataset.number}`);
    } catch {
      return page; // its picture is shown without
    }
    const cover = page.querySelector('.qa-layer');
    const ratio = page.clientHeight / page.clientWidth || 1.4;
    cover.replaceChildren(...words(given.words, ratio));
    cover.before(...boxes(given.passage, 'qa-soft'), ...given.marks.flatMap((mark, n) => boxes(mark, 'qa-strong', n + 1)));
    return page;
  })();
  return page.qaLayer;
}

function boxes(sides, style, mark) {
  return sides.map((side) => {
    const box = Object.assign(document.createElement('i'), { className: style });
    if (mark) box.dataset.mark = String(mark);
    place(box, side);
    return box;
  });
}

function place(node, [left, top, width, height]) {
  Object.assign(node.style, { left: `${left * 100}%`, top: `${top * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` });
}

/** One element for each word, as wide as the word is on the picture, with a break at the end of each line. */
function words(given, ratio) {
  pen.font = '100px sans-serif';
  const nodes = [];
  given.forEach(([text, line, ...sides], n) => {
    const node = document.createElement('span');
    const [, , width, height] = sides;
    const size = height * ratio * 0.85; // of the letters, as a share of the page's width
    const natural = (pen.measureText(text).width / 100) * size;
    node.textContent = `${text} `;
    place(node, sides);
    node.style.fontSize = `${size * 100}cqw`;
    if (natural > 0) node.style.transform = `scaleX(${(width / natural).toFixed(3)})`;
    nodes.push(node);
    if (given[n + 1] && given[n + 1][1] !== line) nodes.push(document.createElement('br'));
  });
  return nodes;
}

document.addEventListener('qa:zoom', () => {
  for (const page of pane.querySelectorAll('.qa-page')) {
    if (page.querySelector('img').src && Math.abs(page.offsetTop - area().scrollTop) < 3000) draw(page);
  }
});

/** Reads the words of all pages, from the one in view on; `step` is called now and then. */
async function readAll(step) {
  const of = now();
  const frame = part('.qa-sheets');
  for (const page of frame?.children ?? []) {
    if (now() !== of) return;
    const isNew = !page.qaLayer;
    await layer(page);
    if (isNew && Number(page.dataset.number) % 8 === 7) step();
  }
}

qa.pages = { layer, readAll };
