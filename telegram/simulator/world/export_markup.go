package world

import (
	"encoding/base64"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// buttons makes the inline buttons of a message, or nil.
func (c *chatImport) buttons(rows [][]resultjson.Button) tg.ReplyMarkupClass {
	if len(rows) == 0 {
		return nil
	}
	out := &tg.ReplyInlineMarkup{Rows: []tg.KeyboardInlineButtonRow{}}
	for _, row := range rows {
		made := tg.KeyboardInlineButtonRow{Buttons: []tg.KeyboardInlineButton{}}
		for _, b := range row {
			made.Buttons = append(made.Buttons, tg.KeyboardInlineButton{Text: b.Text, Type: c.button(b)})
		}
		out.Rows = append(out.Rows, made)
	}
	return out
}

func (c *chatImport) button(b resultjson.Button) tg.InlineButtonTypeClass {
	switch b.Type {
	case "url":
		return &tg.InlineButtonTypeURL{URL: b.Data}
	case "callback", "callback_with_password":
		data, err := base64.RawURLEncoding.DecodeString(b.DataBase64)
		if err != nil {
			c.warnf("the data of a button is no base64; it is served without")
			data = nil
		}
		if b.DataBase64 == "" {
			data = []byte(b.Data) // versions of 2022 wrote it as text
		}
		return &tg.InlineButtonTypeCallback{RequiresPassword: b.Type == "callback_with_password", Data: data}
	case "switch_inline", "switch_inline_same":
		return &tg.InlineButtonTypeSwitchInline{SamePeer: b.Type == "switch_inline_same", Query: b.Data}
	case "game":
		return &tg.InlineButtonTypeGame{}
	case "buy":
		return &tg.InlineButtonTypeBuy{}
	case "auth":
		out := &tg.InlineButtonTypeURLAuth{URL: b.Data, ButtonID: int(b.ButtonID)}
		if b.ForwardText != "" {
			out.SetFwdText(b.ForwardText)
		}
		return out
	case "user_profile":
		return &tg.InlineButtonTypeUserProfile{UserID: numeric(b.Data)}
	case "web_view":
		return &tg.InlineButtonTypeWebView{URL: b.Data}
	case "copy_text":
		return &tg.InlineButtonTypeCopy{CopyText: b.Data}
	}
	c.warnf("an inline button of the type %q; it is served disabled", b.Type)
	return &tg.InlineButtonTypeDisabled{}
}

// reactions adds counts and who reacted lately.
func (c *chatImport) reactions(all []resultjson.Reaction, out *tg.Message) {
	if len(all) == 0 {
		return
	}
	r := tg.MessageReactions{Results: []tg.ReactionCount{}}
	for _, one := range all {
		kind := c.reaction(one)
		r.Results = append(r.Results, tg.ReactionCount{Reaction: kind, Count: int(one.Count)})
		for _, recent := range one.Recent {
			r.CanSeeList = true
			who := c.someone(recent.FromID)
			r.RecentReactions = append(r.RecentReactions, tg.MessagePeerReaction{
				My: fromTL(who) == userPeer(c.self), PeerID: who, Date: int(recent.Date), Reaction: kind,
			})
		}
	}
	out.SetReactions(r)
}

func (c *chatImport) reaction(r resultjson.Reaction) tg.ReactionClass {
	switch r.Type {
	case "emoji":
		return &tg.ReactionEmoji{Emoticon: r.Emoji}
	case "custom_emoji":
		return &tg.ReactionCustomEmoji{DocumentID: c.customEmoji(r.DocumentID, "")}
	case "paid":
		return &tg.ReactionPaid{}
	case "empty":
	default:
		c.warnf("a reaction of the type %q is served empty", r.Type)
	}
	return &tg.ReactionEmpty{}
}
