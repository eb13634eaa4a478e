// What the clients share: where the simulator is, and what each has to report.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// The simulator's --out folder.
const out = process.argv[2]
const read = (name) => readFileSync(join(out, name), 'utf8')

const control = JSON.parse(read('control.json'))
const settings = read('telegram.toml')
const setting = (name) => settings.match(new RegExp(`^${name} = "?([^"\\n]*)`, 'm'))[1]

export const account = control.accounts[0]
export const apiId = Number(setting('api_id'))
export const apiHash = setting('api_hash')
export const publicKey = read('server.pem')
export const home = control.dc
export function address(dc) {
  const [host, port] = control.addresses[dc].split(':')
  return { host, port: Number(port) }
}

export const sha256 = (data) => createHash('sha256').update(data).digest('hex')

// call calls the control API.
export async function call(method, path, body) {
  const r = await fetch(control.control + path, { method, body: JSON.stringify(body) })
  if (!r.ok) throw new Error(`${path}: ${r.status} ${await r.text()}`)
  return r.json()
}

export const post = (path, body) => call('POST', path, body)

// until waits for something to become true, ten seconds at most.
export async function until(what, is) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const found = is()
    if (found) return found
    await new Promise((r) => setTimeout(r, 50))
  }
  throw new Error(`${what}: nothing after ten seconds`)
}

// report prints what the client saw, which run compares with what was served.
export function report(seen) {
  console.log(JSON.stringify(seen, null, 1))
}

// run ends the process by what main does, whatever the client leaves open.
export function run(main) {
  setTimeout(() => { console.error('not done after a minute'); process.exit(1) }, 60_000).unref()
  main().then(() => process.exit(0), (e) => { console.error(e); process.exit(1) })
}
