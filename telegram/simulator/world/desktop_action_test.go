package world

import (
	"strconv"
	"strings"

	"github.com/gotd/td/tg"
)

// cash shows an amount in euro, as the made-up export has it.
func cash(amount int64) string {
	s := strconv.FormatInt(amount, 10)
	return s[:len(s)-2] + "," + s[len(s)-2:] + " €"
}

// action writes the fields of a service message.
func (d *desktop) action(o object, m *tg.MessageService) {
	actor := func(action string) {
		d.from(o, "actor", m.FromID)
		text(o, "action", action)
	}
	n := func(key string, v int64) { o[key] = number(v) }
	switch a := m.Action.(type) {
	case *tg.MessageActionChatCreate:
		actor("create_group")
		o["title"], o["members"] = a.Title, d.userNames(a.Users)
	case *tg.MessageActionChatEditTitle:
		actor("edit_group_title")
		o["title"] = a.Title
	case *tg.MessageActionChatEditPhoto:
		actor("edit_group_photo")
		photoFacts(o, a.Photo)
	case *tg.MessageActionSuggestProfilePhoto:
		actor("suggest_profile_photo")
		photoFacts(o, a.Photo)
	case *tg.MessageActionChatDeletePhoto:
		actor("delete_group_photo")
	case *tg.MessageActionChatAddUser:
		actor("invite_members")
		o["members"] = d.userNames(a.Users)
	case *tg.MessageActionChatDeleteUser:
		actor("remove_members")
		o["members"] = d.userNames([]int64{a.UserID})
	case *tg.MessageActionChatJoinedByLink:
		actor("join_group_by_link")
		o["inviter"] = d.name(userPeer(a.InviterID))
	case *tg.MessageActionChatJoinedByRequest:
		actor("join_group_by_request")
	case *tg.MessageActionChannelCreate:
		actor("create_channel")
		o["title"] = a.Title
	case *tg.MessageActionChatMigrateTo:
		actor("migrate_to_supergroup")
	case *tg.MessageActionChannelMigrateFrom:
		actor("migrate_from_group")
		o["title"] = a.Title
	case *tg.MessageActionTopicCreate:
		actor("topic_created")
		o["title"] = a.Title
	case *tg.MessageActionTopicEdit:
		actor("topic_edit")
		text(o, "new_title", a.Title)
		if id, ok := a.GetIconEmojiID(); ok {
			n("new_icon_emoji_id", id)
		}
	case *tg.MessageActionPinMessage:
		actor("pin_message")
		d.reply(o, "message_id", m.ReplyTo)
	case *tg.MessageActionSetChatWallPaper:
		actor("set_chat_wallpaper")
		if a.Same {
			o["action"] = "set_same_chat_wallpaper"
		}
		d.reply(o, "message_id", m.ReplyTo)
	case *tg.MessageActionHistoryClear:
		actor("clear_history")
	case *tg.MessageActionScreenshotTaken:
		actor("take_screenshot")
	case *tg.MessageActionContactSignUp:
		actor("joined_telegram")
	case *tg.MessageActionBoostApply:
		actor("boost_apply")
		n("boosts", int64(a.Boosts))
	case *tg.MessageActionCustomAction:
		actor("")
		o["information_text"] = a.Message
	case *tg.MessageActionSetMessagesTTL:
		actor("set_messages_ttl")
		n("period", int64(a.Period))
	case *tg.MessageActionSetChatTheme:
		actor("edit_chat_theme")
		text(o, "emoticon", a.Theme.(*tg.ChatTheme).Emoticon)
	case *tg.MessageActionSuggestBirthday:
		actor("suggest_birthday")
		n("day", int64(a.Birthday.Day))
		n("month", int64(a.Birthday.Month))
		nonzero(o, "year", a.Birthday.Year)
	case *tg.MessageActionPaidMessagesPrice:
		actor("paid_messages_price_change")
		n("price_stars", a.Stars)
		o["is_broadcast_messages_allowed"] = a.BroadcastMessagesAllowed
	case *tg.MessageActionPaidMessagesRefunded:
		actor("paid_messages_refund")
		n("messages_count", int64(a.Count))
		n("stars_count", a.Stars)
	case *tg.MessageActionTodoCompletions:
		actor("todo_completions")
		o["completed"], o["incompleted"] = numbers(a.Completed), numbers(a.Incompleted)
	case *tg.MessageActionTodoAppendTasks:
		actor("todo_append_tasks")
		o["items"] = items(a.List)
	default:
		d.laterAction(o, m, actor, n)
	}
}

func numbers(all []int) []any {
	out := []any{}
	for _, n := range all {
		out = append(out, number(int64(n)))
	}
	return out
}

func (d *desktop) laterAction(o object, m *tg.MessageService, actor func(string), n func(string, int64)) {
	switch a := m.Action.(type) {
	case *tg.MessageActionPhoneCall:
		actor("phone_call")
		nonzero(o, "duration_seconds", a.Duration)
		switch a.Reason.(type) {
		case *tg.PhoneCallDiscardReasonBusy:
			o["discard_reason"] = "busy"
		case *tg.PhoneCallDiscardReasonDisconnect:
			o["discard_reason"] = "disconnect"
		case *tg.PhoneCallDiscardReasonHangup:
			o["discard_reason"] = "hangup"
		case *tg.PhoneCallDiscardReasonMissed:
			o["discard_reason"] = "missed"
		case *tg.PhoneCallDiscardReasonMigrateConferenceCall:
			o["discard_reason"] = "migrate_conference_all"
		}
	case *tg.MessageActionConferenceCall:
		actor("conference_call")
		nonzero(o, "duration_seconds", a.Duration)
		o["is_active"], o["is_missed"] = a.Active, a.Missed
	case *tg.MessageActionGroupCall:
		actor("group_call")
		nonzero(o, "duration", a.Duration)
	case *tg.MessageActionInviteToGroupCall:
		actor("invite_to_group_call")
		o["members"] = d.userNames(a.Users)
	case *tg.MessageActionGroupCallScheduled:
		actor("group_call_scheduled")
		n("schedule_date", int64(a.ScheduleDate))
	case *tg.MessageActionGeoProximityReached:
		o["action"] = "proximity_reached"
		d.from(o, "from", a.FromID)
		d.from(o, "to", a.ToID)
		n("distance", int64(a.Distance))
	case *tg.MessageActionGameScore:
		actor("score_in_game")
		d.reply(o, "game_message_id", m.ReplyTo)
		n("score", int64(a.Score))
	case *tg.MessageActionPaymentSent:
		o["action"], o["currency"] = "send_payment", a.Currency
		n("amount", a.TotalAmount)
		d.reply(o, "invoice_message_id", m.ReplyTo)
		if a.RecurringUsed {
			o["recurring"] = "used"
		} else if a.RecurringInit {
			o["recurring"] = "init"
		}
	case *tg.MessageActionPaymentRefunded:
		o["action"], o["currency"], o["charge_id"] = "refunded_payment", a.Currency, a.Charge.ID
		n("amount", a.TotalAmount)
		d.from(o, "peer", a.Peer)
		o["peer_name"] = o["peer"]
		delete(o, "peer")
	case *tg.MessageActionBotAllowed:
		switch app, ok := a.App.(*tg.BotApp); {
		case a.AttachMenu:
			o["action"] = "attach_menu_bot_allowed"
		case a.FromRequest:
			o["action"] = "web_app_bot_allowed"
		case ok:
			o["action"], o["reason_app_name"] = "allow_sending_messages", app.Title
			n("reason_app_id", app.ID)
		default:
			o["action"], o["reason_domain"] = "allow_sending_messages", a.Domain
		}
	case *tg.MessageActionSecureValuesSent:
		o["action"] = "send_passport_values"
		values := []any{}
		for _, t := range a.Types {
			values = append(values, strings.TrimPrefix(t.TypeName(), "secureValueType"))
		}
		o["values"] = values
	case *tg.MessageActionWebViewDataSent:
		o["action"], o["text"] = "send_webview_data", ""
		o["web_view_data"] = a.Text
	case *tg.MessageActionRequestedPeer:
		actor("requested_peer")
		n("button_id", int64(a.ButtonID))
		peers := []any{}
		for _, p := range a.Peers {
			shift := map[byte]int64{'u': 0, 'g': 1 << 48, 'c': 2 << 48}
			peers = append(peers, number(shift[fromTL(p).kind]+fromTL(p).id))
		}
		o["peers"] = peers
	default:
		d.giftAction(o, m, actor, n)
	}
}

func (d *desktop) giftAction(o object, m *tg.MessageService, actor func(string), n func(string, int64)) {
	price := func(p tg.StarsAmountClass) {
		switch p := p.(type) {
		case *tg.StarsAmount:
			o["price_amount_whole"], o["price_amount_nano"], o["price_currency"] = strconv.FormatInt(p.Amount, 10), strconv.Itoa(p.Nanos), "Stars"
		case *tg.StarsTonAmount:
			o["price_amount_whole"], o["price_amount_nano"], o["price_currency"] = strconv.FormatInt(p.Amount/1e9, 10), strconv.FormatInt(p.Amount%1e9, 10), "TON"
		}
	}
	switch a := m.Action.(type) {
	case *tg.MessageActionGiftPremium:
		actor("send_premium_gift")
		o["cost"] = cash(a.Amount)
		nonzero(o, "months", a.Days/30)
	case *tg.MessageActionGiftStars:
		actor("send_stars_gift")
		o["cost"] = cash(a.Amount)
		n("amount_whole", a.Stars)
		n("amount_nano", 0)
	case *tg.MessageActionGiftTon:
		actor("send_ton_gift")
		o["cost"] = cash(a.Amount)
		n("amount_whole", a.CryptoAmount/1e9)
		n("amount_nano", a.CryptoAmount%1e9)
	case *tg.MessageActionStarGift:
		actor("send_star_gift")
		gift := a.Gift.(*tg.StarGift)
		n("gift_id", gift.ID)
		n("stars", gift.Stars)
		o["is_limited"], o["is_anonymous"] = gift.Limited, a.NameHidden
		o["gift_text"] = joinedTL(a.Message)
	case *tg.MessageActionPrizeStars:
		actor("stars_prize")
		d.from(o, "boost_peer", a.BoostPeer)
		o["boost_peer_name"], o["is_unclaimed"], o["transaction_id"] = o["boost_peer"], a.Unclaimed, a.TransactionID
		delete(o, "boost_peer")
		n("stars", a.Stars)
		n("giveaway_msg_id", int64(a.GiveawayMsgID))
	case *tg.MessageActionGiftCode:
		o["action"], o["gift_code"], o["unclaimed"], o["via_giveaway"] = "gift_code_prize", a.Slug, a.Unclaimed, a.ViaGiveaway
		if p := fromTL(a.BoostPeer); !p.isZero() {
			o["boost_peer_id"] = p.String()
		}
		n("months", int64(a.Days/30))
	case *tg.MessageActionGiveawayLaunch:
		o["action"] = "giveaway_launch"
	case *tg.MessageActionGiveawayResults:
		o["action"] = "giveaway_results"
		n("winners", int64(a.WinnersCount))
		n("unclaimed", int64(a.UnclaimedCount))
		n("stars", map[bool]int64{true: 1}[a.Stars])
	case *tg.MessageActionSuggestedPostApproval:
		actor("process_suggested_post")
		if a.Rejected {
			o["rejected"], o["comment"] = true, a.RejectComment
			return
		}
		price(a.Price)
		n("scheduled_date", int64(a.ScheduleDate))
	case *tg.MessageActionSuggestedPostSuccess:
		actor("suggested_post_success")
		price(a.Price)
	case *tg.MessageActionSuggestedPostRefund:
		actor("suggested_post_refund")
		o["user_initiated"] = a.PayerInitiated
	}
}
