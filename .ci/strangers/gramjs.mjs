// GramJS, whose layer is far older than ours: the same as mtcute.mjs. It has the
// servers' keys on a list in its own module, and knows no port but 80 and 443.
import bigInt from 'big-integer'
import { createHash, createPublicKey } from 'node:crypto'
import { createRequire } from 'node:module'
import { account, address, apiHash, apiId, home, post, publicKey, report, run, sha256, until } from './common.mjs'

const require = createRequire(import.meta.url)
const { TelegramClient, Api } = require('telegram')
const { MemorySession } = require('telegram/sessions')
const { NewMessage } = require('telegram/events')
const { ConnectionTCPObfuscated } = require('telegram/network')
const { Logger } = require('telegram/extensions')
const keys = require('telegram/crypto/RSA')._serverKeys

// addKey puts the servers' key on the list, by the fingerprint MTProto has for it.
function addKey(pem) {
  const { n, e } = createPublicKey(pem).export({ format: 'jwk' })
  const modulus = Buffer.from(n, 'base64url'), exponent = Buffer.from(e, 'base64url')
  const tl = (b) => b.length < 254
    ? Buffer.concat([Buffer.from([b.length]), b, Buffer.alloc((4 - ((b.length + 1) % 4)) % 4)])
    : Buffer.concat([Buffer.from([254, b.length & 255, b.length >> 8, 0]), b, Buffer.alloc((4 - (b.length % 4)) % 4)])
  const print = createHash('sha1').update(Buffer.concat([tl(modulus), tl(exponent)])).digest().subarray(-8)
  keys.set(print.readBigInt64LE().toString(), {
    n: bigInt(modulus.toString('hex'), 16), e: parseInt(exponent.toString('hex'), 16),
  })
}

class Connection extends ConnectionTCPObfuscated {
  constructor(o) { super({ ...o, ip: address(o.dcId).host, port: address(o.dcId).port }) }
}

run(async () => {
  addKey(publicKey)
  const session = new MemorySession()
  const { host, port } = address(home)
  session.setDC(home, host, port)
  const tg = new TelegramClient(session, apiId, apiHash, { baseLogger: new Logger(process.env.LOG ?? 'error'), connectionRetries: 2, connection: Connection })
  await tg.start({
    phoneNumber: account.phone, phoneCode: async () => account.code, password: async () => account.password,
    onError: (e) => { throw e },
  })
  // Not before: with a handler GramJS calls getMe as soon as it is connected, beside the
  // updates.getState by which start learns that nobody is signed in. Both are refused; if
  // both errors come in one container, getMe's first, start hears nothing for ever: an error
  // is thrown (MTProtoSender._handleRPCResult) out of the loop over the container
  // (_handleContainer), and what is behind it is dropped.
  const pushed = []
  tg.addEventHandler((e) => pushed.push(e.message.message), new NewMessage({}))
  const self = await tg.getMe()

  const dialogs = await tg.getDialogs({})
  const texts = [], files = []
  const chat = dialogs.find((d) => d.title === 'Archive').entity
  for await (const m of tg.iterMessages(chat, { limit: 1000 })) {
    if (m.message) texts.push(m.message)
    const d = m.media?.document
    if (d) {
      const name = d.attributes.find((a) => a instanceof Api.DocumentAttributeFilename).fileName
      files.push({ name, dc: d.dcId, sha256: sha256(await tg.downloadMedia(m)) })
    }
  }
  const counts = {}
  for (const { title, entity } of dialogs) {
    counts[title] = 0
    for await (const m of tg.iterMessages(entity, { limit: 1000 })) counts[title] += m.id > 0 ? 1 : 0
  }
  await post('/messages', { chat: 'channel4711', from: 'user2', text: 'pushed to gramjs' })
  await until('a new message', () => pushed.includes('pushed to gramjs'))
  report({ self: `${self.firstName} ${self.lastName}`, counts, messages: texts.length, first: texts.at(-1), pushed, files })
  await tg.destroy()
})
