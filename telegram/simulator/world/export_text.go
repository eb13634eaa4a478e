package world

import (
	"strings"
	"unicode/utf8"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// utf16Len is the length of a text in UTF-16 units, in which Telegram counts.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// text joins parts to a text with entities. An empty plain part at the end,
// which Telegram Desktop writes after an entity if the text is not ASCII, vanishes
// and comes back by the same rule.
func (c *chatImport) text(parts []resultjson.Part) (string, []tg.MessageEntityClass) {
	var b strings.Builder
	var entities []tg.MessageEntityClass
	offset := 0
	for _, p := range parts {
		if !utf8.ValidString(p.Text) {
			p.Text = strings.ToValidUTF8(p.Text, "\ufffd")
		}
		b.WriteString(p.Text)
		length := utf16Len(p.Text)
		if p.Type != "plain" && length > 0 {
			entities = append(entities, c.entity(p, offset, length))
		}
		offset += length
	}
	return b.String(), entities
}

// textTL is text as the TL object of that name.
func (c *chatImport) textTL(parts []resultjson.Part) tg.TextWithEntities {
	text, entities := c.text(parts)
	if entities == nil {
		entities = []tg.MessageEntityClass{}
	}
	return tg.TextWithEntities{Text: text, Entities: entities}
}

func (c *chatImport) entity(p resultjson.Part, offset, length int) tg.MessageEntityClass {
	switch p.Type {
	case "mention":
		return &tg.MessageEntityMention{Offset: offset, Length: length}
	case "hashtag":
		return &tg.MessageEntityHashtag{Offset: offset, Length: length}
	case "bot_command":
		return &tg.MessageEntityBotCommand{Offset: offset, Length: length}
	case "link":
		return &tg.MessageEntityURL{Offset: offset, Length: length}
	case "email":
		return &tg.MessageEntityEmail{Offset: offset, Length: length}
	case "bold":
		return &tg.MessageEntityBold{Offset: offset, Length: length}
	case "italic":
		return &tg.MessageEntityItalic{Offset: offset, Length: length}
	case "code":
		return &tg.MessageEntityCode{Offset: offset, Length: length}
	case "pre":
		return &tg.MessageEntityPre{Offset: offset, Length: length, Language: p.Language}
	case "text_link":
		return &tg.MessageEntityTextURL{Offset: offset, Length: length, URL: p.Href}
	case "mention_name":
		return &tg.MessageEntityMentionName{Offset: offset, Length: length, UserID: p.UserID}
	case "phone":
		return &tg.MessageEntityPhone{Offset: offset, Length: length}
	case "cashtag":
		return &tg.MessageEntityCashtag{Offset: offset, Length: length}
	case "underline":
		return &tg.MessageEntityUnderline{Offset: offset, Length: length}
	case "strikethrough":
		return &tg.MessageEntityStrike{Offset: offset, Length: length}
	case "blockquote":
		return &tg.MessageEntityBlockquote{Offset: offset, Length: length, Collapsed: p.Collapsed}
	case "bank_card":
		return &tg.MessageEntityBankCard{Offset: offset, Length: length}
	case "spoiler":
		return &tg.MessageEntitySpoiler{Offset: offset, Length: length}
	case "custom_emoji":
		return &tg.MessageEntityCustomEmoji{Offset: offset, Length: length, DocumentID: c.customEmoji(p.DocumentID, p.Text)}
	case "unknown":
	default:
		c.warnf("text of the type %q is served as unknown", p.Type)
	}
	return &tg.MessageEntityUnknown{Offset: offset, Length: length}
}
