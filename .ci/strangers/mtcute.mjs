// mtcute: signs in with a password, lists dialogs, pages a history, receives a new
// message, and downloads every file.
import { account, post, report, run, sha256, until } from './common.mjs'
import { client } from './mtcute-client.mjs'

run(async () => {
  const tg = client()
  const pushed = []
  tg.onNewMessage.add((m) => pushed.push(m.text))
  const self = await tg.start({ phone: account.phone, code: account.code, password: account.password })

  const dialogs = []
  for await (const d of tg.iterDialogs()) dialogs.push({ name: d.peer.displayName, peer: d.peer })
  const texts = [], files = []
  const chat = dialogs.find((d) => d.name === 'Archive').peer
  for await (const m of tg.iterHistory(chat, { chunkSize: 40 })) {
    if (m.text) texts.push(m.text)
    if (m.media?.type === 'document') {
      files.push({ name: m.media.fileName, dc: m.media.dcId ?? m.media.raw?.dcId, sha256: sha256(await tg.downloadAsBuffer(m.media)) })
    }
  }
  const counts = {} // every message of every chat can be read
  for (const { name, peer } of dialogs) {
    counts[name] = 0
    for await (const m of tg.iterHistory(peer)) counts[name] += m.id > 0 ? 1 : 0
  }
  await tg.startUpdatesLoop()
  await post('/messages', { chat: 'channel4711', from: 'user2', text: 'pushed to mtcute' })
  await until('a new message', () => pushed.includes('pushed to mtcute'))
  report({ self: self.displayName, counts, messages: texts.length, first: texts.at(-1), pushed, files })
  await tg.destroy()
})
