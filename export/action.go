package export

import (
	"strconv"

	"telekeep/archive"
)

// The types of actions that are treated specially outside of this file.
const (
	actionUnknown     = "unknown"
	actionWebviewData = "send_webview_data"
)

// action writes what a service message tells: who did it, what, and the fields
// that belong to it.
func (e *encoder) action(o *object, m *archive.Message, at attached) {
	a := m.Action
	if !withoutActor(a.Type) {
		e.from(o, "actor", m)
	}
	if a.Type == "" {
		o.text("information_text", a.Custom)
		return
	}
	o.quoted("action", a.Type)
	if e.groupAction(o, m, at) || e.chatAction(o, m) || e.botAction(o, m) {
		return
	}
	if e.giftAction(o, a) || e.payAction(o, m) {
		return
	}
	e.laterAction(o, a)
}

// withoutActor lists the actions for which Telegram Desktop does not say who.
func withoutActor(action string) bool {
	switch action {
	case "send_payment", "allow_sending_messages", "attach_menu_bot_allowed", "web_app_bot_allowed",
		"giveaway_launch", "send_passport_values", "proximity_reached", actionWebviewData,
		"gift_code_prize", "giveaway_results", "refunded_payment":
		return true
	}
	return false
}

// groupAction knows what happens to groups and their members. Like the
// functions after it, it says whether the action was one of its own.
func (e *encoder) groupAction(o *object, m *archive.Message, at attached) bool {
	a := m.Action
	switch a.Type {
	case "create_group":
		o.text("title", a.Title)
		e.members(o, a.Members)
	case "edit_group_title", "create_channel", "migrate_from_group", "topic_created":
		o.text("title", a.Title)
	case "edit_group_photo", "suggest_profile_photo":
		photo(o, a.Photo, 0, a.Spoiler, at)
	case "invite_members", "remove_members", "invite_to_group_call":
		e.members(o, a.Members)
	case "join_group_by_link":
		o.nullable("inviter", e.user(a.Inviter))
	case "topic_edit":
		if a.NewTitle != nil {
			o.text("new_title", *a.NewTitle)
		}
		if a.NewIcon != nil {
			o.unsigned("new_icon_emoji_id", *a.NewIcon)
		}
	case "boost_apply":
		o.number("boosts", int64(a.Boosts))
	default:
		return false
	}
	return true
}

// members writes names; a member that is no user or has no name is null.
func (e *encoder) members(o *object, ids []archive.PeerID) {
	l := o.list("members")
	for _, id := range ids {
		l.item()
		o.w.nullable(e.user(id))
	}
	l.end()
}

// chatAction knows calls, pinned messages and settings of a chat.
func (e *encoder) chatAction(o *object, m *archive.Message) bool {
	a := m.Action
	switch a.Type {
	case "pin_message", "set_chat_wallpaper", "set_same_chat_wallpaper":
		e.reply(o, "message_id", a.MessageID, a.Peer)
	case "phone_call":
		o.count("duration_seconds", int64(a.Duration))
		o.text("discard_reason", a.Reason)
	case "conference_call":
		o.count("duration_seconds", int64(a.Duration))
		o.boolean("is_active", a.Active)
		o.boolean("is_missed", a.Missed)
	case "group_call":
		o.count("duration", int64(a.Duration))
	case "group_call_scheduled":
		o.number("schedule_date", a.Schedule)
	case "set_messages_ttl":
		o.number("period", int64(a.Period))
	case "edit_chat_theme":
		o.text("emoticon", a.Emoticon)
	case "proximity_reached":
		e.proximity(o, a)
	default:
		return false
	}
	return true
}

func (e *encoder) proximity(o *object, a *archive.Action) {
	if a.From != "" {
		o.nullable("from", e.peer(a.From))
		o.quoted("from_id", string(a.From))
	}
	if a.To != "" {
		o.nullable("to", e.peer(a.To))
		o.quoted("to_id", string(a.To))
	}
	o.number("distance", int64(a.Distance))
}

// botAction knows what bots, games and to-do lists do.
func (e *encoder) botAction(o *object, m *archive.Message) bool {
	a := m.Action
	switch a.Type {
	case "score_in_game":
		e.reply(o, "game_message_id", a.MessageID, a.Peer)
		o.number("score", int64(a.Score))
	case "allow_sending_messages":
		if a.AppID != 0 {
			o.unsigned("reason_app_id", a.AppID)
			o.text("reason_app_name", a.AppName)
		} else {
			o.text("reason_domain", a.Domain)
		}
	case "send_passport_values":
		l := o.list("values")
		for _, v := range a.Values {
			l.item()
			o.w.quote(v)
		}
		l.end()
	case actionWebviewData:
		text := ""
		if a.Text != nil {
			text = a.Text.Text
		}
		o.quoted("text", text)
	case "requested_peer":
		o.number("button_id", a.ButtonID)
		requestedPeers(o, a.Peers)
	case "todo_completions":
		numbers(o, "completed", a.Done)
		numbers(o, "incompleted", a.Undone)
	case "todo_append_tasks":
		todoItems(o, "items", a.Items)
	default:
		return false
	}
	return true
}

// requestedPeers writes an array into a string: Telegram Desktop serialises it
// twice.
func requestedPeers(o *object, ids []archive.PeerID) {
	var inner buffer
	peerValues(&inner, o.indent+1, ids)
	o.quoted("peers", string(inner.b))
}

func numbers(o *object, key string, ids []int) {
	l := o.list(key)
	for _, id := range ids {
		l.item()
		l.w.number(int64(id))
	}
	l.end()
}

// giftAction knows gifts, prizes and giveaways.
func (e *encoder) giftAction(o *object, a *archive.Action) bool {
	switch a.Type {
	case "send_premium_gift":
		o.text("cost", a.Cost)
		o.count("months", int64(a.Months))
	case "gift_code_prize":
		o.text("gift_code", a.Code)
		o.text("boost_peer_id", string(a.Peer))
		o.number("months", int64(a.Months))
		o.boolean("unclaimed", a.Unclaimed)
		o.boolean("via_giveaway", a.Giveaway)
	case "giveaway_results":
		o.number("winners", int64(a.Winners))
		o.number("unclaimed", int64(a.Left))
		o.boolean("stars", a.ByStars)
	case "send_stars_gift", "send_ton_gift":
		o.text("cost", a.Cost)
		if a.Whole != 0 || a.Nano != 0 {
			o.number("amount_whole", a.Whole)
			o.number("amount_nano", a.Nano)
		}
	case "stars_prize":
		o.text("boost_peer_id", string(a.Peer))
		o.nullable("boost_peer_name", e.peer(a.Peer))
		o.number("stars", a.Stars)
		o.boolean("is_unclaimed", a.Unclaimed)
		o.number("giveaway_msg_id", int64(a.MessageID))
		o.text("transaction_id", a.ChargeID)
	case "send_star_gift":
		starGift(o, a)
	default:
		return false
	}
	return true
}

func starGift(o *object, a *archive.Action) {
	o.unsigned("gift_id", a.GiftID)
	o.number("stars", a.Stars)
	o.boolean("is_limited", a.Limited)
	o.boolean("is_anonymous", a.Anonymous)
	var ps []part
	if a.Text != nil {
		ps = parts(*a.Text)
	}
	o.key("gift_text")
	textValue(o.w, o.indent+1, ps, attached{})
}

// payAction knows payments and paid posts.
func (e *encoder) payAction(o *object, m *archive.Message) bool {
	a := m.Action
	switch a.Type {
	case "send_payment":
		o.number("amount", a.Amount)
		o.text("currency", a.Currency)
		e.reply(o, "invoice_message_id", a.MessageID, a.Peer)
		o.text("recurring", a.Recurring)
	case "refunded_payment":
		o.number("amount", a.Amount)
		o.text("currency", a.Currency)
		o.nullable("peer_name", e.peer(a.Peer))
		o.text("peer_id", string(a.Peer))
		o.text("charge_id", a.ChargeID)
	case "paid_messages_refund":
		o.number("messages_count", int64(a.Count))
		o.number("stars_count", a.Stars)
	case "paid_messages_price_change":
		o.number("price_stars", a.Stars)
		o.boolean("is_broadcast_messages_allowed", a.Broadcast)
	case "process_suggested_post":
		if a.Rejected {
			o.mark("rejected", true)
			o.text("comment", a.Comment)
			break
		}
		price(o, a)
		o.number("scheduled_date", a.Schedule)
	case "suggested_post_success":
		price(o, a)
	case "suggested_post_refund":
		o.boolean("user_initiated", a.ByUser)
	default:
		return false
	}
	return true
}

// price writes an amount as strings.
func price(o *object, a *archive.Action) {
	o.quoted("price_amount_whole", strconv.FormatInt(a.Whole, 10))
	o.quoted("price_amount_nano", strconv.FormatInt(a.Nano, 10))
	o.text("price_currency", a.Currency)
}

// laterAction knows the actions that came with later versions. Of those that it
// does not know either there is the word, who did it and when.
func (e *encoder) laterAction(o *object, a *archive.Action) {
	switch a.Type {
	case "suggest_birthday":
		o.number("day", int64(a.Day))
		o.number("month", int64(a.Month))
		o.count("year", int64(a.Year))
	case "no_forwards_toggle":
		o.boolean("new_value", a.Active)
	case "no_forwards_request":
		o.boolean("expired", a.Expired)
		o.boolean("new_value", a.Active)
	case "new_creator_pending", "change_creator":
		o.nullable("new_creator", e.user(a.Peer))
	case "managed_bot_created":
		o.nullable("bot", e.user(a.Peer))
	case "poll_append_answer", "poll_delete_answer":
		if a.Answer != nil {
			o.text("option", a.Answer.Text.Text)
		}
	case "join_group_via_community":
		o.number("community_id", a.Community)
	}
}
