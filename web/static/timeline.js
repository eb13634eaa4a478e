// The timeline of a chat. However long it is, only some rows are in the document: when the
// scroll position comes near their end, more are asked for by position and those at the
// other end are dropped. The bar at the side stands for the whole.

import {h, icon, say} from './dom.js';
import {get} from './api.js';
import {learn} from './peers.js';
import {row, together} from './message.js';
import {dayOf, count, monthOf} from './format.js';

const PAGE = 40; // messages asked for at once
const STEP = 10; // rows drawn in one frame while somebody scrolls: more would be seen as a jerk
const MOST = 160; // rows in the document
const KEPT = 1500; // messages in memory

export class Timeline {
  /** chat: {account, id, crowd, topic}; told is called with the date at the top. */
  constructor(chat, told) {
    this.chat = chat;
    this.told = told;
    this.total = 0;
    this.from = 0; // places of the rows: from this one
    this.to = 0; // up to this one, without it
    this.messages = new Map(); // by place
    this.asking = new Map(); // pages that are on their way
    this.view = {
      account: chat.account, chat: chat.id, crowd: chat.crowd, topic: chat.topic, files: {}, replies: {}, total: 0,
      at: (place) => this.messages.get(place), pictures: () => this.pictures(),
    };
    this.rows = h('div', {class: 'rows', role: 'feed', 'aria-label': 'Messages', 'aria-busy': 'true'});
    this.scroller = h('div', {class: 'scroller', tabindex: '0', 'aria-label': 'Timeline'}, this.rows);
    this.floating = h('div', {class: 'floating', 'aria-hidden': 'true'});
    this.newest = h('button', {type: 'button', class: 'newest', 'aria-label': 'To the newest message', onclick: () => this.jump({place: this.total - 1})}, icon('down'));
    this.makeBar();
    this.el = h('div', {class: 'timeline'}, this.scroller, this.floating, this.newest, this.bar);
    this.ended = new AbortController();
    let waiting = false;
    this.scroller.addEventListener('scroll', () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; this.moved(); });
    }, {passive: true});
    this.scroller.addEventListener('keydown', (e) => {
      if (e.target !== this.scroller && !e.target.closest('article')) return;
      if (e.key === 'Home') this.jump({place: 0});
      else if (e.key === 'End') this.jump({place: this.total - 1});
      else return;
      e.preventDefault();
    });
    this.rows.addEventListener('click', (e) => {
      const link = e.target.closest('[data-jump]');
      if (!link || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      location.hash = this.link(Number(link.dataset.jump));
    });
    this.sized = new ResizeObserver(() => this.stick());
    this.sized.observe(this.scroller);
    this.sized.observe(this.rows);
  }

  /** link is the address of a message. */
  link(id) {
    const q = new URLSearchParams();
    if (this.chat.topic !== undefined) q.set('topic', this.chat.topic);
    if (this.chat.several) q.set('account', this.chat.account);
    return '#/chat/' + this.chat.id + (id ? '/' + id : '') + (q.size ? '?' + q : '');
  }

  end() {
    this.ended.abort();
    this.sized.disconnect();
    clearTimeout(this.fading);
  }

  // ask fetches messages into memory.
  async ask(params) {
    const answer = await get('window', {account: this.chat.account, chat: this.chat.id, topic: this.chat.topic, ...params}, this.ended.signal);
    learn(answer.peers);
    this.total = this.view.total = answer.total;
    if (answer.edition !== this.edition) {
      this.messages.clear(); // they may have other places now
      this.stale = this.edition !== undefined; // the rows have: until they are drawn again none is added
      this.edition = answer.edition;
    }
    Object.assign(this.view.files, answer.files);
    Object.assign(this.view.replies, answer.replies);
    for (const m of answer.messages) this.messages.set(m.place, m);
    return answer;
  }

  // page fetches what is not in memory of a stretch.
  page(from, to) {
    from = Math.max(0, from);
    to = Math.min(this.total, to);
    let missing = from;
    while (missing < to && this.messages.has(missing)) missing++;
    if (missing >= to) return null;
    const key = from + '-' + to;
    if (!this.asking.has(key)) {
      const edition = this.edition;
      this.asking.set(key, this.ask({from, count: to - from}).then(() => { if (edition !== this.edition && this.stale && this.rows.getAttribute('aria-busy') !== 'true') this.renew(); }).finally(() => this.asking.delete(key)));
    }
    return this.asking.get(key);
  }

  // missing asks for what is not in memory of a stretch that is gone through in one way.
  missing(way, from, to) {
    from = Math.max(0, from);
    to = Math.min(this.total, to);
    let place = way < 0 ? to - 1 : from;
    while (place >= from && place < to && this.messages.has(place)) place += way;
    if (place < from || place >= to) return null;
    return way < 0 ? this.page(place + 1 - PAGE, place + 1) : this.page(place, place + PAGE);
  }

  /** jump shows the message with an id, at a date, or at a place. */
  async jump(to) {
    const near = to.place !== undefined ? to.place : to.id !== undefined ? this.placeOf(to.id) : undefined;
    if (near !== undefined && near >= this.from && near < this.to) {
      this.reveal(near, to);
      return true;
    }
    this.rows.setAttribute('aria-busy', 'true');
    const params = {count: PAGE * 2};
    if (to.place !== undefined) params.from = Math.max(0, to.place - PAGE);
    else if (to.id !== undefined) params.id = to.id;
    else if (to.date !== undefined) params.date = Math.floor(to.date);
    else params.from = 2 ** 31 - 1;
    this.turn = (this.turn || 0) + 1;
    const turn = this.turn;
    const answer = await this.ask(params);
    if (turn !== this.turn) return true; // somebody jumped on meanwhile
    const focus = to.place !== undefined ? to.place : to.id !== undefined || to.date !== undefined ? answer.focus : answer.total - 1;
    this.draw(answer.from, answer.from + answer.messages.length);
    this.reveal(focus, to);
    this.forget();
    return answer.exact;
  }

  /** renew draws what is in view as the archive has it now: the newest message if that is in view. */
  async renew() {
    const turn = this.turn = (this.turn || 0) + 1;
    this.renewing = true;
    const end = this.pinned;
    const top = this.topRow();
    const offset = top?.getBoundingClientRect().top;
    const focused = document.activeElement?.closest('.row')?.dataset.id;
    try {
      const answer = await this.ask(end || !top ? {from: 2 ** 31 - 1, count: PAGE * 2} : {id: Number(top.dataset.id), count: PAGE * 2});
      if (turn !== this.turn) return;
      this.messages.clear();
      for (const m of answer.messages) this.messages.set(m.place, m);
      this.draw(answer.from, answer.from + answer.messages.length);
      const el = this.rowAt(end ? answer.total - 1 : answer.focus);
      if (end) this.scroller.scrollTop = this.scroller.scrollHeight;
      else if (el && top) this.scroller.scrollTop += el.getBoundingClientRect().top - offset;
      if (focused) this.rows.querySelector('[data-id="' + focused + '"] article')?.focus({preventScroll: true});
      this.selected = undefined;
      this.moved();
    } catch (error) {
      if (error.name !== 'AbortError') say('Messages could not be read: ' + error.message);
    } finally {
      if (turn === this.turn) this.renewing = false;
    }
  }

  placeOf(id) {
    const el = this.rows.querySelector('[data-id="' + Number(id) + '"]');
    return el ? Number(el.dataset.place) : undefined;
  }

  draw(from, to) {
    this.stale = this.renewing = false;
    this.from = from;
    this.to = to;
    const rows = document.createDocumentFragment();
    for (let place = from; place < to; place++) rows.append(row(this.messages.get(place), this.view));
    this.rows.replaceChildren(rows);
    if (this.total === 0) this.rows.append(h('p', {class: 'empty'}, 'No messages.'));
    this.rows.setAttribute('aria-busy', 'false');
  }

  rowAt(place) {
    let el = this.rows.children[place - this.from];
    while (el && el.classList.contains('inside') && el.previousElementSibling) el = el.previousElementSibling;
    return el;
  }

  // reveal scrolls to a row; what was asked for by id lights up.
  reveal(place, to) {
    const el = this.rowAt(place);
    if (!el) return;
    const last = place >= this.total - 1 && to.id === undefined;
    if (last) this.scroller.scrollTop = this.scroller.scrollHeight;
    else if (to.date !== undefined || to.place !== undefined) this.scroller.scrollTop += el.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top - 8;
    else el.scrollIntoView({block: 'center'});
    this.pinned = last;
    const article = el.querySelector('article');
    if (to.id !== undefined) {
      this.rows.querySelectorAll('.lit').forEach((old) => old.classList.remove('lit'));
      el.classList.add('lit');
      article?.focus({preventScroll: true});
    }
    if (to.focus) article?.focus({preventScroll: true});
    this.selected = place;
    this.moved();
  }

  // stick keeps the newest message in view while pictures above it come.
  stick() {
    if (this.pinned) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // moved is called at most once a frame.
  moved() {
    const {scrollTop, clientHeight, scrollHeight} = this.scroller;
    const end = scrollHeight - scrollTop - clientHeight < 4 && this.to === this.total;
    this.pinned = end;
    this.el.classList.toggle('at-end', end);
    const margin = clientHeight * 1.5;
    if (scrollTop < margin && this.from > 0) this.extend(-1);
    if (scrollHeight - scrollTop - clientHeight < margin && this.to < this.total) this.extend(1);
    const top = this.topRow();
    if (top) {
      const m = this.messages.get(Number(top.dataset.place));
      this.place = end ? this.total - 1 : Number(top.dataset.place);
      if (m && !m.lost) {
        this.floating.textContent = dayOf(m.date);
        this.floating.classList.add('seen');
        clearTimeout(this.fading);
        this.fading = setTimeout(() => this.floating.classList.remove('seen'), 1500);
        this.told?.(m.date);
      }
      this.drawBar();
    }
  }

  topRow() {
    const box = this.scroller.getBoundingClientRect();
    let low = 0, high = this.rows.children.length - 1;
    while (low < high) { // rows lie one under the other
      const middle = (low + high) >> 1;
      if (this.rows.children[middle].getBoundingClientRect().bottom > box.top + 12) high = middle;
      else low = middle + 1;
    }
    const el = this.rows.children[low];
    return el && el.dataset.place !== undefined ? el : null;
  }

  // extend adds rows at one end and drops as many at the other as are too many.
  async extend(way) {
    if (this.stale && !this.renewing) this.renew();
    if (this.extending || this.stale) return;
    this.extending = true;
    try {
      const from = way < 0 ? Math.max(0, this.from - STEP) : this.to;
      const to = way < 0 ? this.from : Math.min(this.total, this.to + STEP);
      const turn = this.turn;
      for (let tries = 0; tries < 2; tries++) {
        const answer = this.missing(way, from, to);
        if (answer) await answer;
        if (turn !== this.turn || this.stale) return;
      }
      if (this.missing(way, from, to)) return;
      if (turn !== this.turn || (way < 0 ? to !== this.from : from !== this.to)) return;
      this.grow(way, from, to);
      (way < 0 ? this.missing(way, from - PAGE, from) : this.missing(way, to, to + PAGE))?.catch(() => {}); // the next, ahead of time
      this.forget();
    } catch (error) {
      if (error.name !== 'AbortError') say('Messages could not be read: ' + error.message);
    } finally {
      this.extending = false;
    }
    requestAnimationFrame(() => this.moved());
  }

  grow(way, from, to) {
    const top = this.topRow();
    const anchor = top?.nextElementSibling || top; // the row at the top may be drawn anew
    const before = anchor?.getBoundingClientRect().top;
    const rows = document.createDocumentFragment();
    for (let place = from; place < to; place++) rows.append(row(this.messages.get(place), this.view));
    if (way < 0) {
      this.rows.prepend(rows);
      this.from = from;
      this.redraw(to); // its neighbour is known now
      while (this.rows.children.length > MOST) { this.rows.lastElementChild.remove(); this.to--; }
    } else {
      this.rows.append(rows);
      const old = this.to;
      this.to = to;
      if (together(this.messages.get(old - 1), this.messages.get(old))) this.redraw(old - 1);
      while (this.rows.children.length > MOST) { this.rows.firstElementChild.remove(); this.from++; }
    }
    const still = anchor?.isConnected ? anchor : anchor ? this.rowAt(Number(anchor.dataset.place)) : null;
    if (still) this.scroller.scrollTop += still.getBoundingClientRect().top - before;
  }

  // redraw draws the row at a place anew, and those of its album.
  redraw(place) {
    let first = place, last = place;
    while (first > this.from && together(this.messages.get(first - 1), this.messages.get(first))) first--;
    while (last + 1 < this.to && together(this.messages.get(last), this.messages.get(last + 1))) last++;
    for (let at = first; at <= last; at++) {
      const old = this.rows.children[at - this.from];
      if (old && this.messages.has(at)) old.replaceWith(row(this.messages.get(at), this.view));
    }
  }

  // forget drops messages far away from the rows.
  forget() {
    if (this.messages.size <= KEPT) return;
    for (const place of this.messages.keys()) {
      if (place < this.from - 3 * PAGE || place > this.to + 3 * PAGE) this.messages.delete(place);
    }
    const files = {}, replies = {};
    for (const place of this.messages.keys()) {
      const text = JSON.stringify(this.messages.get(place));
      for (const key of text.match(/"(?:photo|document|thumb|sha256|absent):[^"\\]+"/g) || []) files[key.slice(1, -1)] = this.view.files[key.slice(1, -1)];
      const r = this.messages.get(place).reply;
      if (r?.message_id) {
        const name = (r.peer || this.chat.id) + '/' + r.message_id;
        replies[name] = this.view.replies[name];
      }
    }
    this.view.files = files;
    this.view.replies = replies;
  }

  /** step selects the next message, or the one before. */
  async step(by) {
    const box = this.scroller.getBoundingClientRect();
    let place = this.selected;
    const now = place === undefined ? null : this.rowAt(place);
    const seen = now?.getBoundingClientRect();
    if (!seen || seen.bottom < box.top || seen.top > box.bottom) place = Number(this.topRow()?.dataset.place ?? this.from) - (by > 0 ? 1 : 0);
    do place += by; while (this.rows.children[place - this.from]?.classList.contains('inside'));
    place = Math.min(Math.max(place, 0), this.total - 1);
    if (place < this.from || place >= this.to) return;
    const el = this.rowAt(place);
    this.selected = place;
    this.pinned = false;
    el.querySelector('article')?.focus({preventScroll: true});
    el.scrollIntoView({block: 'nearest'});
  }

  // pictures are what the full view steps through.
  pictures() {
    const items = [];
    for (let place = this.from; place < this.to; place++) {
      const m = this.messages.get(place);
      const f = m?.media?.kind === 'photo' ? m.media.file : null;
      if (f && this.view.files[f.key] === true) items.push({url: 'media/' + encodeURIComponent(f.key) + '?type=image%2Fjpeg', file: f, name: 'photo_' + m.id + '.jpg', caption: m.text?.text?.slice(0, 200)});
    }
    return items;
  }

  // The bar at the side: a slider over all messages.
  makeBar() {
    this.thumb = h('div', {class: 'thumb'});
    this.tip = h('div', {class: 'tip', 'aria-hidden': 'true'});
    this.bar = h('div', {class: 'bar-side', role: 'slider', tabindex: '0', 'aria-orientation': 'vertical', 'aria-label': 'Position in the chat', 'aria-valuemin': '1'}, this.thumb, this.tip);
    const placeAt = (e) => {
      const box = this.bar.getBoundingClientRect();
      return Math.round(Math.min(Math.max((e.clientY - box.top) / box.height, 0), 1) * (this.total - 1));
    };
    let dragging = false, asked = 0;
    const hint = async (place) => {
      this.tip.style.setProperty('--at', (100 * place) / Math.max(1, this.total - 1) + '%');
      const turn = ++asked;
      const m = this.messages.get(place);
      if (m && !m.lost) { this.tip.textContent = dayOf(m.date); return; }
      await new Promise((done) => setTimeout(done, 60));
      if (turn !== asked) return;
      try {
        const answer = await get('date', {account: this.chat.account, chat: this.chat.id, topic: this.chat.topic, place}, this.ended.signal);
        if (turn === asked) this.tip.textContent = dayOf(answer.date);
      } catch { /* it stays as it is */ }
    };
    this.bar.addEventListener('pointerdown', (e) => {
      dragging = true;
      this.bar.setPointerCapture(e.pointerId);
      this.bar.classList.add('held');
      this.drawBar(placeAt(e));
      hint(placeAt(e));
    });
    this.bar.addEventListener('pointermove', (e) => {
      if (this.total === 0) return;
      if (dragging) this.drawBar(placeAt(e));
      hint(placeAt(e));
    });
    this.bar.addEventListener('pointerup', (e) => {
      if (!dragging) return;
      dragging = false;
      this.bar.classList.remove('held');
      this.jump({place: placeAt(e)}).catch((error) => say(error.message));
    });
    this.bar.addEventListener('keydown', (e) => {
      const by = {ArrowUp: -1, ArrowDown: 1, PageUp: -0.1 * this.total, PageDown: 0.1 * this.total, Home: -this.total, End: this.total}[e.key];
      if (by === undefined) return;
      e.preventDefault();
      e.stopPropagation();
      const step = Math.abs(by) === 1 ? by * Math.max(1, Math.round(this.total / 100)) : Math.round(by);
      this.jump({place: Math.min(Math.max((this.place || 0) + step, 0), this.total - 1)}).catch((error) => say(error.message));
    });
  }

  drawBar(place = this.place || 0) {
    const share = this.total > 1 ? place / (this.total - 1) : 1;
    this.bar.hidden = this.total <= (this.to - this.from) && this.scroller.scrollHeight <= this.scroller.clientHeight;
    this.thumb.style.setProperty('--at', 100 * share + '%');
    this.bar.setAttribute('aria-valuemax', Math.max(1, this.total));
    this.bar.setAttribute('aria-valuenow', place + 1);
    const m = this.messages.get(place);
    this.bar.setAttribute('aria-valuetext', 'message ' + count(place + 1) + ' of ' + count(this.total) + (m && !m.lost ? ', ' + monthOf(m.date) : ''));
  }
}
