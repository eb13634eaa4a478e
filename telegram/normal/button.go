package normal

import (
	"strconv"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// markup is the buttons under a message, and the keyboard a bot asks the client
// to show instead of the letters.
func markup(m tg.ReplyMarkupClass) (inline, keyboard [][]archive.Button) {
	switch m := m.(type) {
	case *tg.ReplyInlineMarkup:
		for _, row := range m.Rows {
			var buttons []archive.Button
			for _, b := range row.Buttons {
				if button, ok := inlineButton(b); ok {
					buttons = append(buttons, button)
				}
			}
			if buttons != nil {
				inline = append(inline, buttons)
			}
		}
	case *tg.ReplyKeyboardMarkup:
		for _, row := range m.Rows {
			var buttons []archive.Button
			for _, b := range row.Buttons {
				if button, ok := keyboardButton(b); ok {
					buttons = append(buttons, button)
				}
			}
			if buttons != nil {
				keyboard = append(keyboard, buttons)
			}
		}
	}
	return inline, keyboard
}

// inlineButton leaves out the input… forms: a client sends them, a server never.
func inlineButton(b tg.KeyboardInlineButton) (archive.Button, bool) {
	out := archive.Button{Text: b.Text}
	switch k := b.Type.(type) {
	case *tg.InlineButtonTypeURL:
		out.Type, out.Data = "url", []byte(k.URL)
	case *tg.InlineButtonTypeURLAuth:
		out.Type, out.Data = "auth", []byte(k.URL)
		out.ForwardText, out.ButtonID = k.FwdText, int64(k.ButtonID)
	case *tg.InlineButtonTypeWebView:
		out.Type, out.Data = "web_view", []byte(k.URL)
	case *tg.InlineButtonTypeCallback:
		out.Type, out.Data = "callback", k.Data
		if k.RequiresPassword {
			out.Type = "callback_with_password"
		}
	case *tg.InlineButtonTypeGame:
		out.Type = "game"
	case *tg.InlineButtonTypeBuy:
		out.Type = "buy"
	case *tg.InlineButtonTypeSwitchInline:
		out.Type, out.Data = "switch_inline", []byte(k.Query)
		if k.SamePeer {
			out.Type = "switch_inline_same"
		}
	case *tg.InlineButtonTypeUserProfile:
		out.Type, out.Data = "user_profile", strconv.AppendInt(nil, k.UserID, 10)
	case *tg.InlineButtonTypeCopy:
		out.Type, out.Data = "copy_text", []byte(k.CopyText)
	case *tg.InlineButtonTypeDisabled:
		out.Type = "disabled"
	case *tg.InputInlineButtonTypeURLAuth, *tg.InputInlineButtonTypeUserProfile:
		return out, false
	default:
		out.Type = unknown
	}
	return out, true
}

func keyboardButton(b tg.KeyboardButton) (archive.Button, bool) {
	out := archive.Button{Text: b.Text}
	switch k := b.Type.(type) {
	case *tg.ButtonTypeDefault:
		out.Type = "default"
	case *tg.ButtonTypeRequestPhone:
		out.Type = "request_phone"
	case *tg.ButtonTypeRequestGeoLocation:
		out.Type = "request_location"
	case *tg.ButtonTypeRequestPoll:
		out.Type = "request_poll"
		if quiz, ok := k.GetQuiz(); ok && quiz {
			out.Data = []byte{1}
		} else if ok {
			out.Data = []byte{0}
		}
	case *tg.ButtonTypeRequestPeer:
		out.Type, out.Data, out.ButtonID = "request_peer", []byte("unsupported"), int64(k.ButtonID)
	case *tg.ButtonTypeSimpleWebView:
		out.Type, out.Data = "simple_web_view", []byte(k.URL)
	case *tg.InputButtonTypeRequestPeer:
		return out, false
	default:
		out.Type = unknown
	}
	return out, true
}
