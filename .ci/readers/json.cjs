// Reads exports in Telegram Desktop's format with two programs of other makers and compares what
// they find with what is there.
//
//   node json.cjs ACCOUNT FOLDER…    the folder of a whole account, and of single chats
const fs = require("fs");
const path = require("path");
const { TelegramChat } = require("telegram-chat-parser");
const { generateDatabase } = require("chat-analytics/dist/lib/index.js");
const { loadNodeAsset } = require("chat-analytics/dist/lib/NodeEnv.js");
const { Progress } = require("chat-analytics/dist/pipeline/Progress.js");

const read = (folder) => fs.readFileSync(path.join(folder, "result.json"));
const fail = (...words) => { console.error(...words); process.exit(1); };

// telegram-chat-parser: every message, and every answer leads to what it answers. It gives up on
// people without a name (deleted accounts), for whom Telegram Desktop writes null too.
function parse(chat) {
	if (chat.messages.some((m) => ["from", "actor", "forwarded_from", "saved_from"].some((k) => m[k] === null))) return "nameless";
	const parsed = new TelegramChat(JSON.stringify(chat), {});
	if (parsed.messages.length !== chat.messages.length) fail(chat.name, "has", chat.messages.length, "messages, telegram-chat-parser reads", parsed.messages.length);
	const ids = new Set(chat.messages.map((m) => m.id));
	chat.messages.forEach((m, i) => {
		const told = parsed.messages[i];
		if (told.id !== m.id) fail("message", m.id, "is", told.id, "for telegram-chat-parser");
		if (ids.has(m.reply_to_message_id) && told.replyTo?.id !== m.reply_to_message_id) fail("message", m.id, "answers", told.replyTo?.id);
	});
	return "parsed";
}

// chat-analytics: a report of one chat counts what is no service message.
async function analyse(folder) {
	const raw = read(folder);
	const slice = async (from = 0, to = raw.length) => Uint8Array.from(raw.subarray(from, to)).buffer;
	const file = { name: "result.json", size: raw.length, lastModified: 0, slice };
	const log = console.log;
	console.log = () => {};
	const db = await generateDatabase([file], { platform: "telegram", demo: false }, { loadAsset: loadNodeAsset, progress: new Progress() });
	console.log = log;
	const doc = JSON.parse(raw);
	const want = doc.messages.filter((m) => m.type === "message").length;
	if (db.numMessages !== want) fail(folder, "has", want, "messages, chat-analytics counts", db.numMessages);
	return want;
}

(async () => {
	const [account, ...single] = process.argv.slice(2);
	const count = { parsed: 0, nameless: 0 };
	const chats = JSON.parse(read(account)).chats.list;
	for (const chat of chats) count[parse(chat)]++;
	if (count.parsed < 5 || count.nameless * 2 > chats.length) fail("telegram-chat-parser could read", count.parsed, "chats, and not", count.nameless);
	let messages = 0;
	for (const folder of single) messages += await analyse(folder);
	if (messages < 100) fail("chat-analytics saw", messages, "messages: too few to prove anything");
	console.log(`telegram-chat-parser: ${count.parsed} chats, every message and answer; ${count.nameless} with nameless people, which it cannot read`);
	console.log(`chat-analytics: ${single.length} chats, ${messages} messages, as many as there are`);
})();
