// Charts, drawn as SVG: messages by day, a calendar, chats, storage, what deduplication saved.

import {h, s, icon, replace} from './dom.js';
import {get} from './api.js';
import {count, size, plural, brief} from './format.js';
import {learn, titleOf, avatar} from './peers.js';

const kindNames = {photo: 'Photos', video: 'Videos', file: 'Files', voice: 'Voice messages', audio: 'Music', sticker: 'Stickers', animation: 'GIFs', video_message: 'Video messages', link: 'Link previews', thumb: 'Thumbnails', other: 'Other'};
const name = (kind) => kindNames[kind] || kind;
const day = new Intl.DateTimeFormat(undefined, {day: 'numeric', month: 'long', year: 'numeric'});
const months = new Intl.DateTimeFormat(undefined, {month: 'short'});
const weekday = new Intl.DateTimeFormat(undefined, {weekday: 'narrow'});
const parse = (text) => { const [y, m, d] = text.split('-').map(Number); return new Date(y, m - 1, d); };
const keyOf = (date) => date.getFullYear() + '-' + String(date.getMonth() + 1).padStart(2, '0') + '-' + String(date.getDate()).padStart(2, '0');

export async function chartsPage(main, account, q) {
  const chat = q.get('chat') || '';
  const select = h('select', {'aria-label': 'Chat'}, h('option', {value: ''}, 'All chats'), [...account.chats].sort((a, b) => b.messages - a.messages).map((c) => h('option', {value: c.id}, titleOf(c.id))));
  select.value = chat;
  select.addEventListener('change', () => { location.hash = '#/charts' + (select.value ? '?chat=' + encodeURIComponent(select.value) : ''); });
  const body = h('div', {class: 'charts'}, h('p', {class: 'empty'}, 'Counting …'));
  const page = h('div', {class: 'page'}, h('header', {}, h('a', {class: 'round-button back', href: '#/', 'aria-label': 'Back to the chats'}, icon('back')), h('h1', {}, 'Charts'), h('span', {class: 'gap'}), select), body);
  replace(main, page);
  for (;;) {
    try {
      const [figures, health] = await Promise.all([get('figures', {account: account.id, chat}), chat ? null : get('health').catch(() => null)]);
      learn(figures.peers);
      if (!page.isConnected) return;
      replace(body, draw(figures, health, account, chat));
      if (figures.ready) return;
    } catch (error) {
      replace(body, h('p', {class: 'empty', role: 'alert'}, error.message));
      return;
    }
    await new Promise((done) => setTimeout(done, 2500));
    if (!page.isConnected) return;
  }
}

function draw(f, health, account, chat) {
  return [
    f.ready ? null : h('p', {class: 'note', role: 'status'}, 'The index is being made: these figures still grow.'),
    chat ? null : tiles(f, account), perDay(f.days, chat), calendar(f.days, chat),
    chat ? null : [topChats(account), storage(f), saved(f.saved, health)],
  ];
}

const block = (title, about, ...rest) => h('section', {class: 'block'}, h('h2', {}, title), about ? h('p', {class: 'note'}, about) : null, ...rest);

function tiles(f, account) {
  const messages = account.chats.reduce((n, c) => n + c.messages, 0);
  const tile = (title, figure, text) => h('section', {class: 'card-block'}, h('h2', {}, title), h('div', {class: 'figure'}, figure), h('div', {class: 'note'}, text));
  const best = f.days.reduce((a, b) => (b.messages > a.messages ? b : a), {messages: 0});
  return h('div', {class: 'cards'}, tile('Messages', count(messages), 'in ' + plural(account.chats.length, 'chat', 'chats')),
    tile('Files', count(f.saved.files), size(f.saved.bytes) + ' stored'),
    tile('Busiest day', best.day ? count(best.messages) : '–', best.day ? day.format(parse(best.day)) : ''),
    tile('Days with messages', count(f.days.length), f.days.length ? 'since ' + day.format(parse(f.days[0].day)) : ''));
}

// bars are days, weeks or months, so that there are not more than can be seen.
function gather(days) {
  if (!days.length) return {unit: 'day', bars: []};
  const first = parse(days[0].day), last = parse(days[days.length - 1].day);
  const span = Math.round((last - first) / 864e5) + 1;
  const unit = span <= 180 ? 'day' : span <= 1500 ? 'week' : 'month';
  const start = (d) => {
    const x = new Date(d);
    if (unit === 'week') x.setDate(x.getDate() - ((x.getDay() + 6) % 7));
    if (unit === 'month') x.setDate(1);
    return x;
  };
  const sums = new Map();
  for (const d of days) {
    const key = keyOf(start(parse(d.day)));
    sums.set(key, (sums.get(key) || 0) + d.messages);
  }
  const bars = [];
  for (let at = start(first); at <= last;) {
    bars.push({at: new Date(at), n: sums.get(keyOf(at)) || 0});
    if (unit === 'day') at.setDate(at.getDate() + 1);
    else if (unit === 'week') at.setDate(at.getDate() + 7);
    else at.setMonth(at.getMonth() + 1);
  }
  return {unit, bars};
}

// nice returns a round number that is not below n.
function nice(n) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, n)));
  return [1, 2, 2.5, 5, 10].map((m) => m * power).find((m) => m >= n) || n;
}

function perDay(days, chat) {
  const {unit, bars} = gather(days);
  if (!bars.length) return block('Messages', 'None.');
  const W = 1000, H = 260, left = 46, bottom = 26, top = 10;
  const most = Math.max(4, nice(Math.max(...bars.map((b) => b.n))));
  const step = (W - left) / bars.length;
  const y = (n) => top + (H - top - bottom) * (1 - n / most);
  const tip = h('div', {class: 'chart-tip', hidden: true});
  const label = (b) => plural(b.n, 'message', 'messages') + (unit === 'month' ? ' in ' + months.format(b.at) + ' ' + b.at.getFullYear() : (unit === 'week' ? ' in the week from ' : ' on ') + day.format(b.at));
  const svg = s('svg', {viewBox: `0 0 ${W} ${H}`, class: 'chart', role: 'img', 'aria-label': `Messages by ${unit}, ${plural(bars.length, unit, unit + 's')}, at most ${count(Math.max(...bars.map((b) => b.n)))} in one`, preserveAspectRatio: 'none'});
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(s('line', {x1: left, x2: W, y1: y(most * share), y2: y(most * share), class: 'grid'}));
  }
  const plot = s('g', {class: 'bars'});
  bars.forEach((b, i) => {
    if (b.n) plot.append(s('rect', {x: left + i * step + Math.min(0.6, step * 0.12), width: Math.max(0.7, step - Math.min(1.2, step * 0.24)), y: y(b.n), height: Math.max(1, H - bottom - y(b.n)), rx: Math.min(3, step / 3)}));
  });
  const cursor = s('rect', {class: 'cursor', y: top, height: H - top - bottom, width: Math.max(1, step), x: -500});
  svg.append(plot, cursor);
  const labels = [0, 0.5, 1].map((share) => h('span', {class: 'axis-y', vars: {'--at': (100 * y(most * share)) / H + '%'}}, brief(Math.round(most * share))));
  const ticks = [];
  let year = 0;
  const many = bars[bars.length - 1].at.getFullYear() - bars[0].at.getFullYear() > 1;
  let month = -1;
  bars.forEach((b, i) => {
    const at = (100 * (left + i * step)) / W + '%';
    if (many ? b.at.getFullYear() !== year : b.at.getMonth() !== month) ticks.push(h('span', {class: 'axis-x', vars: {'--at': at}}, many ? String(b.at.getFullYear()) : months.format(b.at)));
    year = b.at.getFullYear();
    month = b.at.getMonth();
  });
  const box = h('div', {class: 'chart-box'}, svg, labels, ticks, tip);
  const find = (e) => {
    const r = svg.getBoundingClientRect();
    return Math.min(Math.max(Math.floor((((e.clientX - r.left) / r.width) * W - left) / step), 0), bars.length - 1);
  };
  box.addEventListener('pointermove', (e) => {
    const i = find(e);
    cursor.setAttribute('x', left + i * step);
    tip.hidden = false;
    tip.textContent = label(bars[i]);
    tip.style.setProperty('--at', Math.min(88, Math.max(12, (100 * (left + (i + 0.5) * step)) / W)) + '%');
  });
  box.addEventListener('pointerleave', () => { tip.hidden = true; cursor.setAttribute('x', -500); });
  if (chat) {
    box.classList.add('goes');
    box.addEventListener('click', (e) => { location.hash = '#/chat/' + chat + '?date=' + Math.floor(bars[find(e)].at / 1000); });
  }
  return block('Messages by ' + unit, chat ? 'Press a bar to read what was written then.' : null, box, asTable(['from', 'messages'], bars.filter((b) => b.n).map((b) => [day.format(b.at), count(b.n)])));
}

// calendar shows a year as a square for each day.
function calendar(days, chat) {
  if (!days.length) return null;
  const counts = new Map(days.map((d) => [d.day, d.messages]));
  const years = [...new Set(days.map((d) => Number(d.day.slice(0, 4))))].sort((a, b) => b - a);
  const sorted = days.map((d) => d.messages).sort((a, b) => a - b);
  const limits = [0.25, 0.5, 0.75, 0.95].map((q) => sorted[Math.floor(q * (sorted.length - 1))]);
  const level = (n) => (n ? 1 + limits.filter((l) => n > l).length : 0);
  const place = h('div', {class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Calendar'});
  const tip = h('p', {class: 'note', 'aria-live': 'off'}, '\u00a0');
  const show = (year) => {
    const first = new Date(year, 0, 1);
    const offset = (first.getDay() + 6) % 7;
    const svg = s('svg', {viewBox: '0 0 860 128', class: 'calendar', role: 'img', 'aria-label': 'Messages of each day of ' + year});
    for (const [row, date] of [[0, new Date(2024, 0, 1)], [2, new Date(2024, 0, 3)], [4, new Date(2024, 0, 5)]]) svg.append(s('text', {x: 2, y: 31 + row * 15, class: 'tick-text'}, weekday.format(date)));
    let shownMonth = -1;
    for (let d = new Date(first); d.getFullYear() === year; d.setDate(d.getDate() + 1)) {
      const i = Math.round((Date.UTC(year, d.getMonth(), d.getDate()) - Date.UTC(year, 0, 1)) / 864e5) + offset;
      const x = 22 + Math.floor(i / 7) * 15.6, n = counts.get(keyOf(d)) || 0;
      if (d.getMonth() !== shownMonth && d.getDate() <= 7 && i % 7 === 0) { svg.append(s('text', {x, y: 13, class: 'tick-text'}, months.format(d))); shownMonth = d.getMonth(); }
      svg.append(s('rect', {x, y: 20 + (i % 7) * 15, width: 12.5, height: 12.5, rx: 3.5, class: 'level' + level(n), 'data-day': keyOf(d), 'data-n': n}));
    }
    svg.addEventListener('pointermove', (e) => { if (e.target.dataset.day) tip.textContent = day.format(parse(e.target.dataset.day)) + ': ' + plural(Number(e.target.dataset.n), 'message', 'messages'); });
    if (chat) svg.addEventListener('click', (e) => { if (e.target.dataset.day) location.hash = '#/chat/' + chat + '?date=' + parse(e.target.dataset.day) / 1000; });
    replace(place, svg);
  };
  const tabs = h('div', {class: 'folders', role: 'group', 'aria-label': 'Year'}, years.map((y, i) => h('button', {type: 'button', 'aria-pressed': String(i === 0), onclick: (e) => {
    tabs.querySelectorAll('button').forEach((b) => b.setAttribute('aria-pressed', String(b === e.currentTarget)));
    show(y);
  }}, y)));
  show(years[0]);
  return block('Calendar', null, tabs, place, tip);
}

function topChats(account) {
  const chats = [...account.chats].sort((a, b) => b.messages - a.messages).slice(0, 12);
  const most = Math.max(1, chats[0]?.messages || 0);
  return block('Chats with the most messages', null, h('ol', {class: 'ranks'}, chats.map((c) => h('li', {}, avatar(c.id, 'tiny', true), h('a', {href: '#/charts?chat=' + encodeURIComponent(c.id), class: 'name', dir: 'auto'}, titleOf(c.id)),
    h('span', {class: 'rank-bar'}, h('span', {vars: {'--at': (100 * c.messages) / most + '%'}})), h('span', {class: 'number'}, count(c.messages))))));
}

function storage(f) {
  const kinds = new Map(), chats = new Map();
  for (const one of f.storage) {
    const k = kinds.get(one.kind) || {files: 0, bytes: 0};
    kinds.set(one.kind, {files: k.files + one.files, bytes: k.bytes + one.bytes});
    const c = chats.get(one.chat) || {bytes: 0, parts: []};
    c.bytes += one.bytes;
    c.parts.push(one);
    chats.set(one.chat, c);
  }
  const order = [...kinds].sort((a, b) => b[1].bytes - a[1].bytes);
  const total = order.reduce((n, [, k]) => n + k.bytes, 0);
  if (!total) return block('Storage', 'No files are stored.');
  const top = [...chats].sort((a, b) => b[1].bytes - a[1].bytes).slice(0, 12);
  const most = top[0][1].bytes;
  return [
    block('Storage by kind', 'A file that several chats show counts in each of them.', h('div', {class: 'pair'}, ring(order, total),
      h('ul', {class: 'kind-list'}, order.map(([kind, k]) => h('li', {class: 'kind-' + kind}, h('span', {class: 'name'}, name(kind)), h('span', {class: 'note'}, plural(k.files, 'file', 'files')), h('span', {class: 'number'}, size(k.bytes))))))),
    block('Storage by chat', null, h('ol', {class: 'ranks'}, top.map(([id, c]) => h('li', {}, avatar(id, 'tiny', true), h('a', {href: '#/chat/' + id, class: 'name', dir: 'auto'}, titleOf(id)),
      h('span', {class: 'rank-bar', role: 'img', 'aria-label': c.parts.map((p) => name(p.kind) + ' ' + size(p.bytes)).join(', ')}, h('span', {class: 'stacked', vars: {'--at': (100 * c.bytes) / most + '%'}},
        c.parts.sort((a, b) => b.bytes - a.bytes).map((p) => h('span', {class: 'kind-' + p.kind, title: name(p.kind) + ': ' + size(p.bytes), vars: {'--part': p.bytes}})))), h('span', {class: 'number'}, size(c.bytes)))))),
  ];
}

// ring is a pie with a hole, and the sum in it.
function ring(order, total) {
  const R = 70, C = 2 * Math.PI * R;
  let at = 0;
  const svg = s('svg', {viewBox: '0 0 200 200', class: 'ring', role: 'img', 'aria-label': order.map(([kind, k]) => name(kind) + ' ' + size(k.bytes)).join(', ')});
  for (const [kind, k] of order) {
    const share = k.bytes / total;
    svg.append(s('circle', {cx: 100, cy: 100, r: R, class: 'kind-' + kind, 'stroke-dasharray': `${Math.max(0.5, share * C - 1.5)} ${C}`, 'stroke-dashoffset': -at * C, transform: 'rotate(-90 100 100)'}));
    at += share;
  }
  svg.append(s('text', {x: 100, y: 99, class: 'ring-figure'}, size(total)), s('text', {x: 100, y: 120, class: 'ring-note'}, 'in files'));
  return svg;
}

function saved(v, health) {
  if (!v || !v.shown) return null;
  const vault = health?.vault?.bytes;
  const lines = [['Shown in chats', v.shown_bytes, plural(v.shown, 'message', 'messages') + ' with files'], ['Each file once', v.bytes, plural(v.files, 'file', 'files')], ['Each content once', v.contents_bytes, plural(v.contents, 'content', 'contents')]];
  if (vault) lines.push(['The vault', vault, 'with all messages, sealed']);
  const most = Math.max(...lines.map((l) => l[1]), 1);
  const less = v.shown_bytes - v.contents_bytes;
  return block('What deduplication saved', null, h('div', {class: 'figure'}, less > 0 ? size(less) + ' · ' + Math.round((100 * less) / v.shown_bytes) + ' %' : 'nothing so far'),
    h('ol', {class: 'ranks plain'}, lines.map(([title, n, text]) => h('li', {}, h('span', {class: 'name'}, title, h('span', {class: 'note'}, ' ' + text)), h('span', {class: 'rank-bar'}, h('span', {vars: {'--at': (100 * n) / most + '%'}})), h('span', {class: 'number'}, size(n))))));
}

function asTable(heads, lines) {
  const details = h('details', {}, h('summary', {class: 'note'}, 'As a table'));
  details.addEventListener('toggle', () => {
    if (!details.open || details.querySelector('table')) return;
    details.append(h('div', {class: 'wide tall', tabindex: '0', role: 'region', 'aria-label': 'Messages'}, h('table', {}, h('thead', {}, h('tr', {}, heads.map((t) => h('th', {scope: 'col'}, t)))), h('tbody', {}, lines.map((line) => h('tr', {}, line.map((cell) => h('td', {}, cell))))))));
  });
  return details;
}
