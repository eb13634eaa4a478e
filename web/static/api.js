// What the server answers.

export class Failure extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function ask(path, options) {
  const response = await fetch(path, {credentials: 'same-origin', cache: 'no-store', ...options});
  const body = await response.json();
  if (!response.ok) throw new Failure(response.status, body.error || 'no answer');
  const edition = response.headers.get('Archive-Edition');
  if (edition) body.edition = Number(edition); // of the archive: places hold within one
  return body;
}

/** get asks for api/NAME; parameters without a value are left out. */
export function get(name, params, signal) {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(params || {})) {
    if (value !== undefined && value !== null && value !== '') q.set(key, value);
  }
  return ask('api/' + name + '?' + q, {signal});
}

/** enter changes the token of the link into the cookie of this browser. */
export function enter(token) {
  return ask('api/session', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token})});
}

/** mediaURL is where a stored file is. */
export function mediaURL(key, type, download) {
  const q = new URLSearchParams();
  if (type) q.set('type', type);
  if (download !== undefined) {
    q.set('download', '');
    q.set('name', download);
  }
  return 'media/' + encodeURIComponent(key) + '?' + q;
}
