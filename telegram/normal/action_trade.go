package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// botAction: what a person allows, sends or shows to a bot.
func botAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionBotAllowed:
		return botAllowed(a)
	case *tg.MessageActionSecureValuesSent:
		out := &archive.Action{Type: "send_passport_values"}
		for _, t := range a.Types {
			out.Values = append(out.Values, passportValue(t))
		}
		return out
	case *tg.MessageActionWebViewDataSent:
		return &archive.Action{Type: "send_webview_data", Text: optional(a.Text, nil)}
	case *tg.MessageActionRequestedPeer:
		return &archive.Action{Type: "requested_peer", ButtonID: int64(a.ButtonID), Peers: peerIDs(a.Peers)}
	case *tg.MessageActionGameScore:
		return &archive.Action{Type: "score_in_game", GameID: a.GameID, Score: a.Score}
	}
	return nil
}

func botAllowed(a *tg.MessageActionBotAllowed) *archive.Action {
	out := &archive.Action{Type: "allow_sending_messages", Domain: a.Domain}
	if app, ok := a.App.(*tg.BotApp); ok {
		out.AppID, out.AppName = app.ID, app.Title
	}
	switch {
	case a.AttachMenu:
		out.Type = "attach_menu_bot_allowed"
	case a.FromRequest:
		out.Type = "web_app_bot_allowed"
	}
	return out
}

func passportValue(t tg.SecureValueTypeClass) string {
	switch t.(type) {
	case *tg.SecureValueTypePersonalDetails:
		return "personal_details"
	case *tg.SecureValueTypePassport:
		return "passport"
	case *tg.SecureValueTypeDriverLicense:
		return "driver_license"
	case *tg.SecureValueTypeIdentityCard:
		return "identity_card"
	case *tg.SecureValueTypeInternalPassport:
		return "internal_passport"
	case *tg.SecureValueTypeAddress:
		return "address_information"
	case *tg.SecureValueTypeUtilityBill:
		return "utility_bill"
	case *tg.SecureValueTypeBankStatement:
		return "bank_statement"
	case *tg.SecureValueTypeRentalAgreement:
		return "rental_agreement"
	case *tg.SecureValueTypePassportRegistration:
		return "passport_registration"
	case *tg.SecureValueTypeTemporaryRegistration:
		return "temporary_registration"
	case *tg.SecureValueTypePhone:
		return "phone_number"
	case *tg.SecureValueTypeEmail:
		return "email"
	}
	return unknown
}

func paymentAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionPaymentSent:
		out := &archive.Action{
			Type:     "send_payment",
			Amount:   a.TotalAmount,
			Currency: a.Currency,
			Slug:     a.InvoiceSlug,
			Until:    int64(a.SubscriptionUntilDate),
		}
		switch {
		case a.RecurringUsed:
			out.Recurring = "used"
		case a.RecurringInit:
			out.Recurring = "init"
		}
		return out
	case *tg.MessageActionPaymentRefunded:
		return &archive.Action{
			Type:     "refunded_payment",
			Amount:   a.TotalAmount,
			Currency: a.Currency,
			Peer:     PeerID(a.Peer),
			ChargeID: a.Charge.ID,
		}
	case *tg.MessageActionPaidMessagesRefunded:
		return &archive.Action{Type: "paid_messages_refund", Count: a.Count, Stars: a.Stars}
	case *tg.MessageActionPaidMessagesPrice:
		return &archive.Action{Type: "paid_messages_price_change", Stars: a.Stars, Broadcast: a.BroadcastMessagesAllowed}
	}
	return nil
}

// giftAction: Telegram Premium, stars and TON, given or won.
func giftAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionGiftPremium:
		out := paid("send_premium_gift", a.Amount, a.Currency, a.CryptoAmount, a.CryptoCurrency)
		out.Cost = cost(a.Amount, a.Currency)
		out.Days, out.Months = a.Days, months(a.Days)
		out.Text = optional(a.Message.Text, a.Message.Entities)
		return out
	case *tg.MessageActionGiftCode:
		out := paid("gift_code_prize", a.Amount, a.Currency, a.CryptoAmount, a.CryptoCurrency)
		out.Code, out.Peer = a.Slug, PeerID(a.BoostPeer)
		out.Days, out.Months = a.Days, months(a.Days)
		out.Unclaimed, out.Giveaway = a.Unclaimed, a.ViaGiveaway
		out.Text = optional(a.Message.Text, a.Message.Entities)
		return out
	case *tg.MessageActionGiftStars:
		out := paid("send_stars_gift", a.Amount, a.Currency, a.CryptoAmount, a.CryptoCurrency)
		out.Cost, out.ChargeID = cost(a.Amount, a.Currency), a.TransactionID
		out.Whole = a.Stars
		return out
	case *tg.MessageActionGiftTon:
		worth := ton(a.CryptoAmount)
		out := paid("send_ton_gift", a.Amount, a.Currency, a.CryptoAmount, a.CryptoCurrency)
		out.Cost, out.ChargeID = cost(a.Amount, a.Currency), a.TransactionID
		out.Whole, out.Nano = worth.whole, worth.nano
		return out
	case *tg.MessageActionPrizeStars:
		return &archive.Action{
			Type:      "stars_prize",
			Peer:      PeerID(a.BoostPeer),
			Stars:     a.Stars,
			Unclaimed: a.Unclaimed,
			MessageID: a.GiveawayMsgID,
			ChargeID:  a.TransactionID,
		}
	case *tg.MessageActionGiveawayLaunch:
		return &archive.Action{Type: "giveaway_launch", Stars: a.Stars}
	case *tg.MessageActionGiveawayResults:
		return &archive.Action{Type: "giveaway_results", Winners: a.WinnersCount, Left: a.UnclaimedCount, ByStars: a.Stars}
	}
	return nil
}

func paid(action string, amount int64, currency string, crypto int64, cryptoCurrency string) *archive.Action {
	return &archive.Action{
		Type:           action,
		Amount:         amount,
		Currency:       currency,
		Crypto:         crypto,
		CryptoCurrency: cryptoCurrency,
	}
}

// starGiftAction: collectible gifts.
func starGiftAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionStarGift:
		out := &archive.Action{
			Type:      "send_star_gift",
			Anonymous: a.NameHidden,
			Refunded:  a.Refunded,
			Text:      optional(a.Message.Text, a.Message.Entities),
			From:      PeerID(a.FromID),
			To:        PeerID(a.Peer),
		}
		giftOf(out, a.Gift)
		return out
	case *tg.MessageActionStarGiftUnique:
		out := &archive.Action{
			Type:      "send_star_gift",
			Anonymous: a.NameHidden,
			Refunded:  a.Refunded,
			Text:      optional(a.Message.Text, a.Message.Entities),
			From:      PeerID(a.FromID),
			To:        PeerID(a.Peer),
		}
		giftOf(out, a.Gift)
		return out
	case *tg.MessageActionStarGiftPurchaseOffer:
		out := &archive.Action{Type: "star_gift_offer", Accepted: a.Accepted, Rejected: a.Declined, Until: int64(a.ExpiresAt)}
		giftOf(out, a.Gift)
		priceOf(out, a.Price)
		return out
	case *tg.MessageActionStarGiftPurchaseOfferDeclined:
		out := &archive.Action{Type: "star_gift_offer_declined", Expired: a.Expired}
		giftOf(out, a.Gift)
		priceOf(out, a.Price)
		return out
	}
	return nil
}

func giftOf(out *archive.Action, g tg.StarGiftClass) {
	switch g := g.(type) {
	case *tg.StarGift:
		out.GiftID, out.Stars, out.Limited, out.Title = g.ID, g.Stars, g.Limited, g.Title
	case *tg.StarGiftUnique:
		out.GiftID, out.Title, out.Slug = g.ID, g.Title, g.Slug
	}
}

func priceOf(out *archive.Action, price tg.StarsAmountClass) {
	p := credits(price)
	out.Whole, out.Nano, out.Currency = p.whole, p.nano, p.currency
}

// postAction: posts offered to a channel.
func postAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionSuggestedPostApproval:
		out := &archive.Action{
			Type:     "process_suggested_post",
			Rejected: a.Rejected,
			Comment:  a.RejectComment,
			Schedule: int64(a.ScheduleDate),
			Poor:     a.BalanceTooLow,
		}
		priceOf(out, a.Price)
		return out
	case *tg.MessageActionSuggestedPostSuccess:
		out := &archive.Action{Type: "suggested_post_success"}
		priceOf(out, a.Price)
		return out
	case *tg.MessageActionSuggestedPostRefund:
		return &archive.Action{Type: "suggested_post_refund", ByUser: a.PayerInitiated}
	}
	return nil
}

// taskAction: to-do lists and polls that people extend.
func taskAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionTodoCompletions:
		return &archive.Action{Type: "todo_completions", Done: a.Completed, Undone: a.Incompleted}
	case *tg.MessageActionTodoAppendTasks:
		return &archive.Action{Type: "todo_append_tasks", Items: todoItems(a.List)}
	case *tg.MessageActionPollAppendAnswer:
		answer := pollAnswer(a.Answer, "")
		return &archive.Action{Type: "poll_append_answer", Answer: &answer}
	case *tg.MessageActionPollDeleteAnswer:
		answer := pollAnswer(a.Answer, "")
		return &archive.Action{Type: "poll_delete_answer", Answer: &answer}
	}
	return nil
}
