package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

func text(s string, entities []tg.MessageEntityClass) archive.Text {
	t := archive.Text{Text: s}
	for _, e := range entities {
		if e != nil {
			t.Entities = append(t.Entities, entity(e))
		}
	}
	return t
}

func formatted(t tg.TextWithEntities) archive.Text {
	return text(t.Text, t.Entities)
}

// optional is formatted text where TL may leave it out.
func optional(s string, entities []tg.MessageEntityClass) *archive.Text {
	if s == "" && len(entities) == 0 {
		return nil
	}
	t := text(s, entities)
	return &t
}

// entity keeps all entities, in the order of the message, also those which
// overlap: it is for an export to flatten them.
func entity(e tg.MessageEntityClass) archive.Entity {
	out := archive.Entity{Type: entityType(e), Offset: e.GetOffset(), Length: e.GetLength()}
	switch e := e.(type) {
	case *tg.MessageEntityPre:
		out.Language = e.Language
	case *tg.MessageEntityTextURL:
		out.URL = e.URL
	case *tg.MessageEntityMentionName:
		out.User = userID(e.UserID)
	case *tg.InputMessageEntityMentionName:
		if user, ok := e.UserID.(*tg.InputUser); ok {
			out.User = userID(user.UserID)
		}
	case *tg.MessageEntityCustomEmoji:
		out.Document = archive.NewMediaKey(archive.MediaDocument, e.DocumentID)
	case *tg.MessageEntityBlockquote:
		out.Collapsed = e.Collapsed
	case *tg.MessageEntityFormattedDate:
		out.Date = int64(e.Date)
	case *tg.MessageEntityDiffReplace:
		out.OldText = e.OldText
	}
	return out
}

func entityType(e tg.MessageEntityClass) string {
	switch e.(type) {
	case *tg.MessageEntityMention:
		return "mention"
	case *tg.MessageEntityHashtag:
		return "hashtag"
	case *tg.MessageEntityBotCommand:
		return "bot_command"
	case *tg.MessageEntityURL:
		return "link"
	case *tg.MessageEntityEmail:
		return "email"
	case *tg.MessageEntityBold:
		return "bold"
	case *tg.MessageEntityItalic:
		return "italic"
	case *tg.MessageEntityCode:
		return "code"
	case *tg.MessageEntityPre:
		return "pre"
	case *tg.MessageEntityTextURL:
		return "text_link"
	case *tg.MessageEntityMentionName, *tg.InputMessageEntityMentionName:
		return "mention_name"
	case *tg.MessageEntityPhone:
		return "phone"
	case *tg.MessageEntityCashtag:
		return "cashtag"
	case *tg.MessageEntityUnderline:
		return "underline"
	case *tg.MessageEntityStrike:
		return "strikethrough"
	case *tg.MessageEntityBlockquote:
		return "blockquote"
	case *tg.MessageEntityBankCard:
		return "bank_card"
	case *tg.MessageEntitySpoiler:
		return "spoiler"
	case *tg.MessageEntityCustomEmoji:
		return "custom_emoji"
	case *tg.MessageEntityFormattedDate:
		return "formatted_date"
	case *tg.MessageEntityDiffInsert:
		return "diff_insert"
	case *tg.MessageEntityDiffReplace:
		return "diff_replace"
	case *tg.MessageEntityDiffDelete:
		return "diff_delete"
	}
	return unknown
}
