// What a service message tells, in words.

import {h} from './dom.js';
import {nameOf} from './peers.js';
import {duration, span, plural, count} from './format.js';

const person = (id) => h('a', {class: 'person', href: '#/chat/' + id}, nameOf(id));
const people = (ids) => (ids || []).flatMap((id, i) => [i > 0 ? ', ' : null, person(id)]);
const quoted = (text) => (text ? ' “' + text + '”' : '');
const stars = (n) => plural(n || 0, 'star', 'stars');
const amount = (a) => a.cost || [a.amount ? a.amount / 100 : '', a.currency].filter(Boolean).join(' ');
const pointed = (m, text) => (m.action.message_id ? h('a', {href: '#', 'data-jump': m.action.message_id}, text) : text);

// Each gives the words behind the name of who did it.
const words = {
  create_group: (a) => ['created the group' + quoted(a.title), a.members?.length ? [' with ', people(a.members)] : null],
  create_channel: (a) => ['created the channel' + quoted(a.title)],
  edit_group_title: (a) => ['changed the name to' + quoted(a.title)],
  edit_group_photo: () => ['changed the picture'],
  delete_group_photo: () => ['removed the picture'],
  invite_members: (a) => ['added ', people(a.members)],
  remove_members: (a) => ['removed ', people(a.members)],
  join_group_by_link: () => ['joined by a link'],
  join_group_by_request: () => ['was let into the group'],
  join_group_via_community: () => ['joined through a community'],
  migrate_to_supergroup: (a) => ['made this a supergroup', a.peer ? [': ', person(a.peer)] : null],
  migrate_from_group: (a) => ['made this a supergroup of the group' + quoted(a.title)],
  pin_message: (a, m) => ['pinned ', pointed(m, 'a message')],
  clear_history: () => ['cleared the history'],
  score_in_game: (a, m) => ['scored ' + count(a.score || 0) + ' in ', pointed(m, 'a game')],
  send_payment: (a, m) => ['paid ' + amount(a) + ' for ', pointed(m, 'an invoice')],
  phone_call: (a) => [(a.video ? 'video call' : 'call') + callEnd(a)],
  conference_call: (a) => ['group call' + callEnd(a)],
  group_call: (a) => [a.duration ? 'ended the video chat (' + duration(a.duration) + ')' : 'started a video chat'],
  group_call_scheduled: () => ['planned a video chat'],
  invite_to_group_call: (a) => ['invited ', people(a.members), ' to the video chat'],
  take_screenshot: () => ['took a screenshot'],
  attach_menu_bot_allowed: () => ['allowed this bot to write, by adding it to the menu'],
  web_app_bot_allowed: (a) => ['allowed this bot to write, by opening' + quoted(a.app_name)],
  allow_sending_messages: () => ['allowed this bot to write'],
  send_passport_values: (a) => ['sent documents: ' + (a.values || []).join(', ')],
  joined_telegram: () => ['joined Telegram'],
  proximity_reached: (a) => [person(a.from), ' is within ' + count(a.distance || 0) + ' m of ', person(a.to)],
  set_messages_ttl: (a) => [a.period ? 'set messages to delete themselves after ' + span(a.period) : 'turned off deletion by time'],
  edit_chat_theme: (a) => [a.emoticon ? 'changed the theme to ' + a.emoticon : 'removed the theme'],
  send_webview_data: (a) => ['sent data to the bot' + quoted(a.text?.text)],
  send_premium_gift: (a) => ['gave Premium for ' + plural(a.months || 0, 'month', 'months') + (a.cost ? ' (' + a.cost + ')' : '')],
  send_stars_gift: (a) => ['gave ' + stars(a.stars) + (a.cost ? ' (' + a.cost + ')' : '')],
  send_ton_gift: (a) => ['gave TON' + (a.cost ? ' (' + a.cost + ')' : '')],
  send_star_gift: (a) => ['sent a gift' + (a.stars ? ' of ' + stars(a.stars) : '') + quoted(a.text?.text)],
  topic_created: (a) => ['created the topic' + quoted(a.title)],
  topic_edit: (a) => [a.new_title ? 'renamed the topic to' + quoted(a.new_title) : a.closed === true ? 'closed the topic' : a.closed === false ? 'opened the topic again' : 'changed the topic'],
  suggest_profile_photo: () => ['suggested a picture for the profile'],
  requested_peer: (a) => ['shared ', people(a.peers)],
  gift_code_prize: (a) => ['won Premium for ' + plural(a.months || 0, 'month', 'months')],
  giveaway_launch: () => ['began a giveaway'],
  giveaway_results: (a) => ['drew ' + plural(a.winners || 0, 'winner', 'winners') + ' of a giveaway'],
  stars_prize: (a) => ['won ' + stars(a.stars)],
  set_chat_wallpaper: () => ['changed the background'],
  set_same_chat_wallpaper: () => ['took over the background'],
  boost_apply: (a) => ['boosted the group' + (a.boosts > 1 ? ' ' + a.boosts + ' times' : '')],
  refunded_payment: (a) => ['gave back ' + amount(a)],
  paid_messages_refunded: (a) => ['gave back ' + stars(a.stars) + ' for messages'],
  paid_messages_price_change: (a) => [a.stars ? 'set the price of a message to ' + stars(a.stars) : 'made messages free'],
  todo_completions: (a) => ['ticked ' + plural((a.done || []).length, 'task', 'tasks') + ((a.undone || []).length ? ', took back ' + a.undone.length : '')],
  todo_append_tasks: (a) => ['added ' + plural((a.items || []).length, 'task', 'tasks') + ': ' + (a.items || []).map((i) => i.text.text).join(', ')],
  process_suggested_post: (a) => [a.rejected ? 'declined a suggested post' : 'accepted a suggested post'],
  suggest_birthday: (a) => ['suggested a birthday: ' + [a.day, a.month, a.year].filter(Boolean).join('.')],
};

function callEnd(a) {
  if (a.reason === 'missed' || a.missed) return ', missed';
  if (a.reason === 'busy') return ', declined';
  return a.duration ? ', ' + duration(a.duration) : '';
}

/** actionText makes nodes of what a service message tells. */
export function actionText(m) {
  const a = m.action;
  const by = m.from ? [person(m.from), ' '] : null;
  if (a.custom) return [by, a.custom];
  const make = words[a.type];
  if (make) return [a.type === 'proximity_reached' ? null : by, make(a, m)];
  return [by, String(a.type || 'something').replaceAll('_', ' ')];
}
