// Elements are made here and nowhere else: what people sent becomes text nodes and
// attributes, never markup.

const NS = 'http://www.w3.org/2000/svg';

/** h makes an element: h('p', {class: 'x', onclick: f}, 'text', child, null). */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** s makes an SVG element. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(NS, tag), props, children);
}

function fill(el, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
    else if (name === 'vars') for (const [k, v] of Object.entries(value)) k.startsWith('--') && el.style.setProperty(k, v);
    else if (name === 'value' || name === 'checked' || name === 'muted') el[name] = value;
    else if (name === 'href' && !isSafe(value)) continue;
    else el.setAttribute(name, value === true ? '' : value);
  }
  add(el, children);
  return el;
}

/** add appends texts and elements, and passes over what is not there. */
export function add(el, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    el.append(child instanceof Node ? child : String(child));
  }
  return el;
}

/** replace puts children in the place of all that is in el. */
export function replace(el, ...children) {
  el.replaceChildren();
  return add(el, children);
}

const schemes = ['http:', 'https:', 'mailto:', 'tel:', 'tg:', 'ton:'];

/** isSafe: a link leads to a page, a mail, a phone or Telegram, or stays within this page. */
export function isSafe(url) {
  if (url.startsWith('#') || url.startsWith('media/')) return true;
  try {
    return schemes.includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

/** outward makes a link that leaves the viewer, in a window of its own that learns nothing of it. */
export function outward(url, ...children) {
  const full = /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : 'https://' + url;
  if (!isSafe(full)) return h('span', {}, ...children);
  return h('a', {href: full, target: '_blank', rel: 'noopener noreferrer nofollow', title: full}, ...children);
}

const shapes = {
  chats: 'M4 5.5A2.500 2.500 0 0 1 6.500 3h11A2.500 2.500 0 0 1 20 5.500v8a2.500 2.500 0 0 1-2.500 2.500H11l-5 4.500V16A2.500 2.500 0 0 1 4 13.500z',
  health: 'M12 20.500S3.500 15.500 3.500 9.300A4.600 4.600 0 0 1 12 6.800a4.600 4.600 0 0 1 8.500 2.500C20.500 15.500 12 20.500 12 20.500zM6.500 12h3l1.500-3 2.500 5 1.300-2h2.700',
  charts: 'M4 20h16M7 20v-6M12 20V5M17 20v-9',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L20.500 20.500',
  light: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400',
  dark: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  auto: 'M12 3.500a8.500 8.500 0 1 0 0 17zM12 3.500a8.500 8.500 0 0 1 0 17z',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M6 10l6 6 6-6',
  date: 'M5 6.500h14v13H5zM5 10.500h14M9 3.500v4M15 3.500v4',
  play: 'M8 5.500v13l10.500-6.500z',
  pause: 'M8.500 5.500v13M15.500 5.500v13',
  file: 'M7 3.500h7l4 4v13H7zM14 3.500v4h4',
  save: 'M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 19.500h14',
  pin: 'M9 4h6l-.800 6 3.300 3.500H6.500L9.800 10zM12 13.500V20',
  edit: 'M5 19l1-4L16 5l3 3L9 18z',
  trash: 'M5 7h14M9.500 7V4.500h5V7M7 7l1 12.500h8L17 7',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z',
  reply: 'M10 6L4.500 11.500 10 17M5 11.500h9a5.500 5.500 0 0 1 5.500 5.500v1',
  forward: 'M14 6l5.500 5.500L14 17M19 11.500h-9A5.500 5.500 0 0 0 4.500 17v1',
  topics: 'M9.500 4L7.500 20M16.500 4l-2 16M4.500 9h16M3.500 15h16',
  place: 'M12 21s-6.500-6-6.500-11a6.500 6.500 0 0 1 13 0c0 5-6.500 11-6.500 11zM12 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z',
  warn: 'M12 4l9 16H3zM12 10v4.500M12 17v.500',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  filter: 'M4 6h16M7 12h10M10 18h4',
  link: 'M10 14a4 4 0 0 0 6 .400l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-6-.400l-3 3a4 4 0 0 0 5.700 5.700l1-1',
};

/** icon draws a small sign that a screen reader passes over. */
export function icon(name, extra) {
  return s('svg', {class: 'icon ' + (extra || ''), viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false'}, s('path', {d: shapes[name]}));
}

/** say has a screen reader say something. */
export function say(text) {
  document.getElementById('live').textContent = text;
}
