// Texts with their formatting. Offsets count UTF-16 units, as JavaScript's do.

import {h, outward} from './dom.js';
import {mediaURL} from './api.js';
import {fullDate} from './format.js';

/** richText makes nodes of a text and its entities; files says which emoji are stored. */
export function richText(text, files, account) {
  if (!text || !text.text) return [];
  const all = (text.entities || [])
    .map((e) => ({...e, end: Math.min(e.offset + e.length, text.text.length)}))
    .filter((e) => e.offset >= 0 && e.end > e.offset)
    .sort((a, b) => a.offset - b.offset || b.end - a.end);
  return piece(text.text, 0, text.text.length, all, files || {}, account);
}

// piece renders a stretch; entities that begin in it and end behind it are cut there.
function piece(text, from, to, entities, files, account) {
  const nodes = [];
  let at = from;
  for (let i = 0; i < entities.length;) {
    const e = entities[i];
    const end = Math.min(e.end, to);
    if (e.offset < at || e.offset >= to) { i++; continue; }
    if (e.offset > at) nodes.push(text.slice(at, e.offset));
    const inner = [];
    for (i++; i < entities.length && entities[i].offset < end; i++) inner.push(entities[i]);
    nodes.push(format(e, text.slice(e.offset, end), piece(text, e.offset, end, inner, files, account), files, account));
    at = end;
  }
  if (at < to) nodes.push(text.slice(at, to));
  return nodes;
}

function format(e, text, inner, files, account) {
  switch (e.type) {
    case 'bold': return h('strong', {}, inner);
    case 'italic': return h('em', {}, inner);
    case 'underline': return h('u', {}, inner);
    case 'strikethrough': case 'diff_delete': return h('s', {}, inner);
    case 'diff_insert': return h('ins', {}, inner);
    case 'diff_replace': return h('span', {}, h('s', {}, e.old_text || ''), h('ins', {}, inner));
    case 'code': return h('code', {}, inner);
    case 'pre': return h('pre', {}, e.language ? h('span', {class: 'language'}, e.language) : null, h('code', {}, inner));
    case 'blockquote': return h('blockquote', {}, inner);
    case 'spoiler': return spoiler(inner);
    case 'link': return outward(text, inner);
    case 'text_link': return outward(e.url || '', inner);
    case 'email': return outward('mailto:' + text, inner);
    case 'phone': return outward('tel:' + text.replace(/[^\d+]/g, ''), inner);
    case 'mention': return outward('https://t.me/' + encodeURIComponent(text.slice(1)), inner);
    case 'mention_name': return e.user ? h('a', {href: '#/chat/' + e.user, class: 'person'}, inner) : h('span', {}, inner);
    case 'hashtag': case 'cashtag': case 'bot_command':
      return h('a', {href: '#/search?q=' + encodeURIComponent('"' + text + '"')}, inner);
    case 'custom_emoji': return emoji(e.document, text, files);
    case 'formatted_date': return h('time', {title: e.date ? fullDate(e.date) : null}, inner);
    default: return h('span', {}, inner);
  }
}

function spoiler(inner) {
  const el = h('span', {class: 'spoiler', role: 'button', tabindex: '0', 'aria-label': 'Hidden text, press to show'}, inner);
  const show = (event) => {
    if (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ') return;
    if (!el.classList.contains('shown')) event.preventDefault();
    el.classList.add('shown');
    el.removeAttribute('role');
    el.removeAttribute('aria-label');
  };
  el.addEventListener('click', show);
  el.addEventListener('keydown', show);
  return el;
}

/** emoji shows a custom emoji, or the ordinary one in whose place it stands. */
export function emoji(key, alt, files) {
  const file = key && files[key];
  if (file && typeof file.mime === 'string' && file.mime.startsWith('image/')) {
    return h('img', {class: 'emoji', src: mediaURL(key, file.mime), alt: alt || '', loading: 'lazy'});
  }
  if (file && file.mime === 'video/webm') {
    return h('video', {class: 'emoji', src: mediaURL(key, file.mime), muted: true, loop: true, autoplay: true, playsinline: true, 'aria-label': alt || 'emoji'});
  }
  return h('span', {}, alt || '◌');
}
