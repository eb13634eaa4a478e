// Search as you type: chats by name at once, messages from the index.

import {h, icon, replace, say} from './dom.js';
import {get} from './api.js';
import {avatar, learn, nameOf, titleOf} from './peers.js';
import {when, fullDate, plural} from './format.js';
import {kindWords} from './message.js';

const kinds = [['', 'Anything'], ['photo', 'Photos'], ['video', 'Videos'], ['file', 'Files'], ['link', 'Links'], ['voice', 'Voice messages'], ['audio', 'Music'], ['animation', 'GIFs'], ['video_message', 'Video messages'],
  ['sticker', 'Stickers'], ['poll', 'Polls'], ['location', 'Places'], ['contact', 'Contacts'], ['text', 'Text only'], ['service', 'Service messages']];
const parts = {file: 'file name', poll: 'poll', preview: 'link preview', contact: 'contact', service: 'service message'};

export class Search {
  /** options: account() gives the account, list() the list of chats, link(hit) an address, chat() the chat that is open. */
  constructor(options) {
    this.options = options;
    this.input = h('input', {type: 'search', id: 'search', placeholder: 'Search', 'aria-label': 'Search chats and messages', autocomplete: 'off', spellcheck: 'false'});
    this.more = h('button', {type: 'button', class: 'filter-button', 'aria-label': 'Filters', 'aria-expanded': 'false', title: 'Filters', onclick: () => this.toggle()}, icon('filter'));
    this.kind = h('select', {'aria-label': 'Kind of message'}, kinds.map(([value, text]) => h('option', {value}, text)));
    this.where = h('select', {'aria-label': 'Chat'});
    this.sender = h('select', {'aria-label': 'Sender'});
    this.since = h('input', {type: 'date', 'aria-label': 'From'});
    this.until = h('input', {type: 'date', 'aria-label': 'Until'});
    this.deleted = h('select', {'aria-label': 'Deleted messages'}, [['', 'Deleted too'], ['only', 'Only deleted'], ['hide', 'Without deleted']].map(([value, text]) => h('option', {value}, text)));
    this.filters = h('div', {class: 'filters', hidden: true}, h('label', {}, 'In', this.where), h('label', {}, 'By', this.sender), h('label', {}, 'Kind', this.kind), h('label', {}, 'From', this.since), h('label', {}, 'Until', this.until), h('label', {}, 'Show', this.deleted),
      h('button', {type: 'button', class: 'clear', onclick: () => this.clear()}, 'Clear all'));
    this.box = h('div', {role: 'search'}, h('div', {class: 'search-box'}, icon('search'), this.input, h('kbd', {'aria-hidden': 'true'}, '/'), this.more), this.filters);
    this.results = h('div', {class: 'chats results', tabindex: '-1'});
    this.input.addEventListener('input', () => this.later());
    for (const el of [this.kind, this.where, this.sender, this.since, this.until, this.deleted]) el.addEventListener('change', () => this.now());
    this.where.addEventListener('change', () => { this.sender.value = ''; this.senders(); });
    this.results.addEventListener('scroll', () => {
      if (this.results.scrollHeight - this.results.scrollTop - this.results.clientHeight < 500) this.next();
    }, {passive: true});
    this.refill();
  }

  refill() {
    const list = this.options.account()?.chats || [];
    const keep = this.where.value;
    replace(this.where, h('option', {value: ''}, 'All chats'), [...list].sort((a, b) => titleOf(a.id).localeCompare(titleOf(b.id))).map((c) => h('option', {value: c.id}, titleOf(c.id))));
    this.where.value = keep;
    replace(this.sender, h('option', {value: ''}, 'Anybody'), h('option', {value: this.options.account()?.id || ''}, 'Me'));
  }

  // senders offers those who wrote in the chat that is chosen.
  async senders() {
    const account = this.options.account();
    replace(this.sender, h('option', {value: ''}, 'Anybody'), h('option', {value: account.id}, 'Me'));
    if (!this.where.value) return;
    const chat = this.where.value;
    const answer = await get('senders', {account: account.id, chat}).catch(() => ({senders: []}));
    if (chat !== this.where.value) return;
    learn(answer.peers);
    for (const one of answer.senders) if (one !== account.id) this.sender.append(h('option', {value: one}, nameOf(one)));
  }

  toggle(open = this.filters.hidden) {
    this.filters.hidden = !open;
    this.more.setAttribute('aria-expanded', String(open));
    if (open && !this.where.value && this.options.chat()) {
      this.where.value = this.options.chat();
      this.senders();
      this.now();
    }
    if (open) this.where.focus();
  }

  /** set takes over what an address asks for. */
  set(q) {
    this.input.value = q.get('q') || '';
    this.where.value = q.get('chat') || '';
    this.kind.value = q.get('kind') || '';
    this.deleted.value = q.get('deleted') || '';
    if (this.where.value) this.senders();
    if (q.get('chat') || q.get('kind') || q.get('deleted')) { this.filters.hidden = false; this.more.setAttribute('aria-expanded', 'true'); }
    this.now();
  }

  clear() {
    this.input.value = '';
    for (const el of [this.kind, this.where, this.sender, this.since, this.until, this.deleted]) el.value = '';
    this.filters.hidden = true;
    this.more.setAttribute('aria-expanded', 'false');
    this.now();
  }

  /** active: there is something to look for. */
  get active() {
    return Boolean(this.input.value.trim() || [this.kind, this.where, this.sender, this.since, this.until, this.deleted].some((el) => el.value));
  }

  params() {
    const day = (el, days) => {
      if (!el.value) return undefined;
      const [y, m, d] = el.value.split('-').map(Number);
      return new Date(y, m - 1, d + days).getTime() / 1000;
    };
    return {
      account: this.options.account().id, q: this.input.value.trim(), chat: this.where.value, sender: this.sender.value, kind: this.kind.value, deleted: this.deleted.value,
      from: day(this.since, 0), until: day(this.until, 1), limit: 40,
    };
  }

  // later waits a moment: somebody is typing.
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), 90);
  }

  async now() {
    clearTimeout(this.timer);
    this.going?.abort();
    const filtered = [this.kind, this.where, this.sender, this.since, this.until, this.deleted].some((el) => el.value);
    this.more.classList.toggle('on', filtered);
    this.options.show(this.active ? this.results : null);
    if (!this.active) return;
    this.going = new AbortController();
    const params = this.params();
    const chats = params.q && !filtered ? this.options.list().named(params.q).slice(0, 5) : [];
    const heads = [chats.length ? [h('h2', {class: 'group'}, 'Chats'), chats.map((c) => this.options.list().line(c))] : null];
    try {
      const answer = await get('search', params, this.going.signal);
      learn(answer.peers);
      this.page = {params, next: answer.next};
      this.words = answer;
      const found = answer.hits.length ? (answer.more ? 'More than ' : '') + plural(answer.total, 'message', 'messages') : 'No message';
      replace(this.results, heads, h('h2', {class: 'group'}, found, answer.ready ? '' : ' so far'), answer.ready ? null : h('p', {class: 'note indexing', role: 'status'}, 'The index is being made; there will be more.'), answer.hits.map((hit) => this.line(hit)));
      this.results.scrollTop = 0;
      say(found + (answer.ready ? '' : ' so far'));
      if (!answer.ready) this.timer = setTimeout(() => { if (this.active && this.results.scrollTop < 40 && !this.results.contains(document.activeElement)) this.now(); }, 2500);
    } catch (error) {
      if (error.name === 'AbortError') return;
      replace(this.results, heads, h('p', {class: 'empty', role: 'alert'}, error.message));
    }
  }

  async next() {
    if (!this.page?.next || this.paging) return;
    this.paging = true;
    const page = this.page;
    try {
      const answer = await get('search', {...page.params, before: page.next}, this.going.signal);
      if (page !== this.page) return;
      learn(answer.peers);
      page.next = answer.next;
      this.results.append(...answer.hits.map((hit) => this.line(hit)));
    } catch (error) {
      if (error.name !== 'AbortError') say(error.message);
    } finally {
      this.paging = false;
    }
  }

  line(hit) {
    const who = hit.sender && hit.sender !== hit.chat ? (hit.sender === this.options.account().id ? 'You' : nameOf(hit.sender)) + ': ' : '';
    const marks = [hit.deleted ? h('span', {class: 'mark bad'}, 'deleted ') : null, hit.earlier ? h('span', {class: 'mark'}, 'version ' + hit.version + ' ') : null, parts[hit.part] ? h('span', {class: 'mark'}, parts[hit.part] + ' ') : null];
    const text = hit.snippet.length ? hit.snippet.map((span) => (span.m ? h('mark', {}, span.t) : span.t)) : kindWords[hit.kind] || '…';
    return h('a', {class: 'chat hit', href: this.options.link(hit), title: fullDate(hit.date)}, avatar(hit.chat, '', true),
      h('span', {class: 'title'}, h('span', {class: 'name', dir: 'auto'}, titleOf(hit.chat)), h('span', {class: 'hour'}, when(hit.date))),
      h('span', {class: 'preview', dir: 'auto'}, who ? h('span', {class: 'who'}, who) : null, marks, text));
  }
}


