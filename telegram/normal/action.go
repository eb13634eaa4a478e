package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// action is what a service message tells. The actions that only a bot receives
// (…SentMe) and the empty one stay "unknown", as does whatever a later layer
// brings: the raw bytes have them.
func action(a tg.MessageActionClass) *archive.Action {
	for _, theme := range []func(tg.MessageActionClass) *archive.Action{
		groupAction, chatAction, topicAction, callAction, botAction, paymentAction, giftAction, starGiftAction, postAction, taskAction, ownerAction,
	} {
		if out := theme(a); out != nil {
			return out
		}
	}
	return &archive.Action{Type: unknown}
}

// groupAction: who and what a group or channel is.
func groupAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionChatCreate:
		return &archive.Action{Type: "create_group", Title: a.Title, Members: userIDs(a.Users)}
	case *tg.MessageActionChatEditTitle:
		return &archive.Action{Type: "edit_group_title", Title: a.Title}
	case *tg.MessageActionChatEditPhoto:
		return &archive.Action{Type: "edit_group_photo", Photo: photo(a.Photo)}
	case *tg.MessageActionChatDeletePhoto:
		return &archive.Action{Type: "delete_group_photo"}
	case *tg.MessageActionChatAddUser:
		return &archive.Action{Type: "invite_members", Members: userIDs(a.Users)}
	case *tg.MessageActionChatDeleteUser:
		return &archive.Action{Type: "remove_members", Members: userIDs([]int64{a.UserID})}
	case *tg.MessageActionChatJoinedByLink:
		return &archive.Action{Type: "join_group_by_link", Inviter: userID(a.InviterID)}
	case *tg.MessageActionChatJoinedByRequest:
		return &archive.Action{Type: "join_group_by_request"}
	case *tg.MessageActionChatJoinedViaCommunity:
		return &archive.Action{Type: "join_group_via_community", Community: a.CommunityID}
	case *tg.MessageActionChangeCommunity:
		return &archive.Action{Type: "change_community", Community: a.CommunityID}
	case *tg.MessageActionChannelCreate:
		return &archive.Action{Type: "create_channel", Title: a.Title}
	case *tg.MessageActionChatMigrateTo:
		return &archive.Action{Type: "migrate_to_supergroup", Peer: bareID(archive.PeerChannel, a.ChannelID)}
	case *tg.MessageActionChannelMigrateFrom:
		return &archive.Action{Type: "migrate_from_group", Title: a.Title, Peer: bareID(archive.PeerChat, a.ChatID)}
	case *tg.MessageActionBoostApply:
		return &archive.Action{Type: "boost_apply", Boosts: a.Boosts}
	}
	return nil
}

// chatAction: what happens in any chat.
func chatAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionPinMessage:
		return &archive.Action{Type: "pin_message"}
	case *tg.MessageActionHistoryClear:
		return &archive.Action{Type: "clear_history"}
	case *tg.MessageActionScreenshotTaken:
		return &archive.Action{Type: "take_screenshot"}
	case *tg.MessageActionCustomAction:
		return &archive.Action{Custom: a.Message}
	case *tg.MessageActionContactSignUp:
		return &archive.Action{Type: "joined_telegram"}
	case *tg.MessageActionGeoProximityReached:
		return &archive.Action{Type: "proximity_reached", From: PeerID(a.FromID), To: PeerID(a.ToID), Distance: a.Distance}
	case *tg.MessageActionSetMessagesTTL:
		return &archive.Action{Type: "set_messages_ttl", Period: a.Period, From: userID(a.AutoSettingFrom)}
	case *tg.MessageActionSetChatTheme:
		return chatTheme(a.Theme)
	case *tg.MessageActionSetChatWallPaper:
		out := &archive.Action{Type: "set_chat_wallpaper", ForBoth: a.ForBoth}
		if a.Same {
			out.Type = "set_same_chat_wallpaper"
		}
		return out
	case *tg.MessageActionSuggestProfilePhoto:
		return &archive.Action{Type: "suggest_profile_photo", Photo: photo(a.Photo)}
	case *tg.MessageActionSuggestBirthday:
		b := a.Birthday
		return &archive.Action{Type: "suggest_birthday", Day: b.Day, Month: b.Month, Year: b.Year}
	case *tg.MessageActionNoForwardsToggle:
		return &archive.Action{Type: "no_forwards_toggle", Active: a.NewValue}
	case *tg.MessageActionNoForwardsRequest:
		return &archive.Action{Type: "no_forwards_request", Active: a.NewValue, Expired: a.Expired}
	}
	return nil
}

func chatTheme(t tg.ChatThemeClass) *archive.Action {
	out := &archive.Action{Type: "edit_chat_theme"}
	switch t := t.(type) {
	case *tg.ChatTheme:
		out.Emoticon = t.Emoticon
	case *tg.ChatThemeUniqueGift:
		giftOf(out, t.Gift)
	}
	return out
}

func topicAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionTopicCreate:
		out := &archive.Action{Type: "topic_created", Title: a.Title, IconColor: a.IconColor}
		if icon, ok := a.GetIconEmojiID(); ok {
			out.NewIcon = &icon
		}
		return out
	case *tg.MessageActionTopicEdit:
		out := &archive.Action{Type: "topic_edit"}
		if title, ok := a.GetTitle(); ok {
			out.NewTitle = &title
		}
		if icon, ok := a.GetIconEmojiID(); ok {
			out.NewIcon = &icon
		}
		if closed, ok := a.GetClosed(); ok {
			out.Closed = &closed
		}
		if hidden, ok := a.GetHidden(); ok {
			out.Hidden = &hidden
		}
		return out
	}
	return nil
}

func callAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionPhoneCall:
		return &archive.Action{Type: "phone_call", Duration: a.Duration, Reason: callReason(a.Reason), Video: a.Video}
	case *tg.MessageActionConferenceCall:
		return conferenceCall(a)
	case *tg.MessageActionGroupCall:
		return &archive.Action{Type: "group_call", Duration: a.Duration}
	case *tg.MessageActionGroupCallScheduled:
		return &archive.Action{Type: "group_call_scheduled", Schedule: int64(a.ScheduleDate)}
	case *tg.MessageActionInviteToGroupCall:
		return &archive.Action{Type: "invite_to_group_call", Members: userIDs(a.Users)}
	}
	return nil
}

// conferenceCall is at most one of missed and active, and a plain phone call
// where it has no id: so does Telegram Desktop.
func conferenceCall(a *tg.MessageActionConferenceCall) *archive.Action {
	out := &archive.Action{
		Type:     "conference_call",
		Duration: a.Duration,
		Missed:   a.Missed,
		Active:   a.Active && !a.Missed,
		Video:    a.Video,
		Peers:    peerIDs(a.OtherParticipants),
	}
	if a.CallID == 0 {
		out.Type = "phone_call"
		switch {
		case a.Missed:
			out.Reason = "missed"
		case !a.Active && a.Duration != 0:
			out.Reason = "hangup"
		}
	}
	return out
}

func callReason(r tg.PhoneCallDiscardReasonClass) string {
	switch r.(type) {
	case *tg.PhoneCallDiscardReasonMissed:
		return "missed"
	case *tg.PhoneCallDiscardReasonDisconnect:
		return "disconnect"
	case *tg.PhoneCallDiscardReasonHangup:
		return "hangup"
	case *tg.PhoneCallDiscardReasonBusy:
		return "busy"
	case *tg.PhoneCallDiscardReasonMigrateConferenceCall:
		return "migrate_conference_all" // sic: Telegram Desktop's spelling
	}
	return ""
}

// ownerAction: a chat or a bot changes hands.
func ownerAction(a tg.MessageActionClass) *archive.Action {
	switch a := a.(type) {
	case *tg.MessageActionNewCreatorPending:
		return &archive.Action{Type: "new_creator_pending", Peer: userID(a.NewCreatorID)}
	case *tg.MessageActionChangeCreator:
		return &archive.Action{Type: "change_creator", Peer: userID(a.NewCreatorID)}
	case *tg.MessageActionManagedBotCreated:
		return &archive.Action{Type: "managed_bot_created", Peer: userID(a.BotID)}
	}
	return nil
}
