package world

import "github.com/gotd/td/tg"

// groupActions: what happens to a group, its members, its topics and its calls.
func (e *exhibit) groupActions() {
	other := e.place.members[1]
	icon := emojiID(4)
	topic := &tg.MessageActionTopicCreate{Title: "Tides", IconColor: 0x6fb9f0}
	topic.SetIconEmojiID(icon)
	changed := &tg.MessageActionTopicEdit{}
	changed.SetTitle("Tides and waves")
	changed.SetIconEmojiID(icon)
	closed := &tg.MessageActionTopicEdit{}
	closed.SetClosed(true)
	hidden := &tg.MessageActionTopicEdit{}
	hidden.SetHidden(true)
	e.happen(0,
		&tg.MessageActionChatCreate{Title: e.place.title, Users: e.place.members},
		&tg.MessageActionChannelCreate{Title: e.place.title},
		&tg.MessageActionChatEditTitle{Title: "More curiosities"},
		&tg.MessageActionChatEditPhoto{Photo: e.photo()},
		&tg.MessageActionChatDeletePhoto{},
		&tg.MessageActionChatAddUser{Users: []int64{other}},
		&tg.MessageActionChatDeleteUser{UserID: other},
		&tg.MessageActionChatJoinedByLink{InviterID: other},
		&tg.MessageActionChatJoinedByRequest{},
		&tg.MessageActionChatJoinedViaCommunity{CommunityID: 5},
		&tg.MessageActionChangeCommunity{CommunityID: 5},
		&tg.MessageActionChatMigrateTo{ChannelID: exhibitChat},
		&tg.MessageActionBoostApply{Boosts: 2},
		topic, changed, closed, hidden,
		&tg.MessageActionGroupCall{Call: &tg.InputGroupCall{ID: 5, AccessHash: 6}, Duration: 90},
		&tg.MessageActionGroupCallScheduled{Call: &tg.InputGroupCall{ID: 5, AccessHash: 6}, ScheduleDate: lifeEnds},
		&tg.MessageActionInviteToGroupCall{Call: &tg.InputGroupCall{ID: 5, AccessHash: 6}, Users: []int64{other}},
		&tg.MessageActionNewCreatorPending{NewCreatorID: other},
		&tg.MessageActionChangeCreator{NewCreatorID: other},
	)
	call := &tg.MessageActionPhoneCall{CallID: 7, Video: true}
	call.SetReason(&tg.PhoneCallDiscardReasonHangup{})
	call.SetDuration(61)
	missed := &tg.MessageActionPhoneCall{CallID: 8}
	missed.SetReason(&tg.PhoneCallDiscardReasonMissed{})
	conference := &tg.MessageActionConferenceCall{CallID: 9, Active: true}
	conference.SetOtherParticipants([]tg.PeerClass{userPeer(other).tl()})
	e.happen(0, call, missed, conference)
}

// chatActions: what happens in any chat, and with bots.
func (e *exhibit) chatActions() {
	other := userPeer(e.place.members[1]).tl()
	e.happen(1,
		&tg.MessageActionPinMessage{},
		&tg.MessageActionGameScore{GameID: 1, Score: 99},
		&tg.MessageActionSetChatWallPaper{ForBoth: true, Wallpaper: &tg.WallPaperNoFile{ID: 1}},
		&tg.MessageActionSetChatWallPaper{Same: true, Wallpaper: &tg.WallPaperNoFile{ID: 1}},
	)
	app := &tg.MessageActionBotAllowed{}
	app.SetApp(&tg.BotApp{ID: 5, AccessHash: 6, ShortName: "app", Title: "App", Description: "An app.", Photo: e.photo(), Hash: 1})
	domain := &tg.MessageActionBotAllowed{}
	domain.SetDomain("example.org")
	e.happen(0,
		&tg.MessageActionHistoryClear{}, &tg.MessageActionScreenshotTaken{}, &tg.MessageActionContactSignUp{},
		&tg.MessageActionCustomAction{Message: "Something happened."},
		&tg.MessageActionGeoProximityReached{FromID: other, ToID: userPeer(e.town.self).tl(), Distance: 30},
		&tg.MessageActionSetMessagesTTL{Period: 86400},
		&tg.MessageActionSetChatTheme{Theme: &tg.ChatTheme{Emoticon: "🎄"}},
		&tg.MessageActionSuggestProfilePhoto{Photo: e.photo()},
		&tg.MessageActionSuggestBirthday{Birthday: tg.Birthday{Day: 3, Month: 4, Year: 1990}},
		&tg.MessageActionNoForwardsToggle{NewValue: true},
		&tg.MessageActionNoForwardsRequest{Expired: true},
		domain, app, &tg.MessageActionBotAllowed{AttachMenu: true}, &tg.MessageActionBotAllowed{FromRequest: true},
		&tg.MessageActionSecureValuesSent{Types: []tg.SecureValueTypeClass{&tg.SecureValueTypePassport{}, &tg.SecureValueTypeEmail{}}},
		&tg.MessageActionWebViewDataSent{Text: "Shop"},
		&tg.MessageActionRequestedPeer{ButtonID: 3, Peers: []tg.PeerClass{other, e.place.peer.tl()}},
		&tg.MessageActionManagedBotCreated{BotID: e.bot},
		&tg.MessageActionTodoCompletions{Completed: []int{1, 2}, Incompleted: []int{3}},
		&tg.MessageActionTodoAppendTasks{List: []tg.TodoItem{{ID: 4, Title: words("Lamp", &tg.MessageEntityBold{Length: 4})}}},
		&tg.MessageActionPollAppendAnswer{Answer: &tg.PollAnswer{Text: words("Straight on"), Option: []byte{3}}},
		&tg.MessageActionPollDeleteAnswer{Answer: &tg.PollAnswer{Text: words("Straight on"), Option: []byte{3}}},
		&tg.MessageActionEmpty{},
	)
}

// tradeActions: payments, gifts, prizes and posts that are paid for.
func (e *exhibit) tradeActions() {
	other := userPeer(e.place.members[1]).tl()
	e.happen(1, &tg.MessageActionPaymentSent{RecurringUsed: true, Currency: "EUR", TotalAmount: 1499})
	enjoy := words("Enjoy!", &tg.MessageEntityItalic{Length: 6})
	premium := &tg.MessageActionGiftPremium{Currency: "EUR", Amount: 1499, Days: 90}
	premium.SetMessage(enjoy)
	code := &tg.MessageActionGiftCode{ViaGiveaway: true, Unclaimed: true, Days: 365, Slug: "abc"}
	code.SetBoostPeer(e.place.peer.tl())
	stars := &tg.MessageActionGiftStars{Currency: "USD", Amount: 199, Stars: 100}
	stars.SetTransactionID("t1")
	gift := &tg.MessageActionStarGift{NameHidden: true, Gift: &tg.StarGift{ID: 8, Stars: 50, Sticker: &tg.DocumentEmpty{ID: 1}}}
	gift.SetMessage(enjoy)
	unique := func() *tg.StarGiftUnique {
		return &tg.StarGiftUnique{ID: 9, GiftID: 8, Title: "Seahorse", Slug: "Seahorse-12", Num: 12, Attributes: []tg.StarGiftAttributeClass{}}
	}
	offer := &tg.MessageActionStarGiftPurchaseOffer{Accepted: true, Gift: unique(), Price: &tg.StarsAmount{Amount: 7}, ExpiresAt: lifeEnds}
	declined := &tg.MessageActionStarGiftPurchaseOfferDeclined{Expired: true, Gift: unique(), Price: &tg.StarsTonAmount{Amount: 3}}
	refused := &tg.MessageActionSuggestedPostApproval{Rejected: true}
	refused.SetRejectComment("Not this one.")
	agreed := &tg.MessageActionSuggestedPostApproval{}
	agreed.SetPrice(&tg.StarsTonAmount{Amount: 2_000_000_001})
	agreed.SetScheduleDate(lifeEnds)
	e.happen(0,
		&tg.MessageActionPaymentRefunded{Peer: userPeer(e.bot).tl(), Currency: "XTR", TotalAmount: 10, Charge: tg.PaymentCharge{ID: "ch", ProviderChargeID: "p"}},
		&tg.MessageActionPaidMessagesRefunded{Count: 2, Stars: 20},
		&tg.MessageActionPaidMessagesPrice{Stars: 5, BroadcastMessagesAllowed: true},
		premium, code, stars,
		&tg.MessageActionGiftTon{Currency: "USD", Amount: 499, CryptoCurrency: "TON", CryptoAmount: 1_500_000_000},
		&tg.MessageActionPrizeStars{Unclaimed: true, Stars: 500, TransactionID: "t2", BoostPeer: e.place.peer.tl(), GiveawayMsgID: 8},
		&tg.MessageActionGiveawayLaunch{Stars: 3},
		&tg.MessageActionGiveawayResults{Stars: true, WinnersCount: 3, UnclaimedCount: 1},
		gift, &tg.MessageActionStarGiftUnique{Gift: unique(), FromID: other}, offer, declined, refused, agreed,
		&tg.MessageActionSuggestedPostSuccess{Price: &tg.StarsAmount{Amount: 4, Nanos: 5}},
		&tg.MessageActionSuggestedPostRefund{PayerInitiated: true},
	)
}
