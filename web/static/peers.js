// Names, pictures and colours of people and chats.

import {h, icon} from './dom.js';
import {mediaURL} from './api.js';

const known = new Map();

/** learn takes over what an answer says of people and chats. */
export function learn(peers) {
  for (const [id, peer] of Object.entries(peers || {})) known.set(id, peer);
}

export const peer = (id) => known.get(id);

/** nameOf is what a user or chat is called. */
export function nameOf(id) {
  const p = known.get(id);
  if (p && p.deleted) return p.name || 'Deleted Account';
  if (p && p.name) return p.name;
  return id ? 'Unknown ' + id : '';
}

/** titleOf is what a chat is called: the one with oneself has a name of its own. */
export const titleOf = (id) => (known.get(id)?.self ? 'Saved Messages' : nameOf(id));

/** hue is one of seven colours, always the same for one id. */
export function hue(id) {
  const digits = String(id || '').replace(/\D/g, '');
  return digits ? Number(BigInt(digits) % 7n) : 0;
}

function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = (w) => (w ? String.fromCodePoint(w.codePointAt(0)) : '');
  return (first(words[0]) + (words.length > 1 ? first(words[words.length - 1]) : '')).toUpperCase();
}

/** avatar draws the picture of a peer, or initials. */
export function avatar(id, extra, chat) {
  const p = known.get(id);
  const saved = chat && p?.self;
  const box = h('span', {class: 'avatar hue' + hue(id) + ' ' + (extra || ''), 'aria-hidden': 'true'});
  if (saved) box.append(icon('save'));
  else box.append(p && p.deleted ? '∅' : initials(nameOf(id)) || '?');
  if (p && p.photo && !saved) {
    const image = h('img', {src: mediaURL(p.photo, 'image/jpeg'), alt: '', loading: 'lazy', decoding: 'async'});
    image.addEventListener('error', () => image.remove(), {once: true});
    box.append(image);
  }
  return box;
}

const hidden = new Map(Object.entries({
  user: 'User', bot: 'Bot', group: 'Group', supergroup: 'Group', channel: 'Channel', chat: 'Group', saved: 'Saved messages',
}));

export const kindName = (kind) => hidden.get(kind) || 'Chat';
