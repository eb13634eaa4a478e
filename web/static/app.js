// The viewer: what stands where, and what the address and the keys mean.

import {h, icon, replace, say} from './dom.js';
import {get, enter, Failure} from './api.js';
import {avatar, learn, nameOf, titleOf, peer, kindName} from './peers.js';
import {count, size, dayOf} from './format.js';
import {ChatList, topicList} from './chats.js';
import {Timeline} from './timeline.js';
import {healthPage} from './health.js';
import {chartsPage} from './charts.js';
import {Search} from './search.js';

const app = document.getElementById('app');
let data = null; // what api/chats says
let account = null;
let list = null;
let timeline = null;
let search = null;
let shown = ''; // which chat the timeline shows
let told = ''; // what the line about news says
const main = h('main', {id: 'main', tabindex: '-1'});
const news = h('div', {class: 'news', role: 'status', hidden: true});

start().catch((error) => gate(error));

async function start() {
  theme();
  const begun = location.hash;
  if (begun.startsWith('#token=')) {
    const q = new URLSearchParams(begun.slice(1));
    window.history.replaceState(null, '', location.pathname + '#' + (q.get('to') || '/'));
    await enter(q.get('token'));
  }
  await opened();
  data = await get('chats');
  for (const a of data.accounts) {
    learn({[a.id]: a.peer});
    for (const c of a.chats) learn({[c.id]: c.peer});
  }
  layout();
  window.addEventListener('hashchange', route);
  document.addEventListener('keydown', keys);
  route();
  performance.mark('first-screen');
  setInterval(() => { if (!document.hidden) look().catch(() => {}); }, 4000);
}

// look tells when the vault has more than what is shown, or has what cannot be shown.
async function look() {
  const state = await get('state');
  const more = state.edition !== data.edition;
  const key = more ? 'more' : state.trouble || '';
  if (key === told) return;
  told = key;
  news.hidden = !key;
  if (!key) return;
  replace(news, more ? ['The vault has more now. ', h('button', {type: 'button', onclick: () => refresh().catch((error) => say(error.message))}, 'Show it')] : 'What is new in the vault cannot be shown: ' + state.trouble);
}

// refresh shows what is new, and stays where one is.
async function refresh() {
  const before = list?.folder;
  data = await get('chats');
  for (const a of data.accounts) {
    learn({[a.id]: a.peer});
    for (const c of a.chats) learn({[c.id]: c.peer});
  }
  account = data.accounts.find((a) => a.id === account?.id) || data.accounts[0];
  told = '';
  news.hidden = true;
  drawList(before);
  if (search.active) search.now();
  else search.refill();
  say('What is new is shown');
  const to = asked();
  const chat = to.page === 'chat' && timeline ? account.chats.find((c) => c.id === timeline.chat.id) : null;
  if (!chat) return route();
  list.mark(chat.id);
  main.querySelector('.head')?.replaceWith(head(chat, to));
  const topics = main.querySelector('.topics');
  if (topics) topics.replaceWith(await topicsOf(chat, to));
  await timeline.renew();
}

// opened waits until the archive is open, and shows how far that is.
async function opened() {
  const bar = h('progress', {max: 1, 'aria-label': 'Opening'});
  const text = h('p', {class: 'note'}, 'Opening the vault …');
  for (let wait = 30; ; wait = Math.min(wait * 1.5, 300)) {
    const state = await get('state');
    if (state.ready) return;
    if (!bar.isConnected) replace(app, h('div', {class: 'opening'}, h('img', {src: 'static/icon.svg', alt: '', width: 72, height: 72}), h('h1', {}, 'telekeep'), bar, text));
    if (state.total) {
      bar.value = state.done / state.total;
      text.textContent = 'Reading the records of the vault: ' + size(state.done) + ' of ' + size(state.total);
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

// gate says why nothing can be shown.
function gate(error) {
  const known = error instanceof Failure;
  const closed = known && (error.status === 401 || error.status === 403);
  replace(app, h('div', {class: 'opening', role: 'alert'}, h('img', {src: 'static/icon.svg', alt: '', width: 72, height: 72}), h('h1', {}, closed ? 'Closed' : 'telekeep is not there'),
    h('p', {}, known ? error.message : 'The viewer does not answer: it was ended, or has not started yet.'), h('p', {class: 'note'}, 'telekeep serve -i KEY prints a link that opens once.')));
}

function layout() {
  account = data.accounts.find((a) => a.id === asked().account) || data.accounts[0];
  const rail = h('nav', {class: 'rail', 'aria-label': 'Pages'},
    railLink('#/', 'chats', 'Chats'), railLink('#/charts', 'charts', 'Charts'), railLink('#/health', 'health', 'Health'),
    h('span', {class: 'gap'}), data.accounts.length > 1 ? switcher() : null, themeButton());
  search = new Search({account: () => account, list: () => list, chat: () => timeline?.chat.id, link: (hit) => chatLink(hit.chat, hit.id),
    show: (results) => { const body = app.querySelector('.side-body'); if (body && body.firstChild !== (results || list?.el)) replace(body, results || list?.el); }});
  const side = h('aside', {class: 'side', 'aria-label': 'Chats'}, search.box, h('div', {class: 'side-body'}));
  replace(app, h('button', {type: 'button', class: 'skip', onclick: () => main.focus()}, 'Skip to the messages'), rail, side, main, news);
  drawList();
}

function drawList(folder) {
  if (!account) {
    replace(app.querySelector('.side-body'), h('p', {class: 'empty'}, 'Nothing is backed up yet.'));
    return;
  }
  list = new ChatList(account, {link: chatLink, folder});
  replace(app.querySelector('.side-body'), list.el);
}

function chatLink(id, message) {
  return '#/chat/' + id + (message ? '/' + message : '') + (data.accounts.length > 1 ? '?account=' + encodeURIComponent(account.id) : '');
}

function railLink(href, sign, text) {
  return h('a', {href, class: 'rail-link', 'data-page': text.toLowerCase()}, icon(sign), h('span', {}, text));
}

function switcher() {
  return h('label', {class: 'switcher'}, h('span', {class: 'unseen'}, 'Account'), h('select', {onchange: (e) => {
    account = data.accounts.find((a) => a.id === e.target.value);
    drawList();
    search.refill();
    search.clear();
    location.hash = '#/';
  }}, data.accounts.map((a) => h('option', {value: a.id, selected: a === account}, nameOf(a.id)))));
}

// Light and dark follow the system, until somebody chooses; that lasts as long as the window.
function theme() {
  const chosen = sessionStorage.getItem('theme');
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  return chosen || 'auto';
}

function themeButton() {
  const names = {auto: 'Colours as the system has them', light: 'Light colours', dark: 'Dark colours'};
  const button = h('button', {type: 'button', class: 'rail-link'});
  const draw = () => {
    const now = theme();
    button.setAttribute('aria-label', names[now] + '; change');
    button.title = names[now];
    replace(button, icon(now), h('span', {}, {auto: 'Auto', light: 'Light', dark: 'Dark'}[now]));
  };
  button.addEventListener('click', () => {
    const next = {auto: 'light', light: 'dark', dark: 'auto'}[theme()];
    if (next === 'auto') sessionStorage.removeItem('theme');
    else sessionStorage.setItem('theme', next);
    draw();
    say(names[next]);
  });
  draw();
  return button;
}

/** asked takes the address apart: #/chat/ID/MESSAGE?topic=… */
function asked() {
  const [path, query] = location.hash.slice(1).split('?');
  const parts = path.split('/').filter(Boolean).map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  const q = new URLSearchParams(query || '');
  return {page: parts[0] || 'chats', chat: parts[1], message: parts[2] && /^\d{1,10}$/.test(parts[2]) ? Number(parts[2]) : undefined, account: q.get('account'), topic: q.get('topic') ?? undefined, q};
}

function route() {
  const to = asked();
  if (to.account && account && to.account !== account.id) {
    const other = data.accounts.find((a) => a.id === to.account);
    if (other) {
      account = other;
      drawList();
    }
  }
  app.dataset.page = to.page === 'chat' ? 'chat' : to.page;
  app.querySelectorAll('.rail-link[href]').forEach((el) => el.toggleAttribute('aria-current', el.dataset.page === (to.page === 'chat' ? 'chats' : to.page)));
  if (to.page === 'chat' && to.chat) return openChat(to);
  leave();
  list?.mark(null);
  document.title = 'telekeep';
  if (to.page === 'health') healthPage(main);
  else if (to.page === 'charts' && account) chartsPage(main, account, to.q);
  else if (to.page === 'search') { search.set(to.q); welcome(); }
  else welcome();
}

function leave() {
  timeline?.end();
  timeline = null;
  shown = '';
}

function welcome() {
  const messages = account ? account.chats.reduce((n, c) => n + c.messages, 0) : 0;
  replace(main, h('div', {class: 'welcome'}, h('img', {src: 'static/icon.svg', alt: '', width: 64, height: 64}),
    account ? h('h1', {}, count(messages), ' messages in ', count(account.chats.length), ' chats') : h('h1', {}, 'Nothing is backed up yet'),
    h('p', {class: 'note'}, 'Choose a chat to read it.'),
    data.problems ? h('p', {class: 'mark bad'}, count(data.problems) + ' things of the archive cannot be read: see Health') : null,
    h('dl', {class: 'keys'}, [['/', 'search'], ['j k', 'next, previous message'], ['Home End', 'oldest, newest'], ['g', 'go to a date'], ['Esc', 'back']].map(([k, text]) => [h('dt', {}, k.split(' ').map((one) => h('kbd', {}, one))), h('dd', {}, text)]))));
}

async function openChat(to) {
  const found = account?.chats.find((c) => c.id === to.chat);
  const name = to.chat + ' ' + (to.topic ?? '') + ' ' + account?.id;
  if (!found) {
    leave();
    replace(main, head({id: to.chat}), h('p', {class: 'empty'}, 'The archive holds no chat with ', nameOf(to.chat), '.'));
    return;
  }
  list.mark(to.chat);
  document.title = titleOf(to.chat) + ' – telekeep';
  if (name !== shown || !timeline) {
    leave();
    shown = name;
    const kind = peer(to.chat)?.kind;
    timeline = new Timeline({
      account: account.id, id: to.chat, topic: to.topic, crowd: !['user', 'bot'].includes(kind), several: data.accounts.length > 1,
    });
    const box = h('div', {class: 'conversation'}, timeline.el);
    replace(main, head(found, to), box);
    if (found.topics) box.prepend(await topicsOf(found, to));
  }
  const here = timeline;
  try {
    const date = to.q.get('date');
    const exact = await here.jump(to.message !== undefined ? {id: to.message} : date ? {date: Number(date), focus: true} : {});
    if (!exact && to.message !== undefined) say('Message ' + to.message + ' is not in the archive; this is what follows it');
  } catch (error) {
    if (error.name === 'AbortError') return;
    replace(main, head(found, to), h('p', {class: 'empty', role: 'alert'}, error.message));
  }
}

const topicsOf = (chat, to) => topicList({account: account.id, id: chat.id, topic: to.topic}, (topic) => '#/chat/' + chat.id + (topic === undefined ? '' : '?topic=' + encodeURIComponent(topic)));

function head(chat, to) {
  const p = peer(chat.id);
  const date = h('input', {type: 'date', class: 'date-field', 'aria-label': 'Go to a date', tabindex: '-1'});
  date.addEventListener('change', () => {
    if (!date.value) return;
    const [y, m, d] = date.value.split('-').map(Number);
    const at = new Date(y, m - 1, d).getTime() / 1000;
    timeline?.jump({date: at, focus: true}).then(() => say('Messages of ' + dayOf(at))).catch((error) => say(error.message));
  });
  const pick = h('button', {type: 'button', class: 'round-button', id: 'go-date', 'aria-label': 'Go to a date', title: 'Go to a date (g)', onclick: () => { try { date.showPicker(); } catch { date.focus(); } }}, icon('date'));
  return h('header', {class: 'head'},
    h('a', {class: 'round-button back', href: '#/', 'aria-label': 'Back to the chats'}, icon('back')), avatar(chat.id, 'small', true),
    h('div', {class: 'head-title'}, h('h1', {dir: 'auto'}, titleOf(chat.id)), h('div', {class: 'note'}, [p?.self ? '' : kindName(p?.kind), p?.username ? '@' + p.username : '', chat.messages ? count(chat.messages) + ' messages' : '', chat.left ? 'left' : '', to?.topic !== undefined ? 'one topic' : ''].filter(Boolean).join(' · '))),
    chat.messages ? [h('span', {class: 'date-pick'}, pick, date)] : null);
}

function keys(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
  const typing = e.target.closest?.('input, textarea, select');
  const field = document.getElementById('search');
  if (e.key === 'Escape') {
    if (e.target.closest?.('.side') && search.active) { search.clear(); search.input.focus(); }
    else if (typing) typing.blur();
    else if (search.active) search.clear();
    else if (location.hash !== '#/') location.hash = '#/';
    return;
  }
  if (typing) {
    if (typing === field && e.key === 'ArrowDown') { app.querySelector('.side-body a')?.focus(); e.preventDefault(); }
    return;
  }
  const inList = e.target.closest?.('.side-body');
  if (inList && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
    const links = [...inList.querySelectorAll('a')];
    links[links.indexOf(document.activeElement) + (e.key === 'ArrowDown' ? 1 : -1)]?.focus();
    e.preventDefault();
    return;
  }
  const act = {
    '/': () => { field.focus(); field.select(); },
    j: () => timeline?.step(1),
    k: () => timeline?.step(-1),
    g: () => document.getElementById('go-date')?.click(),
  }[e.key];
  if (!act) return;
  e.preventDefault();
  act();
}
