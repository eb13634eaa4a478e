package world

import (
	"cmp"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// daysPerMonth is how the server's days show as months in exports before 6.4.
const daysPerMonth = 30

// action makes what a service message tells. One that layer 229 cannot express
// is served empty, with a warning.
func (c *chatImport) action(m *resultjson.Message) tg.MessageActionClass {
	for _, family := range []func(*resultjson.Message) tg.MessageActionClass{
		c.groupAction, c.callAction, c.botAction, c.giftAction, c.listAction,
	} {
		if a := family(m); a != nil {
			return a
		}
	}
	if m.Action == "" {
		return &tg.MessageActionCustomAction{Message: m.InformationText}
	}
	c.warnf("the action %q cannot be expressed; it is served empty", m.Action)
	return &tg.MessageActionEmpty{}
}

// groupAction is what happens to groups, channels and their topics.
func (c *chatImport) groupAction(m *resultjson.Message) tg.MessageActionClass {
	switch m.Action {
	case "create_group":
		return &tg.MessageActionChatCreate{Title: m.Title, Users: c.users(m.Members)}
	case "edit_group_title":
		return &tg.MessageActionChatEditTitle{Title: m.Title}
	case "edit_group_photo":
		return &tg.MessageActionChatEditPhoto{Photo: c.actionPhoto(m)}
	case "delete_group_photo":
		return &tg.MessageActionChatDeletePhoto{}
	case "invite_members":
		return &tg.MessageActionChatAddUser{Users: c.users(m.Members)}
	case "remove_members":
		return &tg.MessageActionChatDeleteUser{UserID: c.oneUser(m.Members)}
	case "join_group_by_link":
		return &tg.MessageActionChatJoinedByLink{InviterID: c.user(m.Inviter)}
	case "join_group_by_request":
		return &tg.MessageActionChatJoinedByRequest{}
	case "join_group_via_community":
		return &tg.MessageActionChatJoinedViaCommunity{CommunityID: m.CommunityID}
	case "create_channel":
		return &tg.MessageActionChannelCreate{Title: m.Title}
	case "migrate_to_supergroup":
		return &tg.MessageActionChatMigrateTo{ChannelID: c.s.peer.id}
	case "migrate_from_group":
		return &tg.MessageActionChannelMigrateFrom{Title: m.Title, ChatID: c.homes()[0].id}
	case "topic_created":
		return &tg.MessageActionTopicCreate{Title: m.Title, IconColor: 0x6fb9f0}
	case "topic_edit":
		out := &tg.MessageActionTopicEdit{}
		if m.NewTitle != nil {
			out.SetTitle(*m.NewTitle)
		}
		if m.NewIconEmojiID != nil {
			out.SetIconEmojiID(*m.NewIconEmojiID)
		}
		return out
	case "pin_message":
		return &tg.MessageActionPinMessage{}
	case "boost_apply":
		return &tg.MessageActionBoostApply{Boosts: int(m.Boosts)}
	case "new_creator_pending":
		return &tg.MessageActionNewCreatorPending{NewCreatorID: c.user(m.NewCreator)}
	case "change_creator":
		return &tg.MessageActionChangeCreator{NewCreatorID: c.user(m.NewCreator)}
	case "no_forwards_toggle":
		return &tg.MessageActionNoForwardsToggle{PrevValue: !m.NewValue, NewValue: m.NewValue}
	case "no_forwards_request":
		return &tg.MessageActionNoForwardsRequest{Expired: m.Expired, PrevValue: !m.NewValue, NewValue: m.NewValue}
	case "paid_messages_price_change":
		return &tg.MessageActionPaidMessagesPrice{Stars: m.PriceStars, BroadcastMessagesAllowed: m.BroadcastAllowed}
	case "process_suggested_post":
		out := &tg.MessageActionSuggestedPostApproval{Rejected: m.Rejected, RejectComment: m.Comment, ScheduleDate: int(m.ScheduledDate)}
		if !m.Rejected {
			out.Price = price(m)
		}
		return out
	case "suggested_post_success":
		return &tg.MessageActionSuggestedPostSuccess{Price: price(m)}
	case "suggested_post_refund":
		return &tg.MessageActionSuggestedPostRefund{PayerInitiated: m.UserInitiated}
	}
	return nil
}

// users finds everyone of a list of names.
func (c *chatImport) users(names []resultjson.Name) []int64 {
	out := []int64{}
	for i := range names {
		out = append(out, c.user(&names[i]))
	}
	return out
}

func (c *chatImport) oneUser(names []resultjson.Name) int64 {
	if len(names) != 1 {
		c.warnf("%d members are removed at once; the server removes one", len(names))
	}
	if len(names) == 0 {
		return c.deletedUser()
	}
	return c.user(&names[0])
}

func (c *chatImport) actionPhoto(m *resultjson.Message) tg.PhotoClass {
	if m.Spoiler {
		c.warnf("the photo of an action has a spoiler; it is served without")
	}
	if p := c.photo(m.Photo, m.PhotoFileSize, m.Width, m.Height); p != nil {
		return p
	}
	return &tg.PhotoEmpty{ID: c.fileID("", "photo")}
}

func price(m *resultjson.Message) tg.StarsAmountClass {
	if m.PriceCurrency == "TON" {
		return &tg.StarsTonAmount{Amount: m.PriceWhole*1e9 + m.PriceNano}
	}
	return &tg.StarsAmount{Amount: m.PriceWhole, Nanos: int(m.PriceNano)}
}

// callAction is calls, and what happens between two people.
func (c *chatImport) callAction(m *resultjson.Message) tg.MessageActionClass {
	id := c.fileID("", "call")
	call := &tg.InputGroupCall{ID: id, AccessHash: id}
	switch m.Action {
	case "phone_call":
		return &tg.MessageActionPhoneCall{CallID: id, Reason: c.discardReason(m.DiscardReason), Duration: int(m.Duration)}
	case "conference_call":
		return &tg.MessageActionConferenceCall{CallID: id, Missed: m.IsMissed, Active: m.IsActive, Duration: int(m.Duration)}
	case "group_call":
		return &tg.MessageActionGroupCall{Call: call, Duration: int(m.CallSeconds)}
	case "invite_to_group_call":
		return &tg.MessageActionInviteToGroupCall{Call: call, Users: c.users(m.Members)}
	case "group_call_scheduled":
		return &tg.MessageActionGroupCallScheduled{Call: call, ScheduleDate: int(m.ScheduleDate)}
	case "joined_telegram":
		return &tg.MessageActionContactSignUp{}
	case "take_screenshot":
		return &tg.MessageActionScreenshotTaken{}
	case "clear_history":
		return &tg.MessageActionHistoryClear{}
	case "set_messages_ttl":
		return &tg.MessageActionSetMessagesTTL{Period: int(m.Period)}
	case "edit_chat_theme":
		return &tg.MessageActionSetChatTheme{Theme: &tg.ChatTheme{Emoticon: m.Emoticon}}
	case "set_chat_wallpaper", "set_same_chat_wallpaper":
		return &tg.MessageActionSetChatWallPaper{Same: m.Action == "set_same_chat_wallpaper", Wallpaper: &tg.WallPaperNoFile{ID: id}}
	case "suggest_profile_photo":
		return &tg.MessageActionSuggestProfilePhoto{Photo: c.actionPhoto(m)}
	case "suggest_birthday":
		return &tg.MessageActionSuggestBirthday{Birthday: tg.Birthday{Day: int(m.Day), Month: int(m.Month), Year: int(m.Year)}}
	case "proximity_reached":
		return &tg.MessageActionGeoProximityReached{FromID: c.someone(m.FromID), ToID: c.someone(m.ToID), Distance: int(m.Distance)}
	}
	return nil
}

// someone is a peer that the server always names.
func (c *chatImport) someone(id resultjson.Peer) tg.PeerClass {
	if p := c.importer.peer(id); !p.isZero() {
		return p.tl()
	}
	return userPeer(c.deletedUser()).tl()
}

func (c *chatImport) discardReason(reason string) tg.PhoneCallDiscardReasonClass {
	switch reason {
	case "":
		return nil
	case "busy":
		return &tg.PhoneCallDiscardReasonBusy{}
	case "disconnect":
		return &tg.PhoneCallDiscardReasonDisconnect{}
	case "hangup":
		return &tg.PhoneCallDiscardReasonHangup{}
	case "missed":
		return &tg.PhoneCallDiscardReasonMissed{}
	case "migrate_conference_all", "migrate_conference_call":
		return &tg.PhoneCallDiscardReasonMigrateConferenceCall{Slug: "conference"}
	}
	c.warnf("a call ended for the reason %q; it is served without", reason)
	return nil
}

// botAction is what bots, games and payments cause.
func (c *chatImport) botAction(m *resultjson.Message) tg.MessageActionClass {
	switch m.Action {
	case "score_in_game":
		return &tg.MessageActionGameScore{GameID: c.fileID("", "game"), Score: int(m.Score)}
	case "send_payment":
		return &tg.MessageActionPaymentSent{
			Currency: m.Currency, TotalAmount: m.Amount, RecurringInit: m.Recurring == "init", RecurringUsed: m.Recurring == "used",
		}
	case "refunded_payment":
		return &tg.MessageActionPaymentRefunded{
			Peer: c.someone(m.PeerID), Currency: m.Currency, TotalAmount: m.Amount, Charge: tg.PaymentCharge{ID: m.ChargeID},
		}
	case "allow_sending_messages":
		out := &tg.MessageActionBotAllowed{Domain: m.ReasonDomain}
		if m.ReasonAppID != 0 {
			out.App = &tg.BotApp{ID: m.ReasonAppID, Title: m.ReasonAppName, ShortName: m.ReasonAppName, Photo: &tg.PhotoEmpty{}}
		}
		return out
	case "attach_menu_bot_allowed":
		return &tg.MessageActionBotAllowed{AttachMenu: true}
	case "web_app_bot_allowed":
		return &tg.MessageActionBotAllowed{FromRequest: true}
	case "send_passport_values":
		return &tg.MessageActionSecureValuesSent{Types: c.secureTypes(m.Values)}
	case "send_webview_data":
		return &tg.MessageActionWebViewDataSent{Text: m.WebViewData}
	case "requested_peer":
		out := &tg.MessageActionRequestedPeer{ButtonID: int(m.ButtonID), Peers: []tg.PeerClass{}}
		for _, p := range m.Peers {
			out.Peers = append(out.Peers, c.someone(p))
		}
		if len(m.Peers) == 0 && m.PeerID != "" {
			out.Peers = append(out.Peers, c.someone(m.PeerID))
		}
		return out
	case "managed_bot_created":
		return &tg.MessageActionManagedBotCreated{BotID: c.user(m.Bot)}
	}
	return nil
}

func (c *chatImport) secureTypes(names []string) []tg.SecureValueTypeClass {
	out := []tg.SecureValueTypeClass{}
	for _, name := range names {
		switch name {
		case "personal_details":
			out = append(out, &tg.SecureValueTypePersonalDetails{})
		case "passport":
			out = append(out, &tg.SecureValueTypePassport{})
		case "driver_license":
			out = append(out, &tg.SecureValueTypeDriverLicense{})
		case "identity_card":
			out = append(out, &tg.SecureValueTypeIdentityCard{})
		case "internal_passport":
			out = append(out, &tg.SecureValueTypeInternalPassport{})
		case "address_information":
			out = append(out, &tg.SecureValueTypeAddress{})
		case "utility_bill":
			out = append(out, &tg.SecureValueTypeUtilityBill{})
		case "bank_statement":
			out = append(out, &tg.SecureValueTypeBankStatement{})
		case "rental_agreement":
			out = append(out, &tg.SecureValueTypeRentalAgreement{})
		case "passport_registration":
			out = append(out, &tg.SecureValueTypePassportRegistration{})
		case "temporary_registration":
			out = append(out, &tg.SecureValueTypeTemporaryRegistration{})
		case "phone_number":
			out = append(out, &tg.SecureValueTypePhone{})
		case "email":
			out = append(out, &tg.SecureValueTypeEmail{})
		default:
			c.warnf("a passport value of the type %q; left out", name)
		}
	}
	return out
}

// giftAction is gifts, prizes and giveaways.
func (c *chatImport) giftAction(m *resultjson.Message) tg.MessageActionClass {
	days := int(cmp.Or(m.Days, m.Months*daysPerMonth))
	switch m.Action {
	case "send_premium_gift":
		currency, amount := c.cost(m)
		return &tg.MessageActionGiftPremium{Currency: currency, Amount: amount, Days: days}
	case "send_stars_gift":
		currency, amount := c.cost(m)
		if m.AmountNano != 0 {
			c.warnf("a gift of a part of a star; served without the part")
		}
		return &tg.MessageActionGiftStars{Currency: currency, Amount: amount, Stars: cmp.Or(m.AmountWhole, m.Stars)}
	case "send_ton_gift":
		currency, amount := c.cost(m)
		return &tg.MessageActionGiftTon{
			Currency: currency, Amount: amount, CryptoCurrency: "TON", CryptoAmount: m.AmountWhole*1e9 + m.AmountNano,
		}
	case "send_star_gift":
		gift := &tg.StarGift{ID: m.GiftID, Stars: m.Stars, Limited: m.IsLimited, Sticker: &tg.DocumentEmpty{}}
		if m.IsLimited {
			gift.SetAvailabilityRemains(0)
			gift.SetAvailabilityTotal(1)
		}
		out := &tg.MessageActionStarGift{NameHidden: m.IsAnonymous, Gift: gift}
		if len(m.GiftText) > 0 {
			out.SetMessage(c.textTL(m.GiftText))
		}
		return out
	case "stars_prize":
		return &tg.MessageActionPrizeStars{
			Unclaimed: m.IsUnclaimed, Stars: m.Stars, TransactionID: m.TransactionID,
			BoostPeer: c.someone(m.BoostPeerID), GiveawayMsgID: int(m.GiveawayMsgID),
		}
	case "gift_code_prize":
		out := &tg.MessageActionGiftCode{ViaGiveaway: m.ViaGiveaway, Unclaimed: m.Unclaimed != 0, Days: days, Slug: m.GiftCode}
		if m.BoostPeerID != "" {
			out.SetBoostPeer(c.someone(m.BoostPeerID))
		}
		return out
	case "giveaway_launch":
		return &tg.MessageActionGiveawayLaunch{}
	case "giveaway_results":
		return &tg.MessageActionGiveawayResults{Stars: m.Stars != 0, WinnersCount: int(m.Winners), UnclaimedCount: int(m.Unclaimed)}
	case "paid_messages_refund":
		return &tg.MessageActionPaidMessagesRefunded{Count: int(m.MessagesCount), Stars: m.StarsCount}
	}
	return nil
}

// cost reads what a gift did cost.
func (c *chatImport) cost(m *resultjson.Message) (currency string, amount int64) {
	if m.Cost == "" {
		return "USD", 0
	}
	currency, amount, ok := money(m.Cost)
	if !ok {
		c.warnf("the cost of a gift is not understood; it is served as 0")
		return "USD", 0
	}
	return currency, amount
}

// listAction is changes to polls and to-do lists.
func (c *chatImport) listAction(m *resultjson.Message) tg.MessageActionClass {
	switch m.Action {
	case "todo_completions":
		return &tg.MessageActionTodoCompletions{Completed: ints(m.Completed), Incompleted: ints(m.Incompleted)}
	case "todo_append_tasks":
		return &tg.MessageActionTodoAppendTasks{List: c.todoItems(m.Items)}
	case "poll_append_answer", "poll_delete_answer":
		answer := &tg.PollAnswer{Text: tg.TextWithEntities{Text: m.Option, Entities: []tg.MessageEntityClass{}}, Option: []byte("0")}
		if m.Action == "poll_delete_answer" {
			return &tg.MessageActionPollDeleteAnswer{Answer: answer}
		}
		return &tg.MessageActionPollAppendAnswer{Answer: answer}
	}
	return nil
}

func ints(all []int64) []int {
	out := []int{}
	for _, n := range all {
		out = append(out, int(n))
	}
	return out
}
