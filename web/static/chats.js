// The list of chats, with folders, and the field that filters it and searches.

import {h, icon, replace} from './dom.js';
import {get} from './api.js';
import {avatar, learn, nameOf, titleOf, peer, hue} from './peers.js';
import {when, count, plural} from './format.js';
import {summary} from './message.js';

const order = (a, b) => (a.pinned || 1e6) - (b.pinned || 1e6) || (b.newest || 0) - (a.newest || 0);

export class ChatList {
  constructor(account, options) {
    this.account = account;
    this.options = options;
    const known = (f) => f === 'archived' ? account.chats.some((c) => c.archived) : account.folders[Number(f)];
    this.folder = options.folder && known(options.folder) ? options.folder : 'all';
    this.previews = new Map();
    this.list = h('div', {class: 'chats', role: 'list', 'aria-label': 'Chats'});
    this.tabs = h('div', {class: 'folders', role: 'tablist', 'aria-label': 'Folders'});
    this.el = h('div', {class: 'chat-list'}, this.tabs, this.list);
    this.waiting = new Set();
    this.watch = new IntersectionObserver((entries) => {
      for (const e of entries) if (e.isIntersecting) this.wish(e.target.dataset.chat);
    }, {root: this.list, rootMargin: '300px'});
    this.drawTabs();
    this.draw();
  }

  drawTabs() {
    const folders = [['all', 'All'], ...this.account.folders.map((f, i) => [String(i), f.title || 'Folder'])];
    if (this.account.chats.some((c) => c.archived)) folders.push(['archived', 'Archived']);
    this.tabs.hidden = folders.length < 2;
    replace(this.tabs, folders.map(([key, title]) => h('button', {
      type: 'button', role: 'tab', 'aria-selected': String(key === this.folder), tabindex: key === this.folder ? '0' : '-1',
      onclick: () => { this.folder = key; this.drawTabs(); this.draw(); this.tabs.querySelector('[aria-selected=true]').focus(); },
      onkeydown: (e) => {
        const by = {ArrowRight: 1, ArrowLeft: -1}[e.key];
        if (!by) return;
        const keys = folders.map((f) => f[0]);
        this.folder = keys[(keys.indexOf(this.folder) + by + keys.length) % keys.length];
        this.drawTabs();
        this.draw();
        this.tabs.querySelector('[aria-selected=true]').focus();
      },
    }, title)));
  }

  chosen() {
    const all = this.account.chats;
    if (this.folder === 'archived') return all.filter((c) => c.archived);
    if (this.folder === 'all') return all.filter((c) => !c.archived);
    const ids = new Set(this.account.folders[Number(this.folder)].chats);
    return all.filter((c) => ids.has(c.id));
  }

  draw() {
    this.watch.disconnect();
    const chats = this.chosen().sort(order);
    replace(this.list, chats.map((c) => this.line(c)));
    if (!chats.length) this.list.append(h('p', {class: 'empty'}, 'No chats here.'));
    this.mark(this.current);
  }

  line(c) {
    const el = h('a', {class: 'chat', role: 'listitem', href: this.options.link(c.id), 'data-chat': c.id},
      avatar(c.id, '', true), h('span', {class: 'title'}, h('span', {class: 'name', dir: 'auto'}, titleOf(c.id)), badge(c.id), h('span', {class: 'hour'}, when(c.newest))),
      h('span', {class: 'preview', dir: 'auto'}, this.preview(c)), c.pinned ? icon('pin', 'pinned') : null);
    if (!this.previews.has(c.id)) this.watch.observe(el);
    return el;
  }

  preview(c) {
    const b = this.previews.get(c.id);
    if (c.draft) return [h('span', {class: 'draft'}, 'Draft: '), c.draft];
    if (!b) return b === null ? plural(c.messages, 'message', 'messages') : '\u00a0';
    const group = !['user', 'bot', 'channel'].includes(peer(c.id)?.kind);
    const who = b.action ? null : b.out || b.from === this.account.id ? (peer(c.id)?.self ? null : 'You: ') : group && b.from ? nameOf(b.from).split(' ')[0] + ': ' : null;
    return [who ? h('span', {class: 'who'}, who) : null, summary(b)];
  }

  // wish asks for a preview, together with others of the same moment.
  wish(id) {
    if (this.previews.has(id)) return;
    this.waiting.add(id);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), 60);
  }

  async fetch() {
    const ids = [...this.waiting].filter((id) => !this.previews.has(id)).slice(0, 40);
    this.waiting.clear();
    if (!ids.length) return;
    const answer = await get('previews', {account: this.account.id, chats: ids.join(',')}).catch(() => ({previews: {}}));
    for (const [id, p] of Object.entries(answer.peers || {})) if (!peer(id)) learn({[id]: p});
    for (const id of ids) {
      this.previews.set(id, answer.previews[id] || null);
      const el = this.list.querySelector('[data-chat="' + CSS.escape(id) + '"] .preview');
      if (el) replace(el, this.preview(this.account.chats.find((c) => c.id === id)));
    }
  }

  mark(id) {
    this.current = id;
    for (const el of this.list.children) el.toggleAttribute?.('aria-current', el.dataset?.chat === id);
  }

  /** named are the chats whose name or username has all words, the most used first. */
  named(text) {
    const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    return this.account.chats.filter((c) => {
      const name = (titleOf(c.id) + ' @' + (peer(c.id)?.username || '') + ' ' + c.id).toLocaleLowerCase();
      return words.every((w) => name.includes(w));
    }).sort(order);
  }
}

function badge(id) {
  const p = peer(id);
  if (!p) return null;
  return [p.verified ? h('span', {class: 'badge', title: 'verified by Telegram'}, icon('check')) : null, p.scam ? h('span', {class: 'mark bad'}, 'scam') : null];
}

/** topics makes the list of a chat's topics. */
export async function topicList(chat, link) {
  const box = h('div', {class: 'topics', role: 'list', 'aria-label': 'Topics'}, h('p', {class: 'empty'}, 'Sorting messages by topic …'));
  get('topics', {account: chat.account, chat: chat.id}).then((answer) => {
    for (const t of answer.topics) if (t.peer && !peer(t.id)) learn({[t.id]: t.peer});
    replace(box, h('a', {class: 'topic', role: 'listitem', href: link()}, h('span', {class: 'sign'}, icon('chats')), h('span', {class: 'name'}, 'All messages')),
      answer.topics.map((t) => h('a', {class: 'topic' + (String(chat.topic) === t.id ? ' here' : ''), role: 'listitem', href: link(t.id)},
        t.peer ? avatar(t.id, 'tiny') : h('span', {class: 'sign hue' + hue(t.id)}, '#'), h('span', {class: 'name', dir: 'auto'}, topicName(t)), t.closed ? h('span', {class: 'note'}, 'closed') : null, h('span', {class: 'note'}, count(t.messages)))));
  }).catch((error) => replace(box, h('p', {class: 'empty'}, error.message)));
  return box;
}

function topicName(t) {
  if (t.title) return t.title;
  if (t.peer) return nameOf(t.id);
  if (t.id === '1') return 'General';
  return t.id ? 'Topic ' + t.id : 'My notes';
}


