// One message as a row of the timeline.

import {h, icon, add} from './dom.js';
import {get} from './api.js';
import {avatar, hue, nameOf, peer, learn} from './peers.js';
import {clock, when, fullDate, dayOf, dayKey, brief as shortCount, plural} from './format.js';
import {richText, emoji} from './text.js';
import {attachment, mosaic, has, frame} from './media.js';
import {actionText} from './service.js';

const visual = (m) => m.media && (m.media.kind === 'photo' || (m.media.kind === 'document' && (m.media.video || m.media.animation) && !m.media.sticker && !m.media.round_video));

/** together: two messages that follow each other are shown as one album. */
export const together = (a, b) => Boolean(a && b && a.album && a.album === b.album);

const mine = (m, view) => !m.post && (m.out || m.from === view.account);

const follows = (before, m) => before && !before.action && !m.action && before.from === m.from && Boolean(before.out) === Boolean(m.out) &&
  m.date - before.date < 600 && dayKey(before.date) === dayKey(m.date) && (before.author || '') === (m.author || '');

/** row makes the element of a message. view: {account, chat, files, replies, at(place), total}. */
export function row(m, view) {
  const before = view.at(m.place - 1);
  const el = h('div', {class: 'row', 'data-place': m.place, 'data-id': m.id});
  if (together(before, m) && !m.lost) {
    el.classList.add('inside'); // it is shown with the first of its album
    return el;
  }
  if (!m.lost && (!before || before.lost || dayKey(before.date) !== dayKey(m.date))) el.append(h('div', {class: 'day'}, h('span', {}, dayOf(m.date))));
  el.append(m.lost ? lost(m, view) : m.action ? service(m, view) : bubble(m, before, view));
  return el;
}

function article(m, view, props, ...children) {
  return h('article', {tabindex: '-1', 'aria-posinset': m.place + 1, 'aria-setsize': view.total, ...props}, ...children);
}

function lost(m, view) {
  return article(m, view, {class: 'service'}, h('span', {class: 'chip bad'}, icon('warn'), 'Message ' + m.id + ' cannot be read: the vault is damaged there'));
}

function service(m, view) {
  const photo = m.action.photo;
  return article(m, view, {class: 'service' + (m.deleted ? ' deleted' : ''), 'aria-label': fullDate(m.date)},
    h('span', {class: 'chip', title: fullDate(m.date)}, actionText(m), m.deleted ? h('span', {class: 'mark bad'}, ' deleted') : null),
    photo && has(view.files, photo.key) ? h('div', {class: 'portrait'}, attachment({kind: 'photo', file: photo}, context(m, view))) : null);
}

const context = (m, view) => ({files: view.files, account: view.account, message: m, around: view.pictures});

function bubble(m, before, view) {
  const own = mine(m, view);
  const group = [m];
  for (let next = view.at(m.place + 1); together(m, next) && group.length < 12; next = view.at(m.place + group.length)) group.push(next);
  const joined = follows(before, m);
  const here = group.length > 1 && group.every(visual);
  const pictured = here || visual(m);
  const body = h('div', {class: 'bubble' + (pictured ? ' pictured' : '') + (isBare(m) ? ' bare' : ''), vars: pictured ? {'--wide': here ? '420px' : widthOf(m.media)} : {}});
  const many = view.crowd && !own;
  if (!joined && many && !isBare(m)) body.append(sender(m));
  add(body, [forwarded(m), quote(m, view), via(m)]);
  const media = here ? mosaic(group, (one) => context(one, view)) : group.map((one) => attachment(one.media, context(one, view)));
  const texts = words(group, view);
  if (m.media?.kind === 'webpage' || m.invert_media) add(body, [texts, media]);
  else add(body, [media, texts]);
  add(body, [extras(m, view), reactions(m, view), foot(group, view)]);
  const gone = group.every((one) => one.deleted);
  return article(m, view, {
    class: 'message' + (own ? ' own' : '') + (joined ? ' joined' : '') + (gone ? ' deleted' : ''),
    'aria-label': (own ? 'You' : nameOf(m.from) || nameOf(view.chat)) + ', ' + fullDate(m.date) + (gone ? ', deleted in Telegram' : ''),
  }, many ? (joined ? h('span', {class: 'avatar none'}) : avatar(m.from || view.chat, 'small')) : null, h('div', {class: 'stack'}, body, keyboard(m)));
}

// widthOf keeps the text under a picture as wide as that.
function widthOf(media) {
  const f = media.file;
  return Math.max(220, frame(f, 420).wide) + 'px';
}

// isBare: a sticker or an emoji alone needs no bubble around it.
const isBare = (m) => Boolean(m.media && (m.media.sticker || m.media.round_video) && !m.text?.text);

function sender(m) {
  if (!m.from) return null;
  const p = peer(m.from);
  return h('div', {class: 'sender tint' + hue(m.from)}, h('a', {href: '#/chat/' + m.from}, nameOf(m.from)),
    p?.verified ? h('span', {class: 'badge', title: 'verified by Telegram'}, icon('check')) : null, p?.scam ? h('span', {class: 'mark bad'}, 'scam') : null,
    m.rank ? h('span', {class: 'rank'}, m.rank) : null);
}

function forwarded(m) {
  const f = m.forward;
  if (!f) return null;
  const name = f.from ? h('a', {href: '#/chat/' + f.from + (f.message_id ? '/' + f.message_id : '')}, nameOf(f.from)) : f.from_name || f.saved_from_name || 'somebody';
  return h('div', {class: 'origin'}, icon('forward'), h('span', {}, f.imported ? 'Imported from ' : 'Forwarded from ', name, f.author ? ' (' + f.author + ')' : ''),
    f.date ? h('span', {class: 'note', title: fullDate(f.date)}, ' ' + when(f.date)) : null);
}

function via(m) {
  return m.via_bot ? h('div', {class: 'note'}, 'via ', h('a', {href: '#/chat/' + m.via_bot}, nameOf(m.via_bot))) : null;
}

function quote(m, view) {
  const r = m.reply;
  if (!r) return null;
  const chat = r.peer || view.chat;
  if (r.story) return h('div', {class: 'quote reply'}, 'Reply to a story of ', nameOf(r.peer));
  if (!r.message_id && !r.quote && !r.from) return null;
  const found = view.replies[chat + '/' + r.message_id];
  if (found === undefined && !r.quote && view.topic && String(r.message_id) === String(view.topic)) return null;
  if (m.topic && r.message_id === m.topic && !r.quote && (!found || found.action)) return null; // it only says which topic
  const who = found ? (found.out ? 'You' : nameOf(found.from) || nameOf(chat)) : r.from ? nameOf(r.from.from) || r.from.from_name : '';
  const text = r.quote ? richText(r.quote, view.files) : found ? summary(found) : r.message_id ? 'Message ' + r.message_id + ' is not in the archive' : 'A message of another chat';
  const inside = [h('span', {class: 'name tint' + hue(found?.from)}, who || 'Reply'), h('span', {class: 'line'}, text)];
  return found ? h('a', {class: 'quote reply', href: '#/chat/' + chat + '/' + r.message_id, 'data-jump': r.peer && r.peer !== view.chat ? null : r.message_id, 'aria-label': 'In reply to ' + who}, inside) : h('div', {class: 'quote reply'}, inside);
}

/** kindWords name what a message carries. */
export const kindWords = {
  photo: 'Photo', video: 'Video', animation: 'GIF', voice: 'Voice message', round: 'Video message', sticker: 'Sticker', audio: 'Music', file: 'File', poll: 'Poll',
  location: 'Location', live_location: 'Live location', venue: 'Place', contact: 'Contact', game: 'Game', invoice: 'Invoice', todo: 'To-do list', giveaway: 'Giveaway',
  giveaway_results: 'Winners', paid: 'Paid media', dice: 'Dice', story: 'Story', unsupported: 'Media', video_stream: 'Stream', preview: 'Paid media', video_message: 'Video message', service: 'Service message', link: 'Link', text: 'Text',
};

/** summary is a message in a line of text. */
export function summary(b) {
  if (b.action) return add(document.createElement('span'), actionText(b)).textContent;
  if (b.kind === 'webpage') return b.text || 'Link';
  const word = b.kind ? kindWords[b.kind] || b.kind : '';
  return [word ? word + (b.detail ? ' ' + b.detail : '') : '', b.text].filter(Boolean).join(' · ') || '…';
}

function words(group, view) {
  return group.filter((one) => one.text?.text || one.rich).map((one) => {
    const only = !one.media && !one.rich && isEmoji(one.text.text);
    return h('div', {class: 'text' + (only ? ' large' : ''), dir: 'auto'}, richText(one.text?.text ? one.text : one.rich, view.files, view.account),
      one.rich_part ? h('div', {class: 'note'}, 'The rest of this article was not sent.') : null);
  });
}

const isEmoji = (text) => text.length <= 12 && /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\u200d|\ufe0f|\s)+$/u.test(text) && /\p{Extended_Pictographic}/u.test(text);

function extras(m, view) {
  return [
    (m.rich_media || []).map((one) => attachment(one, context(m, view))),
    m.fact_check ? h('div', {class: 'quote'}, h('div', {class: 'name'}, 'Fact check'), richText(m.fact_check, view.files)) : null,
    m.unsupported && !m.media ? h('div', {class: 'notice'}, icon('warn'), h('span', {}, 'A message of a kind that this version does not know; it is stored all the same')) : null,
  ];
}

function keyboard(m) {
  const rows = m.buttons || [];
  if (!rows.length) return null;
  return h('div', {class: 'keyboard'}, rows.map((line) => h('div', {}, line.map((b) => h('span', {class: 'key', title: b.type}, b.text || b.type)))));
}

function reactions(m, view) {
  if (!m.reactions?.length) return null;
  return h('div', {class: 'reactions', role: 'group', 'aria-label': 'Reactions'}, m.reactions.map((r) => h('span', {
    class: 'reaction' + (r.chosen ? ' chosen' : ''), title: (r.recent || []).map((one) => nameOf(one.from)).join(', ') || null,
  }, r.type === 'custom_emoji' ? emoji(r.document, '◌', view.files) : r.type === 'paid' ? '⭐' : r.emoji || '◌', ' ', shortCount(r.count))));
}

function foot(group, view) {
  const m = group[0];
  const last = group[group.length - 1];
  const versions = Math.max(...group.map((one) => one.versions || 0));
  const many = group.find((one) => one.versions === versions);
  const parts = [
    m.pinned ? h('span', {title: 'pinned'}, icon('pin')) : null,
    group.some((one) => one.deleted) ? h('span', {class: 'mark bad'}, icon('trash'), 'deleted') : null,
    m.views ? h('span', {title: plural(m.views, 'view', 'views')}, icon('eye'), shortCount(m.views)) : null,
    m.replies ? h('span', {title: plural(m.replies, 'comment', 'comments')}, icon('reply'), shortCount(m.replies)) : null,
    m.imported ? h('span', {class: 'mark', title: 'taken from an export: ' + m.imported}, 'imported') : null,
    m.author ? h('span', {class: 'author'}, m.author) : null,
    versions > 1 ? h('button', {type: 'button', class: 'mark', 'aria-label': 'Show ' + versions + ' versions', onclick: () => history(many, view)}, icon('edit'), m.edited && !m.edit_hidden ? 'edited · ' : '', versions + ' versions') : m.edited && !m.edit_hidden ? h('span', {class: 'mark', title: fullDate(m.edited)}, 'edited') : null,
    h('a', {class: 'hour', href: '#/chat/' + view.chat + '/' + m.id, title: fullDate(last.date)}, h('time', {datetime: new Date(last.date * 1000).toISOString()}, clock(last.date))),
  ];
  return h('div', {class: 'foot'}, parts);
}

/** history shows all versions of a message. */
async function history(m, view) {
  const list = h('div', {class: 'versions'}, 'Reading …');
  const dialog = h('dialog', {class: 'sheet-dialog', 'aria-label': 'Versions of a message'},
    h('header', {}, h('h2', {}, 'Versions of message ' + m.id), h('button', {type: 'button', class: 'round-button', 'aria-label': 'Close', onclick: () => dialog.close()}, icon('close'))), list);
  dialog.addEventListener('click', (e) => { if (e.target === dialog) dialog.close(); });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const answer = await get('versions', {account: view.account, chat: view.chat, id: m.id});
    learn(answer.peers);
    list.replaceChildren(...answer.versions.map((v, i) => {
      const c = {files: answer.files, account: view.account};
      const earlier = answer.versions[i - 1];
      const same = earlier && JSON.stringify([earlier.text, earlier.media]) === JSON.stringify([v.text, v.media]);
      return h('section', {}, h('h3', {}, 'Version ' + (i + 1) + (i + 1 === answer.versions.length ? ', the latest' : '')),
        h('div', {class: 'note'}, v.edited ? 'edited ' + fullDate(v.edited) : 'sent ' + fullDate(v.date), ' · archived ' + fullDate(v.seen), v.imported ? ' · imported (' + v.imported + ')' : ''),
        attachment(v.media, c), h('div', {class: 'text', dir: 'auto'}, richText(v.text?.text ? v.text : v.rich, answer.files)),
        same ? h('div', {class: 'note'}, 'Text and media are as before; counters, reactions or buttons changed.') : null);
    }));
  } catch (error) {
    list.textContent = error.message;
  }
}


