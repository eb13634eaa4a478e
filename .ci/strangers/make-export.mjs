// Writes an account to serve: that of a Telegram Desktop export, with a message of
// every kind, and one more chat with 100 texts and six files of random bytes.
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [base, dir] = process.argv.slice(2)
cpSync(base, dir, { recursive: true })
mkdirSync(join(dir, 'archive'))
const start = 1_600_000_000
function text(id, text) {
  const date = new Date((start + id) * 1000).toISOString().slice(0, 19)
  return {
    id, type: 'message', date, date_unixtime: String(start + id), from: 'Bo', from_id: 'user2',
    text, text_entities: text ? [{ type: 'plain', text }] : [],
  }
}
function file(id) {
  const name = `file-${id}.bin`, bytes = randomBytes((id - 100) * 700_001)
  writeFileSync(join(dir, 'archive', name), bytes)
  return { ...text(id, ''), file: `archive/${name}`, file_name: name, file_size: bytes.length, mime_type: 'application/octet-stream' }
}
const messages = []
for (let id = 1; id <= 100; id++) messages.push(text(id, `text ${id}`))
for (let id = 101; id <= 106; id++) messages.push(file(id))
const result = JSON.parse(readFileSync(join(dir, 'result.json')))
result.chats.list.push({ name: 'Archive', type: 'private_supergroup', id: 4711, messages })
writeFileSync(join(dir, 'result.json'), JSON.stringify(result))
