// Compares what a client reported with the export that was served.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { home, sha256 } from './common.mjs'

const [dir, name] = process.argv.slice(3)
const seen = JSON.parse(readFileSync(`${name}.json`))
const { personal_information: self, chats } = JSON.parse(readFileSync(join(dir, 'result.json')))
assert.equal(seen.self, `${self.first_name} ${self.last_name}`)
for (const chat of chats.list.filter((c) => c.name)) {
  if (!(chat.name in seen.counts)) continue
  if (chat.name === seen.partial) assert.ok(seen.counts[chat.name] > chat.messages.length / 2, chat.name)
  else assert.equal(seen.counts[chat.name], chat.messages.length, chat.name)
}
assert.ok(Object.keys(seen.counts).length > 5, 'dialogs')
assert.equal(seen.messages, 100)
assert.equal(seen.first, 'text 1')
assert.ok(seen.pushed.includes(`pushed to ${name}`))
assert.equal(seen.files.length, 6)
for (const file of seen.files) {
  assert.equal(file.sha256, sha256(readFileSync(join(dir, 'archive', file.name))), file.name)
}
const far = (seen.dcs ?? seen.files.map((f) => f.dc)).filter((dc) => dc !== home)
assert.ok(far.length > 0, 'no file lies in another data centre')
console.log(`${name}: ${Object.keys(seen.counts).length} dialogs, every message, a push, ${seen.files.length} files (some from data centre ${far[0]}): all as served`)
