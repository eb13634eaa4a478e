// Dates, sizes and numbers as people read them.

const time = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit'});
const day = new Intl.DateTimeFormat(undefined, {day: 'numeric', month: 'long', year: 'numeric'});
const thisYear = new Intl.DateTimeFormat(undefined, {day: 'numeric', month: 'long'});
const short = new Intl.DateTimeFormat(undefined, {day: '2-digit', month: '2-digit', year: '2-digit'});
const full = new Intl.DateTimeFormat(undefined, {dateStyle: 'full', timeStyle: 'medium'});
const month = new Intl.DateTimeFormat(undefined, {month: 'short', year: 'numeric'});
const whole = new Intl.NumberFormat();

const of = (unix) => new Date(unix * 1000);

export const clock = (unix) => time.format(of(unix));
export const fullDate = (unix) => full.format(of(unix));
export const shortDate = (unix) => short.format(of(unix));
export const monthOf = (unix) => month.format(of(unix));
export const count = (n) => whole.format(n);

export function dayOf(unix) {
  const date = of(unix);
  return (date.getFullYear() === new Date().getFullYear() ? thisYear : day).format(date);
}

/** dayKey is equal for moments of one day. */
export function dayKey(unix) {
  const d = of(unix);
  return d.getFullYear() * 400 + d.getMonth() * 31 + d.getDate();
}

/** when is a date in a list: the time of today's, the day of others. */
export function when(unix) {
  if (!unix) return '';
  return dayKey(unix) === dayKey(Date.now() / 1000) ? clock(unix) : shortDate(unix);
}

/** moment is a time that the server wrote as RFC 3339. */
export function moment(text) {
  const date = new Date(text);
  return isNaN(date) || date.getFullYear() < 1980 ? 'never' : day.format(date) + ', ' + time.format(date);
}

/** ago says how long ago that was, roughly. */
export function ago(text, now) {
  const seconds = (new Date(now || Date.now()) - new Date(text)) / 1000;
  for (const [unit, length] of [['year', 31557600], ['month', 2629800], ['day', 86400], ['hour', 3600], ['minute', 60]]) {
    const n = Math.floor(seconds / length);
    if (n >= 1) return plural(n, unit, unit + 's') + ' ago';
  }
  return 'just now';
}

export function size(bytes) {
  let unit = 0;
  for (; bytes >= 1000 && unit < 5; unit++) bytes /= 1000;
  return (unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)) + ' ' + ['B', 'kB', 'MB', 'GB', 'TB', 'PB'][unit];
}

export function duration(seconds) {
  seconds = Math.max(0, Math.round(seconds || 0));
  const two = (n) => String(n).padStart(2, '0');
  const rest = Math.floor(seconds / 60) % 60;
  return seconds >= 3600 ? Math.floor(seconds / 3600) + ':' + two(rest) + ':' + two(seconds % 60) : rest + ':' + two(seconds % 60);
}

export const plural = (n, one, many) => count(n) + ' ' + (n === 1 ? one : many);

/** short number: 1.2K. */
export function brief(n) {
  if (n < 1000) return String(n);
  if (n < 1e6) return (n / 1e3).toFixed(n < 1e4 ? 1 : 0) + 'K';
  return (n / 1e6).toFixed(1) + 'M';
}

/** span is a length of time in words. */
export function span(seconds) {
  for (const [unit, length] of [['month', 2678400], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (seconds >= length && seconds % length === 0) return plural(seconds / length, unit, unit + 's');
  }
  for (const [unit, length] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (seconds >= length) return plural(Math.round(seconds / length), unit, unit + 's');
  }
  return plural(seconds, 'second', 'seconds');
}
