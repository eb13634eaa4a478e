package normal

import (
	"testing"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

type actionCase struct {
	in   tg.MessageActionClass
	want archive.Action
}

// actionCases has every action in all its forms. Those that point at a message
// are in a service message that answers message 12 of channel 5.
func actionCases() []actionCase {
	five, title, yes := int64(5), "New", true
	gift := &tg.StarGift{ID: 8, Stars: 50, Limited: true, Title: "Bear", Sticker: &tg.DocumentEmpty{}}
	unique := &tg.StarGiftUnique{ID: 9, Title: "Pepe", Slug: "Pepe-12"}
	words := tg.TextWithEntities{Text: "enjoy"}
	enjoy := &archive.Text{Text: "enjoy"}
	answer := archive.PollAnswer{Text: archive.Text{Text: "third"}, Option: []byte{3}}
	return []actionCase{
		{&tg.MessageActionChatCreate{Title: "G", Users: []int64{1, 2}}, archive.Action{Type: "create_group", Title: "G", Members: []archive.PeerID{"user1", "user2"}}},
		{&tg.MessageActionChatEditTitle{Title: "H"}, archive.Action{Type: "edit_group_title", Title: "H"}},
		{&tg.MessageActionChatEditPhoto{Photo: somePhoto()}, archive.Action{Type: "edit_group_photo", Photo: somePhotoFile()}},
		{&tg.MessageActionChatEditPhoto{Photo: &tg.PhotoEmpty{ID: 4}}, archive.Action{Type: "edit_group_photo"}},
		{&tg.MessageActionChatDeletePhoto{}, archive.Action{Type: "delete_group_photo"}},
		{&tg.MessageActionChatAddUser{Users: []int64{3}}, archive.Action{Type: "invite_members", Members: []archive.PeerID{"user3"}}},
		{&tg.MessageActionChatDeleteUser{UserID: 3}, archive.Action{Type: "remove_members", Members: []archive.PeerID{"user3"}}},
		{&tg.MessageActionChatJoinedByLink{InviterID: 4}, archive.Action{Type: "join_group_by_link", Inviter: "user4"}},
		{&tg.MessageActionChatJoinedByRequest{}, archive.Action{Type: "join_group_by_request"}},
		{&tg.MessageActionChatJoinedViaCommunity{CommunityID: 5}, archive.Action{Type: "join_group_via_community", Community: 5}},
		{&tg.MessageActionChangeCommunity{CommunityID: 5}, archive.Action{Type: "change_community", Community: 5}},
		{&tg.MessageActionChannelCreate{Title: "C"}, archive.Action{Type: "create_channel", Title: "C"}},
		{&tg.MessageActionChatMigrateTo{ChannelID: 7}, archive.Action{Type: "migrate_to_supergroup", Peer: "channel7"}},
		{&tg.MessageActionChannelMigrateFrom{Title: "Old", ChatID: 6}, archive.Action{Type: "migrate_from_group", Title: "Old", Peer: "chat6"}},
		{&tg.MessageActionBoostApply{Boosts: 2}, archive.Action{Type: "boost_apply", Boosts: 2}},

		{&tg.MessageActionPinMessage{}, archive.Action{Type: "pin_message", MessageID: 12, Peer: "channel5"}},
		{&tg.MessageActionHistoryClear{}, archive.Action{Type: "clear_history"}},
		{&tg.MessageActionScreenshotTaken{}, archive.Action{Type: "take_screenshot"}},
		{&tg.MessageActionCustomAction{Message: "happened"}, archive.Action{Custom: "happened"}},
		{&tg.MessageActionContactSignUp{}, archive.Action{Type: "joined_telegram"}},
		{&tg.MessageActionGeoProximityReached{FromID: user(1), ToID: user(2), Distance: 30}, archive.Action{Type: "proximity_reached", From: "user1", To: "user2", Distance: 30}},
		{&tg.MessageActionSetMessagesTTL{Period: 86400, AutoSettingFrom: 1}, archive.Action{Type: "set_messages_ttl", Period: 86400, From: "user1"}},
		{&tg.MessageActionSetChatTheme{Theme: &tg.ChatTheme{Emoticon: "🎄"}}, archive.Action{Type: "edit_chat_theme", Emoticon: "🎄"}},
		{&tg.MessageActionSetChatTheme{Theme: &tg.ChatThemeUniqueGift{Gift: unique}}, archive.Action{Type: "edit_chat_theme", GiftID: 9, Title: "Pepe", Slug: "Pepe-12"}},
		{&tg.MessageActionSetChatWallPaper{ForBoth: true}, archive.Action{Type: "set_chat_wallpaper", ForBoth: true, MessageID: 12, Peer: "channel5"}},
		{&tg.MessageActionSetChatWallPaper{Same: true}, archive.Action{Type: "set_same_chat_wallpaper", MessageID: 12, Peer: "channel5"}},
		{&tg.MessageActionSuggestProfilePhoto{Photo: somePhoto()}, archive.Action{Type: "suggest_profile_photo", Photo: somePhotoFile()}},
		{&tg.MessageActionSuggestBirthday{Birthday: tg.Birthday{Day: 3, Month: 4, Year: 1990}}, archive.Action{Type: "suggest_birthday", Day: 3, Month: 4, Year: 1990}},
		{&tg.MessageActionNoForwardsToggle{NewValue: true}, archive.Action{Type: "no_forwards_toggle", Active: true}},
		{&tg.MessageActionNoForwardsRequest{Expired: true}, archive.Action{Type: "no_forwards_request", Expired: true}},

		{&tg.MessageActionTopicCreate{Title: "T", IconColor: 255, IconEmojiID: 5}, archive.Action{Type: "topic_created", Title: "T", IconColor: 255, NewIcon: &five}},
		{&tg.MessageActionTopicEdit{Title: "New", IconEmojiID: 5, Closed: true}, archive.Action{Type: "topic_edit", NewTitle: &title, NewIcon: &five, Closed: &yes}},
		{&tg.MessageActionTopicEdit{Hidden: true}, archive.Action{Type: "topic_edit", Hidden: &yes}},

		{&tg.MessageActionPhoneCall{Duration: 61, Reason: &tg.PhoneCallDiscardReasonHangup{}, Video: true}, archive.Action{Type: "phone_call", Duration: 61, Reason: "hangup", Video: true}},
		{&tg.MessageActionPhoneCall{Reason: &tg.PhoneCallDiscardReasonMissed{}}, archive.Action{Type: "phone_call", Reason: "missed"}},
		{&tg.MessageActionPhoneCall{Reason: &tg.PhoneCallDiscardReasonBusy{}}, archive.Action{Type: "phone_call", Reason: "busy"}},
		{&tg.MessageActionPhoneCall{Reason: &tg.PhoneCallDiscardReasonDisconnect{}}, archive.Action{Type: "phone_call", Reason: "disconnect"}},
		{&tg.MessageActionPhoneCall{Reason: &tg.PhoneCallDiscardReasonMigrateConferenceCall{}}, archive.Action{Type: "phone_call", Reason: "migrate_conference_all"}},
		{&tg.MessageActionPhoneCall{}, archive.Action{Type: "phone_call"}},
		{&tg.MessageActionConferenceCall{CallID: 1, Active: true, OtherParticipants: []tg.PeerClass{user(2)}}, archive.Action{Type: "conference_call", Active: true, Peers: []archive.PeerID{"user2"}}},
		{&tg.MessageActionConferenceCall{CallID: 1, Active: true, Missed: true}, archive.Action{Type: "conference_call", Missed: true}},
		{&tg.MessageActionConferenceCall{Duration: 5}, archive.Action{Type: "phone_call", Duration: 5, Reason: "hangup"}},
		{&tg.MessageActionGroupCall{Duration: 90}, archive.Action{Type: "group_call", Duration: 90}},
		{&tg.MessageActionGroupCallScheduled{ScheduleDate: 1700000000}, archive.Action{Type: "group_call_scheduled", Schedule: 1700000000}},
		{&tg.MessageActionInviteToGroupCall{Users: []int64{1}}, archive.Action{Type: "invite_to_group_call", Members: []archive.PeerID{"user1"}}},

		{&tg.MessageActionBotAllowed{Domain: "a.example"}, archive.Action{Type: "allow_sending_messages", Domain: "a.example"}},
		{&tg.MessageActionBotAllowed{App: &tg.BotApp{ID: 5, Title: "App"}}, archive.Action{Type: "allow_sending_messages", AppID: 5, AppName: "App"}},
		{&tg.MessageActionBotAllowed{AttachMenu: true}, archive.Action{Type: "attach_menu_bot_allowed"}},
		{&tg.MessageActionBotAllowed{FromRequest: true}, archive.Action{Type: "web_app_bot_allowed"}},
		{&tg.MessageActionSecureValuesSent{Types: passport()}, archive.Action{Type: "send_passport_values", Values: []string{
			"personal_details", "passport", "driver_license", "identity_card", "internal_passport", "address_information", "utility_bill",
			"bank_statement", "rental_agreement", "passport_registration", "temporary_registration", "phone_number", "email"}}},
		{&tg.MessageActionWebViewDataSent{Text: "Shop"}, archive.Action{Type: "send_webview_data", Text: &archive.Text{Text: "Shop"}}},
		{&tg.MessageActionRequestedPeer{ButtonID: 3, Peers: []tg.PeerClass{user(1), &tg.PeerChannel{ChannelID: 2}}}, archive.Action{Type: "requested_peer", ButtonID: 3, Peers: []archive.PeerID{"user1", "channel2"}}},
		{&tg.MessageActionGameScore{GameID: 4, Score: 99}, archive.Action{Type: "score_in_game", GameID: 4, Score: 99, MessageID: 12, Peer: "channel5"}},

		{&tg.MessageActionPaymentSent{Currency: "USD", TotalAmount: 500, RecurringUsed: true, RecurringInit: true, InvoiceSlug: "s", SubscriptionUntilDate: 9}, archive.Action{Type: "send_payment", Currency: "USD", Amount: 500, Recurring: "used", MessageID: 12, Peer: "channel5", Slug: "s", Until: 9}},
		{&tg.MessageActionPaymentSent{Currency: "USD", TotalAmount: 1, RecurringInit: true}, archive.Action{Type: "send_payment", Currency: "USD", Amount: 1, Recurring: "init", MessageID: 12, Peer: "channel5"}},
		{&tg.MessageActionPaymentRefunded{Peer: user(7), Currency: "XTR", TotalAmount: 10, Charge: tg.PaymentCharge{ID: "ch"}}, archive.Action{Type: "refunded_payment", Peer: "user7", Currency: "XTR", Amount: 10, ChargeID: "ch"}},
		{&tg.MessageActionPaidMessagesRefunded{Count: 2, Stars: 20}, archive.Action{Type: "paid_messages_refund", Count: 2, Stars: 20}},
		{&tg.MessageActionPaidMessagesPrice{Stars: 5, BroadcastMessagesAllowed: true}, archive.Action{Type: "paid_messages_price_change", Stars: 5, Broadcast: true}},

		{&tg.MessageActionGiftPremium{Currency: "USD", Amount: 1199, Days: 90, Message: words}, archive.Action{Type: "send_premium_gift", Currency: "USD", Amount: 1199, Cost: "$11.99", Days: 90, Months: 3, Text: enjoy}},
		{&tg.MessageActionGiftCode{Slug: "abc", BoostPeer: &tg.PeerChannel{ChannelID: 3}, Days: 365, ViaGiveaway: true, Unclaimed: true}, archive.Action{Type: "gift_code_prize", Code: "abc", Peer: "channel3", Days: 365, Months: 12, Giveaway: true, Unclaimed: true}},
		{&tg.MessageActionGiftStars{Currency: "EUR", Amount: 1999, Stars: 1000, TransactionID: "t"}, archive.Action{Type: "send_stars_gift", Currency: "EUR", Amount: 1999, Cost: "19,99 €", Whole: 1000, ChargeID: "t"}},
		{&tg.MessageActionGiftTon{Currency: "USD", Amount: 499, CryptoCurrency: "TON", CryptoAmount: 1_500_000_000}, archive.Action{Type: "send_ton_gift", Currency: "USD", Amount: 499, Cost: "$4.99", Whole: 1, Nano: 500_000_000, CryptoCurrency: "TON", Crypto: 1_500_000_000}},
		{&tg.MessageActionPrizeStars{BoostPeer: user(1), Stars: 500, Unclaimed: true, GiveawayMsgID: 8, TransactionID: "t"}, archive.Action{Type: "stars_prize", Peer: "user1", Stars: 500, Unclaimed: true, MessageID: 8, ChargeID: "t"}},
		{&tg.MessageActionGiveawayLaunch{Stars: 3}, archive.Action{Type: "giveaway_launch", Stars: 3}},
		{&tg.MessageActionGiveawayResults{WinnersCount: 3, UnclaimedCount: 1, Stars: true}, archive.Action{Type: "giveaway_results", Winners: 3, Left: 1, ByStars: true}},

		{&tg.MessageActionStarGift{NameHidden: true, Gift: gift, Message: words, FromID: user(1), Peer: user(2)}, archive.Action{Type: "send_star_gift", GiftID: 8, Stars: 50, Limited: true, Anonymous: true, Title: "Bear", Text: enjoy, From: "user1", To: "user2"}},
		{&tg.MessageActionStarGift{Gift: unique}, archive.Action{Type: "send_star_gift", GiftID: 9, Title: "Pepe", Slug: "Pepe-12"}},
		{&tg.MessageActionStarGiftUnique{Gift: unique, Refunded: true}, archive.Action{Type: "send_star_gift", GiftID: 9, Title: "Pepe", Slug: "Pepe-12", Refunded: true}},
		{&tg.MessageActionStarGiftPurchaseOffer{Accepted: true, Gift: unique, Price: &tg.StarsAmount{Amount: 7}, ExpiresAt: 9}, archive.Action{Type: "star_gift_offer", Accepted: true, GiftID: 9, Title: "Pepe", Slug: "Pepe-12", Whole: 7, Currency: "Stars", Until: 9}},
		{&tg.MessageActionStarGiftPurchaseOfferDeclined{Expired: true, Gift: unique, Price: &tg.StarsTonAmount{Amount: 3}}, archive.Action{Type: "star_gift_offer_declined", Expired: true, GiftID: 9, Title: "Pepe", Slug: "Pepe-12", Nano: 3, Currency: "TON"}},

		{&tg.MessageActionSuggestedPostApproval{Rejected: true, RejectComment: "no"}, archive.Action{Type: "process_suggested_post", Rejected: true, Comment: "no", Currency: "Stars"}},
		{&tg.MessageActionSuggestedPostApproval{ScheduleDate: 9, BalanceTooLow: true, Price: &tg.StarsTonAmount{Amount: 2_000_000_001}}, archive.Action{Type: "process_suggested_post", Schedule: 9, Poor: true, Whole: 2, Nano: 1, Currency: "TON"}},
		{&tg.MessageActionSuggestedPostSuccess{Price: &tg.StarsAmount{Amount: 4, Nanos: 5}}, archive.Action{Type: "suggested_post_success", Whole: 4, Nano: 5, Currency: "Stars"}},
		{&tg.MessageActionSuggestedPostRefund{PayerInitiated: true}, archive.Action{Type: "suggested_post_refund", ByUser: true}},

		{&tg.MessageActionTodoCompletions{Completed: []int{1, 2}, Incompleted: []int{3}}, archive.Action{Type: "todo_completions", Done: []int{1, 2}, Undone: []int{3}}},
		{&tg.MessageActionTodoAppendTasks{List: []tg.TodoItem{{ID: 4, Title: words}}}, archive.Action{Type: "todo_append_tasks", Items: []archive.TodoItem{{ID: 4, Text: *enjoy}}}},
		{&tg.MessageActionPollAppendAnswer{Answer: &tg.PollAnswer{Text: tg.TextWithEntities{Text: "third"}, Option: []byte{3}}}, archive.Action{Type: "poll_append_answer", Answer: &answer}},
		{&tg.MessageActionPollDeleteAnswer{Answer: &tg.PollAnswer{Text: tg.TextWithEntities{Text: "third"}, Option: []byte{3}}}, archive.Action{Type: "poll_delete_answer", Answer: &answer}},

		{&tg.MessageActionNewCreatorPending{NewCreatorID: 4}, archive.Action{Type: "new_creator_pending", Peer: "user4"}},
		{&tg.MessageActionChangeCreator{NewCreatorID: 4}, archive.Action{Type: "change_creator", Peer: "user4"}},
		{&tg.MessageActionManagedBotCreated{BotID: 4}, archive.Action{Type: "managed_bot_created", Peer: "user4"}},

		{&tg.MessageActionPaymentSentMe{}, archive.Action{Type: "unknown"}},
		{&tg.MessageActionEmpty{}, archive.Action{Type: "unknown"}},
	}
}

func TestActions(t *testing.T) {
	for _, c := range actionCases() {
		if f, ok := c.in.(interface{ SetFlags() }); ok {
			f.SetFlags()
		}
		m := &tg.MessageService{
			ID:      30,
			PeerID:  &tg.PeerChat{ChatID: 9},
			Action:  c.in,
			ReplyTo: &tg.MessageReplyHeader{ReplyToMsgID: 12, ReplyToPeerID: &tg.PeerChannel{ChannelID: 5}},
		}
		msg, _, _ := Message(m)
		if got, want := jsonOf(t, msg.Action), jsonOf(t, c.want); got != want {
			t.Errorf("%T\n got %s\nwant %s", c.in, got, want)
		}
		if _, empty := c.in.(*tg.MessageActionEmpty); msg.Unsupported != empty {
			t.Errorf("%T: unsupported is %v", c.in, msg.Unsupported)
		}
	}
}

func user(id int64) tg.PeerClass { return &tg.PeerUser{UserID: id} }

func somePhoto() *tg.Photo {
	return &tg.Photo{ID: 21, AccessHash: 22, FileReference: []byte{2}, Date: 1600000000, DCID: 2, Sizes: []tg.PhotoSizeClass{
		&tg.PhotoStrippedSize{Type: "i", Bytes: []byte{1}},
		&tg.PhotoSize{Type: "m", W: 320, H: 200, Size: 90},
		&tg.PhotoSizeProgressive{Type: "y", W: 1280, H: 800, Sizes: []int{100, 500, 1200}},
		&tg.PhotoSize{Type: "x", W: 800, H: 500, Size: 600},
	}}
}

func somePhotoFile() *archive.File {
	return &archive.File{Key: "photo:21", Size: 1200, Width: 1280, Height: 800, Date: 1600000000}
}

func passport() []tg.SecureValueTypeClass {
	return []tg.SecureValueTypeClass{
		&tg.SecureValueTypePersonalDetails{}, &tg.SecureValueTypePassport{}, &tg.SecureValueTypeDriverLicense{},
		&tg.SecureValueTypeIdentityCard{}, &tg.SecureValueTypeInternalPassport{}, &tg.SecureValueTypeAddress{},
		&tg.SecureValueTypeUtilityBill{}, &tg.SecureValueTypeBankStatement{}, &tg.SecureValueTypeRentalAgreement{},
		&tg.SecureValueTypePassportRegistration{}, &tg.SecureValueTypeTemporaryRegistration{},
		&tg.SecureValueTypePhone{}, &tg.SecureValueTypeEmail{},
	}
}
