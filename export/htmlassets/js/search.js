"use strict";

// The search of an export. search/chats.js lists the chats and says of every page, by a
// signature, which words it can have; the texts of a page are loaded only if it can have
// all that is looked for, and one page after the other.

let telekeepChats;
let telekeepShard;

(function () {
  const shownAtOnce = 50;
  const directory = new Promise((resolve) => { telekeepChats = resolve; });
  let received = null;
  telekeepShard = (shard) => { received = shard; };

  function load(src) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = src;
      script.onload = () => { script.remove(); resolve(); };
      script.onerror = () => { script.remove(); reject(new Error("cannot read " + src)); };
      document.head.append(script);
    });
  }

  // lowered writes words as the signatures have them.
  function lowered(text) { return text.toLowerCase().replace(/ς/g, "σ").replace(/i\u0307/g, "i"); }

  // wanted takes apart what was typed: words, and phrases in quotes.
  function wanted(query) {
    return Array.from(query.matchAll(/"([^"]+)"?|(\S+)/g), (m) => lowered((m[1] || m[2] || "").trim())).filter((w) => w && w !== '"');
  }

  function gram(points) {
    let hash = 2166136261;
    for (const point of points) {
      hash = Math.imul(hash ^ point, 16777619) >>> 0;
    }
    return (hash ^ (hash >>> 15)) >>> 0;
  }

  const wide = 0x2e80;

  // gramsOf are the hashes that a page must have to have a word or phrase.
  function gramsOf(words) {
    const out = [];
    for (const word of words.split(/\s+/)) {
      const points = Array.from(word, (c) => c.codePointAt(0));
      for (let i = 0; i + 2 < points.length; i++) {
        out.push(gram(points.slice(i, i + 3)));
      }
      for (let i = 0; i + 1 < points.length; i++) {
        if (points[i] >= wide && points[i + 1] >= wide) {
          out.push(gram(points.slice(i, i + 2)));
        }
      }
    }
    return out;
  }

  function has(page, grams) {
    if (typeof page[2] === "string") {
      page[2] = Uint8Array.from(atob(page[2]), (c) => c.charCodeAt(0));
    }
    const bits = page[2];
    return grams.every((g) => { const bit = g % (bits.length * 8); return bits[bit >> 3] & (1 << (bit & 7)); });
  }

  function day(text, days) {
    if (!text) {
      return 0;
    }
    const [y, m, d] = text.split("-").map(Number);
    return new Date(y, m - 1, d + days).getTime() / 1000;
  }

  function asked() {
    const value = (id) => document.getElementById(id).value.trim();
    const words = wanted(value("query"));
    const sender = lowered(value("sender"));
    return {
      words, sender, chat: value("chat"), kind: value("kind"),
      from: day(value("from"), 0), until: day(value("until"), 1),
      grams: words.concat(sender ? [sender] : []).flatMap(gramsOf),
    };
  }

  // candidates are the pages that can have what is asked for, the newest first.
  function candidates(chats, q) {
    const out = [];
    for (const chat of chats) {
      if (q.chat && chat.key !== q.chat) {
        continue;
      }
      chat.pages.forEach((page, i) => {
        if ((!q.until || page[0] < q.until) && (!q.from || page[1] >= q.from) && has(page, q.grams)) {
          out.push({ chat, number: i + 1, until: page[1] });
        }
      });
    }
    return out.sort((a, b) => b.until - a.until);
  }

  function fits(message, names, q) {
    const [, date, name, kind, , text] = message;
    if ((q.kind && kind !== q.kind) || (q.from && date < q.from) || (q.until && date >= q.until)) {
      return false;
    }
    if (q.sender && !lowered(names[name]).includes(q.sender)) {
      return false;
    }
    const low = lowered(text);
    return q.words.every((w) => low.includes(w));
  }

  function element(tag, className, text) {
    const e = document.createElement(tag);
    e.className = className;
    if (text) {
      e.textContent = text;
    }
    return e;
  }

  // snippet is the part of a text around the first word, with all words marked.
  function snippet(text, words) {
    const box = element("span", "snippet");
    const low = lowered(text);
    if (low.length !== text.length || words.length === 0) {
      box.textContent = Array.from(text).slice(0, 240).join("");
      return box;
    }
    const first = Math.min(...words.map((w) => low.indexOf(w)).filter((i) => i >= 0));
    const start = Math.max(0, first - 80);
    const end = Math.min(text.length, first + 200);
    let at = start;
    if (start > 0) {
      box.append("…");
    }
    while (at < end) {
      let next = end, length = 0;
      for (const w of words) {
        const i = low.indexOf(w, at);
        if (i >= 0 && i < next) {
          next = i;
          length = w.length;
        }
      }
      box.append(text.slice(at, next));
      if (length === 0) {
        break;
      }
      box.append(element("mark", "", text.slice(next, next + length)));
      at = next + length;
    }
    if (end < text.length) {
      box.append("…");
    }
    return box;
  }

  function entry(candidate, message, names, q) {
    const [id, date, name, kind, deleted, text] = message;
    const page = "messages" + (candidate.number > 1 ? candidate.number : "") + ".html";
    const link = element("a", "entry block_link clearfix");
    link.href = candidate.chat.folder + page + "#go_to_message" + id;
    const body = element("div", "body");
    const when = new Date(date * 1000);
    body.append(element("div", "pull_right info details", when.toLocaleString()));
    body.append(element("div", "name bold", names[name]));
    body.append(element("div", "details_entry details", candidate.chat.title + (deleted ? ", deleted" : "") + (kind !== "text" ? ", " + kind.replace(/_/g, " ") : "")));
    body.append(snippet(text, q.words));
    link.append(body);
    return link;
  }

  let turn = 0; // a newer search ends an older one

  async function search() {
    const own = ++turn;
    const q = asked();
    const results = document.getElementById("search_results");
    const status = document.getElementById("search_status");
    const more = document.getElementById("search_more");
    results.replaceChildren();
    more.hidden = true;
    if (q.words.length === 0 && !q.sender && !q.kind && !q.from && !q.until) {
      status.textContent = "";
      return;
    }
    history.replaceState(null, "", "#q=" + encodeURIComponent(document.getElementById("query").value));
    const list = candidates(await directory, q);
    let found = 0, room = shownAtOnce;
    for (let i = 0; i < list.length; i++) {
      status.textContent = `Looking: ${i} of ${list.length} pages, ${found} found …`;
      const candidate = list[i];
      try {
        await load(`search/${candidate.chat.key}/${candidate.number}.js`);
      } catch (e) {
        status.textContent = e.message;
        return;
      }
      if (own !== turn) {
        return;
      }
      const shard = received;
      received = null;
      for (const message of shard.messages.reverse()) {
        if (!fits(message, shard.names, q)) {
          continue;
        }
        if (room === 0) {
          status.textContent = `${found} found, there may be more`;
          more.hidden = false;
          await new Promise((resolve) => { more.onclick = resolve; });
          if (own !== turn) {
            return;
          }
          more.hidden = true;
          room = shownAtOnce;
        }
        results.append(entry(candidate, message, shard.names, q));
        found++;
        room--;
      }
    }
    if (own === turn) {
      status.textContent = found === 1 ? "1 message found" : `${found} messages found`;
    }
  }

  let waiting = 0;
  let queue = Promise.resolve();

  // soon searches after a pause in typing, and never two at a time: a text that arrives
  // must be that of the page that was asked for.
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      turn++;
      document.getElementById("search_more").click(); // ends a search that waits
      queue = queue.then(search);
    }, 200);
  }

  function fromAddress() {
    const found = /^#q=(.*)$/.exec(location.hash);
    if (!found) {
      return;
    }
    try {
      document.getElementById("query").value = decodeURIComponent(found[1]);
    } catch (_) {
      return; // an address that nobody wrote
    }
    soon();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("search_form");
    form.addEventListener("submit", (event) => { event.preventDefault(); soon(); });
    form.addEventListener("input", soon);
    window.addEventListener("hashchange", fromAddress);
    fromAddress();
    load("search/chats.js").catch((e) => { document.getElementById("search_status").textContent = e.message; });
    directory.then((chats) => {
      const select = document.getElementById("chat");
      if (chats.length < 2) {
        select.parentElement.hidden = true;
      }
      for (const chat of chats) {
        const option = document.createElement("option");
        option.value = chat.key;
        option.textContent = chat.title;
        select.append(option);
      }
    });
  });
})();
