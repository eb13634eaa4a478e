package desktop

import (
	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// action converts what a service message tells: all fields of all actions, because a key
// means the same wherever it stands but for those in each function's own cases.
func (c *converter) action(m *resultjson.Message) *archive.Action {
	a := &archive.Action{
		Type: m.Action, Custom: m.InformationText, Title: m.Title, Score: int(m.Score), Amount: m.Amount, Currency: m.Currency,
		Recurring: m.Recurring, Reason: m.DiscardReason, Values: m.Values, Distance: int(m.Distance), Period: int(m.Period),
		Emoticon: m.Emoticon, Cost: m.Cost, Months: int(m.Months), Days: int(m.Days), NewTitle: m.NewTitle, NewIcon: m.NewIconEmojiID,
		ButtonID: m.ButtonID, Boosts: int(m.Boosts), Day: int(m.Day), Month: int(m.Month), Year: int(m.Year),
		Community: m.CommunityID, Expired: m.Expired,
	}
	for i := range m.Members {
		a.Members = append(a.Members, c.names.named(&m.Members[i]))
	}
	a.Inviter = c.names.named(m.Inviter)
	if m.Photo != "" {
		a.Photo, a.Spoiler = c.photo(m), m.Spoiler
	}
	c.groupAction(a, m)
	c.botAction(a, m)
	c.giftAction(a, m)
	c.payAction(a, m)
	return a
}

// groupAction knows chats, calls and their settings.
func (c *converter) groupAction(a *archive.Action, m *resultjson.Message) {
	switch a.Type {
	case "pin_message", "set_chat_wallpaper", "set_same_chat_wallpaper":
		a.MessageID, a.Peer = c.reference(m.PinnedID, m.ReplyToPeer), archive.PeerID(m.ReplyToPeer)
	case "phone_call":
		a.Duration = int(m.Duration)
	case "conference_call":
		a.Duration, a.Active, a.Missed = int(m.Duration), m.IsActive, m.IsMissed
	case "group_call":
		a.Duration = int(m.CallSeconds)
	case "group_call_scheduled":
		a.Schedule = m.ScheduleDate
	case "proximity_reached":
		a.From, a.To = archive.PeerID(m.FromID), archive.PeerID(m.ToID)
		c.names.learn(a.From, m.From)
		c.names.learn(a.To, m.To)
	case "no_forwards_toggle", "no_forwards_request":
		a.Active = m.NewValue
	case "new_creator_pending", "change_creator":
		a.Peer = c.names.named(m.NewCreator)
	case "managed_bot_created":
		a.Peer = c.names.named(m.Bot)
	case "poll_append_answer", "poll_delete_answer":
		a.Answer = &archive.PollAnswer{Text: archive.Text{Text: m.Option}}
	}
}

// botAction knows bots, games and to-do lists.
func (c *converter) botAction(a *archive.Action, m *resultjson.Message) {
	switch a.Type {
	case "score_in_game":
		a.MessageID, a.Peer = c.reference(m.GameID, m.ReplyToPeer), archive.PeerID(m.ReplyToPeer)
	case "allow_sending_messages":
		a.AppID, a.AppName, a.Domain = m.ReasonAppID, m.ReasonAppName, m.ReasonDomain
	case "send_webview_data":
		a.Text = &archive.Text{Text: m.WebViewData}
	case "requested_peer":
		for _, p := range m.Peers {
			a.Peers = append(a.Peers, archive.PeerID(p))
		}
	case "todo_completions":
		a.Done, a.Undone = ints(m.Completed), ints(m.Incompleted)
	case "todo_append_tasks":
		a.Items = c.todoItems(m.Items)
	}
}

func ints(list []int64) []int {
	out := make([]int, len(list))
	for i, n := range list {
		out[i] = int(n)
	}
	return out
}

// giftAction knows gifts, prizes and giveaways.
func (c *converter) giftAction(a *archive.Action, m *resultjson.Message) {
	switch a.Type {
	case "gift_code_prize":
		a.Code, a.Peer, a.Unclaimed, a.Giveaway = m.GiftCode, archive.PeerID(m.BoostPeerID), m.Unclaimed != 0, m.ViaGiveaway
	case "giveaway_results":
		a.Winners, a.Left, a.ByStars = int(m.Winners), int(m.Unclaimed), m.Stars != 0
	case "send_stars_gift", "send_ton_gift":
		a.Whole, a.Nano = m.AmountWhole, m.AmountNano
	case "stars_prize":
		a.Peer, a.Stars, a.Unclaimed = archive.PeerID(m.BoostPeerID), m.Stars, m.IsUnclaimed
		a.MessageID, a.ChargeID = int(m.GiveawayMsgID), m.TransactionID
		c.names.learn(a.Peer, m.BoostPeerName)
	case "send_star_gift":
		a.GiftID, a.Stars, a.Limited, a.Anonymous, a.Text = m.GiftID, m.Stars, m.IsLimited, m.IsAnonymous, c.pointer(m.GiftText)
	}
}

// payAction knows payments and paid posts.
func (c *converter) payAction(a *archive.Action, m *resultjson.Message) {
	switch a.Type {
	case "send_payment":
		a.MessageID, a.Peer = c.reference(m.InvoiceID, m.ReplyToPeer), archive.PeerID(m.ReplyToPeer)
	case "refunded_payment":
		a.Peer, a.ChargeID = archive.PeerID(m.PeerID), m.ChargeID
		c.names.learn(a.Peer, m.PeerName)
	case "paid_messages_refund":
		a.Count, a.Stars = int(m.MessagesCount), m.StarsCount
	case "paid_messages_price_change":
		a.Stars, a.Broadcast = m.PriceStars, m.BroadcastAllowed
	case "process_suggested_post", "suggested_post_success":
		a.Rejected, a.Comment, a.Schedule = m.Rejected, m.Comment, m.ScheduledDate
		a.Whole, a.Nano, a.Currency = m.PriceWhole, m.PriceNano, m.PriceCurrency
	case "suggested_post_refund":
		a.ByUser = m.UserInitiated
	}
}
