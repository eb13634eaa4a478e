// mtcute, signed in twice: both follow what changes, through connections that drop,
// salts that are void, pushes that are lost, and a time without connection; one reads
// every file at once from several data centres, and waits when told to; the other
// logs out.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { account, call, home, post, run, sha256, until } from './common.mjs'
import { client } from './mtcute-client.mjs'

const dir = process.argv[3]
const chats = ['channel4711', 'user2']

async function signIn() {
  const tg = client({ updates: { catchUp: true, messageGroupingInterval: 0 } })
  const seen = { added: [], edited: [], deleted: [] }
  tg.onNewMessage.add((m) => seen.added.push(m.text))
  tg.onEditMessage.add((m) => seen.edited.push(m.text))
  tg.onDeleteMessage.add((m) => seen.deleted.push(...m.messageIds))
  await tg.start({ phone: account.phone, code: account.code, password: account.password })
  const dialogs = await all(tg.iterDialogs())
  return { tg, seen, archive: dialogs.find((d) => d.peer.displayName === 'Archive').peer }
}

async function all(iterator) {
  const list = []
  for await (const one of iterator) list.push(one)
  return list
}

// change adds a message to each chat, and one more that goes again, and edits the first.
async function change(word) {
  const gone = []
  for (const chat of chats) {
    const add = (text) => post('/messages', { chat, from: 'user2', text })
    const { id } = await add(`${word} in ${chat}`)
    gone.push((await add(`${word} in ${chat} for a while`)).id)
    await call('PATCH', '/messages', { chat, id, text: `${word} edited in ${chat}` })
    await call('DELETE', '/messages', { chat, ids: gone.slice(-1) })
  }
  return async ({ seen }) => until(`${word}: only ${JSON.stringify(seen)}`, () =>
    chats.every((chat) => seen.edited.includes(`${word} edited in ${chat}`)) && gone.every((id) => seen.deleted.includes(id)))
}

const original = (name) => sha256(readFileSync(join(dir, 'archive', name)))

// download reads all files at the same time, each in many parts.
const download = ({ tg }, files) => Promise.all(files.map(async (f) => {
  assert.equal(sha256(await tg.downloadAsBuffer(f)), original(f.fileName), f.fileName)
}))

run(async () => {
  const one = await signIn(), two = await signIn()
  const both = async (followed) => { await followed(one); await followed(two) }
  await both(await change('at first'))
  for (const chat of chats) assert.ok(two.seen.added.includes(`at first in ${chat}`))

  const history = () => all(one.tg.iterHistory(one.archive, { chunkSize: 40 }))
  const files = (await history()).map((m) => m.media).filter((m) => m?.type === 'document')
  assert.equal(files.length, 6)
  await download(one, [files.find((f) => f.raw.dcId !== home)]) // signs in there
  const reading = download(one, files)
  for (let i = 0; i < 3; i++) {
    await new Promise((r) => setTimeout(r, 100))
    await post('/drop')
  }
  await reading
  await both(await change('after drops'))

  await post('/faults', { fault: 'messages.getHistory flood=1 count=1' })
  await post('/void-salts')
  assert.ok((await history()).length > 106)
  for (const how of ['lost', 'twice', 'late', 'too-long']) {
    await post('/pushes', { do: how, count: 3 })
    const spoiled = await change(how)
    await change(`after ${how}`)
    await both(spoiled)
  }

  await two.tg.disconnect()
  const missed = await change('meanwhile')
  const many = 120 // more than one difference tells
  for (let i = 0; i < many; i++) for (const chat of chats) await post('/messages', { chat, from: 'user2', text: `${i} in ${chat}` })
  await two.tg.connect()
  await two.tg.startUpdatesLoop()
  await missed(two)
  await until('what was missed', () => two.seen.added.filter((text) => /^\d+ in /.test(text)).length >= many * chats.length)
  for (const { seen } of [one, two]) assert.equal(new Set(seen.added).size, seen.added.length, 'told twice')

  await two.tg.logOut()
  await assert.rejects(two.tg.getMe(), /AUTH_KEY_UNREGISTERED/)
  await (await change('at last'))(one)
  console.log('mtcute, twice: every change, by push or difference; files at once through dropped connections; logged out')
  await one.tg.destroy()
})
