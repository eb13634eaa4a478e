// TDLib: the same as mtcute.mjs. It has the servers' addresses and keys built in. So
// it goes by an MTProto proxy that is ours and brings it to the simulator, and its
// library is copied with the simulator's key in place of Telegram's.
import { createCipheriv, createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as tdl from 'tdl'
import { account, address, apiHash, apiId, post, publicKey, report, run, sha256, until } from './common.mjs'

const visited = new Set() // data centres
const secret = Buffer.alloc(16, 7)

// library writes the copy and returns its path. All keys of the servers have one length.
function library() {
  const { getTdjson } = createRequire(import.meta.url)('prebuilt-tdlib')
  const lib = readFileSync(getTdjson()), ours = Buffer.from(publicKey.trim())
  let put = 0
  for (let at = 0; (at = lib.indexOf('-----BEGIN RSA PUBLIC KEY-----\n', at)) >= 0; at += 1) {
    if (lib.indexOf('-----END RSA PUBLIC KEY-----', at) - at !== ours.indexOf('-----END')) continue
    ours.copy(lib, at)
    put++
  }
  if (!put) throw new Error('no key found in the library')
  const path = join(process.cwd(), 'libtdjson.so')
  writeFileSync(path, lib)
  return path
}

// proxy takes the obfuscation off, and passes on to the data centre that the client
// names in it.
function proxy() {
  const ctr = (key, iv) => createCipheriv('aes-256-ctr', createHash('sha256').update(key).update(secret).digest(), iv)
  const server = createServer((client) => {
    let head = Buffer.alloc(0), begun = false
    client.on('error', () => {})
    client.on('data', (data) => {
      if (begun) return
      head = Buffer.concat([head, data])
      if (head.length < 64) return
      begun = true
      const back = Buffer.from(head.subarray(8, 56)).reverse()
      const open = ctr(head.subarray(8, 40), head.subarray(40, 56))
      const seal = ctr(back.subarray(0, 32), back.subarray(32, 48))
      const plain = open.update(head)
      const dc = Math.abs(plain.readInt16LE(60)) % 10_000
      visited.add(dc)
      const { host, port } = address(dc)
      const upstream = connect(port, host)
      upstream.on('error', () => client.destroy())
      upstream.on('close', () => client.destroy())
      client.on('close', () => upstream.destroy())
      const tag = plain.subarray(56, 60)
      upstream.write(tag[0] === 0xef ? tag.subarray(0, 1) : tag)
      upstream.write(plain.subarray(64))
      client.on('data', (more) => upstream.write(open.update(more)))
      upstream.on('data', (more) => client.write(seal.update(more)))
    })
  })
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)))
}

async function history(client, chat, seen) {
  let from = 0, n = 0
  for (;;) {
    const page = await client.invoke({ _: 'getChatHistory', chat_id: chat, from_message_id: from, offset: 0, limit: 40, only_local: false })
    if (page.messages.length === 0) return n
    for (const m of page.messages) await seen(m)
    n += page.messages.length
    from = page.messages.at(-1).id
  }
}

run(async () => {
  tdl.configure({ tdjson: library(), verbosityLevel: Number(process.env.LOG ?? 0) })
  const client = tdl.createClient({
    apiId, apiHash, databaseDirectory: 'tdlib/db', filesDirectory: 'tdlib/files',
    tdlibParameters: { use_message_database: false, use_secret_chats: false, system_language_code: 'en', device_model: 'CI', application_version: '1' },
  })
  const pushed = []
  client.on('error', (e) => console.error(e))
  client.on('update', (u) => {
    if (u._ === 'updateNewMessage') pushed.push(u.message.content.text?.text)
  })
  const port = await proxy()
  await client.invoke({
    _: 'addProxy', enable: true, proxy: { _: 'proxy', server: '127.0.0.1', port, type: { _: 'proxyTypeMtproto', secret: secret.toString('hex') } },
  })
  await client.login(() => ({
    type: 'user', getPhoneNumber: async () => account.phone, getAuthCode: async () => account.code, getPassword: async () => account.password,
  }))
  const self = await client.invoke({ _: 'getMe' })

  const texts = [], files = [], counts = {}
  for (let more = true; more;) {
    await client.invoke({ _: 'loadChats', limit: 100 }).catch(() => { more = false })
  }
  const { chat_ids: chats } = await client.invoke({ _: 'getChats', limit: 100 })
  for (const id of chats) {
    const { title } = await client.invoke({ _: 'getChat', chat_id: id })
    counts[title] = await history(client, id, async (m) => {
      if (title !== 'Archive') return
      if (m.content._ === 'messageText') texts.push(m.content.text.text)
      if (m.content._ !== 'messageDocument') return
      const d = m.content.document
      const f = await client.invoke({ _: 'downloadFile', file_id: d.document.id, priority: 1, offset: 0, limit: 0, synchronous: true })
      files.push({ name: d.file_name, sha256: sha256(readFileSync(f.local.path)) })
    })
  }
  const partial = 'Actions' // it passes over service messages that it finds empty or odd, as test data may be
  const dcs = [...visited].filter((dc) => dc !== 1) // there it begins, and downloads nothing
  await post('/messages', { chat: 'channel4711', from: 'user2', text: 'pushed to tdlib' })
  await until('a new message', () => pushed.includes('pushed to tdlib'))
  report({ self: `${self.first_name} ${self.last_name}`, counts, messages: texts.length, first: texts.at(-1), pushed, files, dcs, partial })
  await client.close()
})
