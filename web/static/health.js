// The page about the backup itself: what status says, with the gaps and the copies.

import {h, icon, replace} from './dom.js';
import {get} from './api.js';
import {count, size, moment, ago, plural} from './format.js';
import {nameOf} from './peers.js';

const classes = {stored: 'stored', deleted: 'stored, deleted in Telegram since', not_there: 'not on the server', refused: 'refused by the server', excluded: 'left out by rules', pending: 'to be fetched'};
const reasons = {
  excluded: 'left out by rules', too_large: 'too large for the rules', unavailable: 'the server does not have them', protected: 'may not be saved', self_destruct: 'destroy themselves',
  failed: 'failed, will be tried again', pending: 'to be fetched', pruned: 'left out by rules and pruned',
};

export async function healthPage(main) {
  replace(main, h('div', {class: 'page'}, h('header', {}, h('h1', {}, 'Health')), h('p', {class: 'empty'}, 'Looking …')));
  try {
    const r = await get('health');
    replace(main, h('div', {class: 'page'}, h('header', {}, h('a', {class: 'round-button back', href: '#/', 'aria-label': 'Back to the chats'}, icon('back')), h('h1', {}, 'Health')), draw(r)));
  } catch (error) {
    replace(main, h('div', {class: 'page'}, h('p', {class: 'empty', role: 'alert'}, error.message)));
  }
}

function draw(r) {
  const bad = r.faults.length > 0 || r.vault.problem || r.vault.damage || r.daemon_problem || r.accounts.some((a) => a.trouble) || (r.daemon && !r.daemon.well);
  return [
    h('div', {class: 'verdict' + (bad ? ' bad' : ''), role: bad ? 'alert' : null}, icon(bad ? 'warn' : 'check'), h('p', {}, sentence(r.verdict))),
    h('div', {class: 'cards'}, vault(r), proven(r), daemon(r)),
    r.faults.length ? section('Damage', table(['what', 'object', 'detail'], r.faults.map((f) => [f.kind, f.object, f.detail]))) : null,
    copies(r), r.accounts.map((a) => accountCard(a, r)),
  ];
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + '.';
const section = (title, ...rest) => h('section', {class: 'block'}, h('h2', {}, title), ...rest);

function card(title, big, ...lines) {
  return h('section', {class: 'card-block'}, h('h2', {}, title), h('div', {class: 'figure'}, big), lines.filter(Boolean).map((line) => h('div', {class: 'note'}, line)));
}

function vault(r) {
  const v = r.vault;
  return card('Vault', size(v.bytes), plural(v.commits, 'commit', 'commits') + ', ' + plural(v.packs, 'pack', 'packs'), v.last_commit ? 'last commit ' + moment(v.last_commit) + ' (' + ago(v.last_commit, r.time) + ')' : 'no commit yet',
    v.free_bytes >= 0 ? size(v.free_bytes) + ' free' : null, v.path, v.head_text ? 'head ' + v.head_text : null);
}

function proven(r) {
  if (r.alone) return null;
  const names = r.copies?.length ? r.copies.map((c) => c.name) : Object.keys(r.vault.drilled || {});
  const all = names.map((name) => r.vault.drilled?.[name]?.proven?.time).filter(Boolean).sort();
  const never = !all.length || all.length < names.length;
  const verified = r.vault.verified || {};
  return card('Last proven restore', never ? 'never' + (all.length ? ' of every copy' : '') : ago(all[0], r.time),
    never ? 'telekeep verify --drill -i KEY restores a sample of each copy' : moment(all[0]),
    'files checked ' + (verified.files ? moment(verified.files.time) : 'never'), 'opened and read ' + (verified.deep ? moment(verified.deep.time) : 'never'));
}

function daemon(r) {
  if (r.alone) return null;
  if (r.daemon_problem) return card('Daemon', 'stuck', r.daemon_problem);
  if (!r.daemon) return card('Daemon', 'not running', 'Backups are made by telekeep sync');
  return card('Daemon', r.daemon.well ? 'well' : 'alarm', 'since ' + moment(r.daemon.started), ...(r.daemon.alarms || []).map((a) => a.text + ' (since ' + moment(a.since) + ')'));
}

function copies(r) {
  if (!r.copies?.length) return null;
  return section('Copies', table(['copy', 'state', 'seen', 'free', 'restore proven', 'where'], r.copies.map((c) => [
    c.name, h('span', {class: 'state ' + (c.state === 'current' ? 'good' : c.state === 'behind' ? 'late' : 'bad')}, c.state, c.error ? ': ' + c.error : ''),
    c.last_seen ? ago(c.last_seen, r.time) : '–', c.free_bytes >= 0 ? size(c.free_bytes) : '–', moment(r.vault.drilled?.[c.name]?.proven?.time), c.url,
  ])), r.waiting?.objects ? h('p', {class: 'note'}, plural(r.waiting.objects, 'file', 'files') + ' (' + size(r.waiting.bytes) + ') wait on this machine until enough copies hold them.') : null);
}

function accountCard(a, r) {
  const holding = a.holding;
  const ids = holding?.message_ids || {};
  const missing = Object.entries(holding?.files_missing || {});
  return section('Account ' + a.name,
    a.trouble ? h('p', {class: 'mark bad'}, 'Stopped since ' + moment(a.trouble.since) + ': ' + a.trouble.error) : null,
    h('p', {}, a.signed_in ? (a.complete_until ? 'Complete up to ' + moment(a.complete_until) + ' (' + ago(a.complete_until, r.time) + ').' : 'Never complete so far.') : 'Not signed in.'),
    holding?.problem ? h('p', {class: 'mark bad'}, holding.problem) : null,
    Object.keys(ids).length ? [h('h3', {}, 'Messages'), strip(Object.entries(ids).filter(([k, n]) => n && k !== 'not_there')), h('ul', {class: 'legend'}, Object.entries(ids).filter(([k, n]) => n && k !== 'not_there').map(([k, n]) => h('li', {class: 'of-' + k}, count(n) + ' ' + (classes[k] || k))))] : null,
    missing.length ? [h('h3', {}, 'Files that are not in the vault'), table(['why', 'files', 'size'], missing.map(([k, n]) => [reasons[k] || k, count(n.files), size(n.bytes)]))] : null,
    gaps(a));
}

function strip(parts) {
  const total = parts.reduce((n, [, v]) => n + v, 0);
  return h('div', {class: 'strip', role: 'img', 'aria-label': parts.map(([k, v]) => count(v) + ' ' + (classes[k] || k)).join(', ')}, parts.map(([k, v]) => h('span', {class: 'of-' + k, vars: {'--at': Math.max(0.5, (100 * v) / total) + '%'}})));
}

function gaps(a) {
  const chats = a.gaps || [];
  if (!chats.length) return a.holding && !a.holding.problem ? h('p', {class: 'note'}, 'No gaps in any chat.') : null;
  const lines = chats.flatMap((c) => [
    ...(c.ranges || []).map((g) => [link(c.chat), g.from === g.to ? 'message ' + g.from : 'messages ' + g.from + ' to ' + g.to, (classes[g.class] || g.class) + (g.reason ? ' (' + g.reason + ')' : '')]),
    ...(c.media?.files || []).map((f) => [link(c.chat, f.message), (f.kind || 'file') + ' of ' + size(f.size), (reasons[f.reason] || f.reason) + (f.detail ? ' (' + f.detail + ')' : '')]),
    ...(c.difference ? [[link(c.chat), 'the server counts ' + (c.difference > 0 ? '+' : '') + c.difference, c.difference_reason || '']] : []),
    ...(c.unlisted ? [[link(c.chat), 'the chat', 'left, closed or deleted; what is stored stays']] : []),
  ]);
  return h('details', {open: lines.length < 20}, h('summary', {}, h('h3', {}, 'Gaps: ' + plural(chats.length, 'chat', 'chats'))), table(['chat', 'what', 'why'], lines.slice(0, 500)), lines.length > 500 ? h('p', {class: 'note'}, 'and ' + count(lines.length - 500) + ' more: telekeep status --gaps') : null);
}

const link = (chat, message) => h('a', {href: '#/chat/' + chat + (message ? '/' + message : '')}, nameOf(chat));

function table(heads, lines) {
  return h('div', {class: 'wide', tabindex: '0', role: 'region', 'aria-label': heads.join(', ')}, h('table', {}, h('thead', {}, h('tr', {}, heads.map((t) => h('th', {scope: 'col'}, t)))), h('tbody', {}, lines.map((line) => h('tr', {}, line.map((cell) => h('td', {}, cell)))))));
}
