// Clients of mtcute that know the simulator.
import { MemoryStorage } from '@mtcute/core'
import { addPublicKey } from '@mtcute/core/utils.js'
import { TelegramClient } from '@mtcute/node'
import { createHash } from 'node:crypto'
import { address, apiHash, apiId, home, publicKey } from './common.mjs'

addPublicKey({ sha1: (data) => createHash('sha1').update(data).digest() }, publicKey)

export function client(more) {
  const { host, port } = address(home)
  const dc = { id: home, ipAddress: host, port }
  return new TelegramClient({
    apiId, apiHash, storage: new MemoryStorage(), defaultDcs: { main: dc, media: dc },
    logLevel: Number(process.env.LOG ?? 1), ...more,
  })
}
