// What a message carries: pictures, videos, sounds, files, places, polls.

import {h, icon, outward} from './dom.js';
import {mediaURL} from './api.js';
import {avatar, nameOf} from './peers.js';
import {duration, size, count, plural, fullDate, span} from './format.js';
import {richText} from './text.js';
import {show} from './lightbox.js';

const reasons = {
  excluded: 'left out by the rules', too_large: 'too large for the rules', unavailable: 'not on Telegram’s servers any more',
  protected: 'its chat forbids saving', self_destruct: 'it destroys itself', failed: 'not fetched yet, will be tried again',
  pruned: 'taken out of the vault', unknown: 'not in the archive',
};

export const why = (file) => reasons[file?.missing] || reasons.unknown;
export const has = (files, key) => Boolean(files[key]) && !files[key].missing;

/** attachment makes the elements of a message's media; context has files, and siblings for the full view. */
export function attachment(media, context) {
  if (!media) return [];
  const make = {
    photo, document: documentOf, contact, location: place, live_location: place, venue: place, game, invoice, poll, todo, giveaway,
    giveaway_results: results, paid, webpage: (m, c) => preview(m.webpage, c), dice: (m) => [h('div', {class: 'big'}, m.emoji || '🎲', h('span', {class: 'note'}, ' ' + (m.value || '')))],
    story, unsupported: () => [note('warn', 'Media of a kind that this version does not know; it is stored all the same')],
    video_stream: () => [note('play', 'Live stream')], preview: unpaid,
  }[media.kind];
  return make ? make(media, context) : [note('warn', 'Media: ' + media.kind)];
}

export const note = (sign, ...text) => h('div', {class: 'notice'}, icon(sign), h('span', {}, ...text));

/** frame fits a picture into the space it gets, so that nothing moves when it comes. */
export function frame(file, most) {
  const w = file?.width || 320, ht = file?.height || 240;
  const scale = Math.min(1, most / w, most / ht);
  const wide = Math.max(90, Math.round(w * scale));
  return {wide, '--w': wide + 'px', '--ratio': String(Math.min(Math.max(w / ht, 0.4), 3))};
}

function absent(file, files, what) {
  return h('div', {class: 'absent', vars: frame(file, 320)}, icon('warn'), h('span', {}, what + ': ' + why(files[file?.key])));
}

function photo(m, c) {
  if (!m.file) return [note('warn', m.ttl ? 'A photo that destroyed itself' : 'A photo that is gone')];
  if (!has(c.files, m.file.key)) return [absent(m.file, c.files, 'Photo')];
  const url = mediaURL(m.file.key, 'image/jpeg');
  const item = {kind: 'photo', url, file: m.file, name: 'photo.jpg', context: c};
  return [veil(m, h('button', {class: 'frame', type: 'button', vars: frame(m.file, c.most || 420), 'aria-label': 'Photo, open', onclick: () => show(item)},
    image(url, 'Photo')))];
}

function image(url, alt, otherwise) {
  const el = h('img', {src: url, alt, loading: 'lazy', decoding: 'async'});
  el.addEventListener('error', () => el.replaceWith(otherwise || h('span', {class: 'broken'}, icon('warn'), 'cannot be shown')), {once: true});
  return el;
}

// veil hides what was sent as a spoiler until it is asked for.
function veil(m, el) {
  if (!m.spoiler) return el;
  const cover = h('div', {class: 'veiled'}, el, h('button', {type: 'button', class: 'veil', onclick: () => cover.classList.add('shown')}, 'Show hidden media'));
  return cover;
}

function documentOf(m, c) {
  const f = m.file;
  if (!f) return [note('warn', m.ttl ? 'Media that destroyed itself' : 'A file that is gone')];
  if (m.sticker) return [sticker(m, c)];
  if (m.voice || m.audio) return [sound(m, c)];
  if (!has(c.files, f.key)) {
    const what = m.round_video ? 'Video message' : m.animation ? 'GIF' : m.video ? 'Video' : f.name || 'File';
    return [m.video || m.animation || m.round_video ? absent(f, c.files, what) : fileLine(f, c)];
  }
  if (m.round_video || m.video || m.animation) return [veil(m, moving(m, c))];
  if (/^image\/(jpeg|png|webp|gif)$/.test(f.mime || '') && f.width) return [picture(m, c), fileLine(f, c)];
  return [fileLine(f, c, m.thumb)];
}

function picture(m, c) {
  const url = mediaURL(m.file.key, m.file.mime);
  const thumb = m.thumb && has(c.files, m.thumb.key) ? mediaURL(m.thumb.key, 'image/jpeg') : url;
  return h('button', {class: 'frame', type: 'button', vars: frame(m.file, 320), 'aria-label': 'Picture, open',
    onclick: () => show({kind: 'photo', url, file: m.file, name: m.file.name || 'picture', context: c})}, image(thumb, 'Picture'));
}

function moving(m, c) {
  const f = m.file;
  const url = mediaURL(f.key, f.mime || 'video/mp4');
  const poster = [m.cover, m.thumb].find((t) => t && has(c.files, t.key));
  const label = m.round_video ? 'Video message' : m.animation ? 'GIF' : 'Video';
  const box = h('div', {class: 'frame moving' + (m.round_video ? ' round' : ''), vars: frame(f, m.round_video ? 240 : c.most || 420)});
  const start = h('button', {type: 'button', class: 'start', 'aria-label': 'Play ' + label.toLowerCase() + ', ' + duration(f.duration)}, icon('play'));
  const tag = h('span', {class: 'tag'}, m.animation ? 'GIF' : duration(f.duration) + ' · ' + size(f.size));
  if (poster) box.append(image(mediaURL(poster.key, 'image/jpeg'), ''));
  start.addEventListener('click', () => {
    const v = h('video', {src: url, controls: !m.animation, loop: m.animation, playsinline: true, 'aria-label': label});
    v.muted = Boolean(m.animation);
    v.addEventListener('error', () => v.replaceWith(h('div', {class: 'broken'}, icon('warn'), 'This browser cannot play it. ', h('a', {href: mediaURL(f.key, '', f.name || 'video.mp4')}, 'Save it'))), {once: true});
    box.replaceChildren(v);
    alone(v);
    v.play().catch(() => {});
  });
  box.append(start, tag);
  return box;
}

function sticker(m, c) {
  const f = m.file;
  const vars = frame({width: f.width || 200, height: f.height || 200}, 180);
  const alt = 'Sticker ' + (m.sticker_emoji || '');
  const sign = () => h('div', {class: 'big', role: 'img', 'aria-label': alt}, m.sticker_emoji || '◌');
  const still = m.thumb && has(c.files, m.thumb.key) ? image(mediaURL(m.thumb.key, m.thumb.mime || 'image/webp'), alt, sign()) : null;
  let shown = still;
  if (has(c.files, f.key) && /^image\/(webp|png|jpeg|gif)$/.test(f.mime || '')) shown = image(mediaURL(f.key, f.mime), alt, still || sign());
  if (has(c.files, f.key) && f.mime === 'video/webm') {
    shown = h('video', {src: mediaURL(f.key, f.mime), loop: true, playsinline: true, 'aria-label': alt});
    shown.muted = true;
    shown.autoplay = !matchMedia('(prefers-reduced-motion: reduce)').matches;
    const video = shown;
    video.addEventListener('error', () => video.replaceWith(still || sign()), {once: true});
  }
  return shown ? h('div', {class: 'frame sticker', vars}, shown) : sign();
}

// Only one thing sounds at a time.
let sounding = null;

function alone(el) {
  el.addEventListener('play', () => {
    if (sounding && sounding !== el) sounding.pause();
    sounding = el;
  });
}

/** sound is a voice message or a piece of music. */
function sound(m, c) {
  const f = m.file;
  const title = m.voice ? 'Voice message' : [m.performer, m.song_title].filter(Boolean).join(' – ') || f.name || 'Audio';
  if (!has(c.files, f.key)) return note('warn', title + ': ' + why(c.files[f.key]));
  const player = h('audio', {preload: 'none', src: mediaURL(f.key, f.mime || (m.voice ? 'audio/ogg' : 'audio/mpeg'))});
  alone(player);
  const button = h('button', {type: 'button', class: 'disc', 'aria-label': 'Play ' + title}, icon('play'));
  const bar = h('input', {type: 'range', min: 0, max: Math.max(1, f.duration || 1), step: 'any', value: 0, 'aria-label': 'Position in ' + title});
  const time = h('span', {class: 'time'}, duration(f.duration));
  const speed = m.voice ? h('button', {type: 'button', class: 'speed', 'aria-label': 'Speed'}, '1×') : null;
  speed?.addEventListener('click', () => {
    player.playbackRate = {1: 1.5, 1.5: 2, 2: 1}[player.playbackRate] || 1;
    speed.textContent = player.playbackRate + '×';
  });
  const draw = () => {
    button.replaceChildren(icon(player.paused ? 'play' : 'pause'));
    button.setAttribute('aria-label', (player.paused ? 'Play ' : 'Pause ') + title);
    const total = Number.isFinite(player.duration) ? player.duration : f.duration || 0;
    bar.max = Math.max(0.1, total);
    bar.value = player.currentTime;
    bar.style.setProperty('--at', (100 * player.currentTime) / bar.max + '%');
    time.textContent = player.currentTime > 0 ? duration(player.currentTime) + ' / ' + duration(total) : duration(total);
  };
  for (const event of ['play', 'pause', 'timeupdate', 'ended', 'loadedmetadata']) player.addEventListener(event, draw);
  player.addEventListener('error', () => { time.textContent = 'cannot be played'; });
  bar.addEventListener('input', () => { player.currentTime = Number(bar.value); });
  button.addEventListener('click', () => (player.paused ? player.play().catch(() => {}) : player.pause()));
  return h('div', {class: 'sound', role: 'group', 'aria-label': title}, button,
    h('div', {class: 'track'}, m.voice ? null : h('div', {class: 'title'}, title), bar, h('div', {class: 'under'}, time, speed, m.voice ? null : saveLink(f, c))), player);
}

function saveLink(f, c) {
  return has(c.files, f.key) ? h('a', {class: 'save', href: mediaURL(f.key, '', f.name || 'file'), 'aria-label': 'Save ' + (f.name || 'file')}, 'save') : null;
}

function fileLine(f, c, thumb) {
  const name = f.name || 'File';
  const there = has(c.files, f.key);
  const small = thumb && has(c.files, thumb.key) ? image(mediaURL(thumb.key, 'image/jpeg'), '') : h('span', {class: 'ending'}, (/\.([a-z0-9]{1,4})$/i.exec(name) || ['', 'file'])[1]);
  const about = size(f.size) + (there ? '' : ' · ' + why(c.files[f.key]));
  const inside = [h('span', {class: 'sheet' + (there ? '' : ' gone')}, small), h('span', {class: 'about'}, h('span', {class: 'name'}, name), h('span', {class: 'note'}, about))];
  return there ? h('a', {class: 'file', href: mediaURL(f.key, '', name), title: 'Save ' + name}, inside) : h('div', {class: 'file'}, inside);
}

function contact(m) {
  const k = m.contact || {};
  const name = [k.first_name, k.last_name].filter(Boolean).join(' ');
  return [h('div', {class: 'card'}, avatar(k.user || '', 'small'), h('div', {},
    k.user ? h('a', {href: '#/chat/' + k.user, class: 'name'}, name || nameOf(k.user)) : h('div', {class: 'name'}, name), k.phone ? h('div', {class: 'note'}, '+' + String(k.phone).replace(/^\+/, '')) : null))];
}

function place(m) {
  const p = m.place || {};
  if (!p.valid) return [note('place', 'A place without coordinates')];
  const at = p.latitude.toFixed(5) + ', ' + p.longitude.toFixed(5);
  return [h('div', {class: 'card'}, h('span', {class: 'disc'}, icon('place')), h('div', {},
    h('div', {class: 'name'}, p.title || (m.kind === 'live_location' ? 'Live location' : 'Location')), p.address ? h('div', {class: 'note'}, p.address) : null,
    h('div', {class: 'note'}, at, ' · ', outward('https://www.openstreetmap.org/?mlat=' + p.latitude + '&mlon=' + p.longitude + '#map=16/' + p.latitude + '/' + p.longitude, 'open a map')),
    m.kind === 'live_location' && p.period ? h('div', {class: 'note'}, 'shared for ' + span(p.period)) : null))];
}

function game(m, c) {
  const g = m.game || {};
  return [h('div', {class: 'quote'}, h('div', {class: 'name'}, g.title || 'Game'), h('div', {}, g.description || ''),
    g.photo && has(c.files, g.photo.key) ? photo({file: g.photo}, c) : null)];
}

function invoice(m, c) {
  const i = m.invoice || {};
  return [h('div', {class: 'quote'}, h('div', {class: 'name'}, i.title || 'Invoice'), h('div', {}, i.description || ''),
    h('div', {class: 'note'}, [i.amount ? (i.currency === 'XTR' ? count(i.amount) + ' stars' : (i.amount / 100).toFixed(2) + ' ' + (i.currency || '')) : '', i.test ? 'test' : '', i.receipt ? 'paid' : ''].filter(Boolean).join(' · '))),
  ...(m.extended || []).flatMap((e) => attachment(e, c))];
}

function poll(m, c) {
  const p = m.poll || {};
  const total = p.voters || 0;
  const kind = [p.closed ? 'closed' : '', p.public ? 'public' : 'anonymous', p.quiz ? 'quiz' : 'poll', p.multiple ? 'several answers' : ''].filter(Boolean).join(' ');
  return [m.attached ? attachment(m.attached, c) : null, h('div', {class: 'poll', role: 'group', 'aria-label': 'Poll'},
    h('div', {class: 'name'}, richText(p.question, c.files)), h('div', {class: 'note'}, kind),
    h('ul', {}, (p.answers || []).map((a) => {
      const share = total > 0 ? Math.round((100 * (a.voters || 0)) / total) : 0;
      return h('li', {class: (a.chosen ? 'chosen ' : '') + (a.correct ? 'correct' : '')},
        h('span', {class: 'share'}, share + '%'), h('span', {}, richText(a.text, c.files), a.chosen ? h('span', {class: 'unseen'}, ' (chosen)') : null, a.media ? attachment(a.media, c) : null),
        h('span', {class: 'bar', vars: {'--at': share + '%'}}), h('span', {class: 'note votes'}, plural(a.voters || 0, 'vote', 'votes')));
    })),
    h('div', {class: 'note'}, plural(total, 'voter', 'voters')), p.solution ? h('div', {class: 'note'}, richText(p.solution, c.files)) : null)];
}

function todo(m, c) {
  const t = m.todo || {};
  return [h('div', {class: 'poll'}, h('div', {class: 'name'}, richText(t.title, c.files)), h('ul', {class: 'tasks'}, (t.items || []).map((i) =>
    h('li', {class: i.completed_by || i.completed_at ? 'done' : ''}, h('span', {class: 'tick', role: 'img', 'aria-label': i.completed_by || i.completed_at ? 'done' : 'open'}, i.completed_by || i.completed_at ? icon('check') : null),
      h('span', {}, richText(i.text, c.files), i.completed_by ? h('span', {class: 'note'}, ' ' + nameOf(i.completed_by)) : null)))))];
}

function giveaway(m) {
  const g = m.giveaway || {};
  return [h('div', {class: 'quote'}, h('div', {class: 'name'}, 'Giveaway'), h('div', {}, [plural(g.quantity || 0, 'prize', 'prizes'), g.prize, g.months ? 'Premium for ' + plural(g.months, 'month', 'months') : '', g.stars ? plural(g.stars, 'star', 'stars') : ''].filter(Boolean).join(', ')),
    g.until ? h('div', {class: 'note'}, 'until ' + fullDate(g.until)) : null)];
}

function results(m) {
  const g = m.results || {};
  return [h('div', {class: 'quote'}, h('div', {class: 'name'}, 'Winners of a giveaway'), h('div', {}, plural(g.count || 0, 'winner', 'winners')), h('div', {class: 'note'}, (g.winners || []).map((w) => nameOf(w)).join(', ')))];
}

function paid(m, c) {
  return [note('eye', 'Paid media: ' + plural(m.stars || 0, 'star', 'stars')), ...(m.extended || []).flatMap((e) => attachment(e, c))];
}

function unpaid(m) {
  return [note('eye', 'Media that was not paid for' + (m.preview?.duration ? ', ' + duration(m.preview.duration) : ''))];
}

function story(m, c) {
  const t = m.story || {};
  return [h('div', {class: 'quote'}, h('div', {class: 'name'}, t.mention ? 'Mentioned in a story of ' : 'Story of ', nameOf(t.peer)), t.date ? h('div', {class: 'note'}, fullDate(t.date)) : null,
    t.media ? attachment(t.media, c) : null, t.caption ? h('div', {}, richText(t.caption, c.files)) : null)];
}

/** preview is what Telegram showed of a link. */
function preview(p, c) {
  if (!p) return [];
  const wide = p.photo && (p.photo.width || 0) > 300 && p.type !== 'article';
  const shot = p.photo && has(c.files, p.photo.key) ? photo({file: p.photo}, {...c, most: wide ? 380 : 120}) : null;
  return [h('div', {class: 'quote preview' + (shot && !wide ? ' beside' : '')}, h('div', {},
    p.site ? h('div', {class: 'site'}, p.site) : null, p.title ? h('div', {class: 'name'}, p.url ? outward(p.url, p.title) : p.title) : null,
    p.description ? h('div', {class: 'words'}, p.description) : null, p.author ? h('div', {class: 'note'}, p.author) : null), shot,
  p.document && has(c.files, p.document.key) ? documentOf({file: p.document, video: (p.document.mime || '').startsWith('video/'), animation: p.type === 'gif'}, c) : null)];
}

/** mosaic lays the pictures and videos of an album out in rows. */
export function mosaic(messages, context) {
  const tiles = messages.map((m) => {
    const c = {...context(m), most: 480};
    return h('div', {class: 'tile', 'data-id': m.id}, attachment(m.media, c));
  });
  const rows = [];
  const per = {1: [1], 2: [2], 3: [1, 2], 4: [2, 2], 5: [2, 3], 6: [3, 3], 7: [2, 2, 3], 8: [2, 3, 3], 9: [3, 3, 3], 10: [2, 2, 3, 3]}[tiles.length] || [3, 3, 3, 3];
  for (const n of per) {
    const row = tiles.splice(0, n);
    if (row.length) rows.push(h('div', {class: 'tiles', vars: {'--n': String(row.length)}}, row));
  }
  if (tiles.length) rows.push(h('div', {class: 'tiles', vars: {'--n': '3'}}, tiles));
  return h('div', {class: 'mosaic'}, rows);
}


