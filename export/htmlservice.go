package export

import (
	"strconv"
	"strings"
	"time"

	"telekeep/archive"
)

// service writes a message that tells what happened in a chat.
func (b *book) service(m *archive.StoredMessage, at attached) {
	b.page.tag("div", append([]string{"class", "message service", "id", b.anchor(m.ID)}, b.notes(m)...)...)
	b.page.div("body details")
	if unsupported(m.Message) {
		b.page.text("This message is not supported by this version of Telegram Desktop. Please update the application.")
	} else {
		b.page.lines(b.told(m.Message))
	}
	b.page.end()
	if m.Action != nil && m.Action.Photo != nil && !isPlaceholder(at.file) {
		place := b.file(at.file)
		b.page.div("userpic_wrap")
		b.page.tag("a", "class", "userpic_link", "href", place)
		b.page.void("img", "class", "userpic", "src", place, "style", "width: 60px; height: 60px", "alt", "New picture", "loading", "lazy")
		b.page.end()
		b.page.end()
	}
	b.marks(m)
	b.page.end()
}

// plainWords takes the elements out of a told action.
func plainWords(b []byte) string {
	var out strings.Builder
	inside := false
	for _, r := range string(b) {
		switch {
		case r == '<':
			inside = true
		case r == '>':
			inside = false
		case !inside:
			out.WriteRune(r)
		}
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#096;", "`", "&amp;", "&").Replace(out.String())
}

// told says in words what a service message tells, as markup.
func (b *book) told(m *archive.Message) []byte {
	a := m.Action
	who := b.called(b.sender(m))
	link := func(before, after string) []byte {
		line := appendText(nil, before)
		if a.Peer != "" && a.Peer != b.chat || a.MessageID == 0 {
			line = append(line, "a message"...)
		} else {
			line = append(line, b.linkTo(a.MessageID)...)
		}
		return appendText(line, after)
	}
	switch a.Type {
	case "pin_message":
		return link(who+" pinned ", "")
	case "score_in_game":
		return link(who+" scored "+strconv.Itoa(a.Score)+" in a game of ", "")
	case "send_payment":
		return link(b.called(b.chat)+" was paid "+money(a.Amount, a.Currency)+" for ", "")
	case "set_chat_wallpaper", "set_same_chat_wallpaper":
		return appendText(nil, who+" set a new background for this chat")
	}
	for _, words := range []func(*archive.Action, string) string{b.groupWords, b.chatWords, b.botWords, b.giftWords, b.payWords} {
		if text := words(a, who); text != "" {
			return appendText(nil, text)
		}
	}
	if a.Custom != "" {
		return appendText(nil, a.Custom)
	}
	return appendText(nil, who+": "+strings.ReplaceAll(a.Type, "_", " "))
}

// listed joins the names of people.
func (b *book) listed(ids []archive.PeerID) string {
	var out []string
	for _, id := range ids {
		out = append(out, b.called(id))
	}
	return strings.Join(out, ", ")
}

func quoted(title string) string { return "«" + title + "»" }

// groupWords tells what happens to groups and their members; "" for what it does not
// know, like the functions after it.
func (b *book) groupWords(a *archive.Action, who string) string {
	switch a.Type {
	case "create_group":
		text := who + " created group " + quoted(a.Title)
		if len(a.Members) > 0 {
			text += " with members " + b.listed(a.Members)
		}
		return text
	case "create_channel":
		return "Channel " + quoted(a.Title) + " created"
	case "edit_group_title":
		return who + " changed the title to " + quoted(a.Title)
	case "edit_group_photo":
		return who + " changed the photo"
	case "delete_group_photo":
		return who + " removed the photo"
	case "suggest_profile_photo":
		return who + " suggests this photo for the profile"
	case "invite_members":
		return who + " invited " + b.listed(a.Members)
	case "remove_members":
		return who + " removed " + b.listed(a.Members)
	case "join_group_by_link":
		return who + " joined by an invite link of " + b.called(a.Inviter)
	case "join_group_by_request":
		return who + " joined by a request that was approved"
	case "joined_telegram":
		return who + " joined Telegram"
	case "migrate_to_supergroup":
		return who + " made this group a supergroup"
	case "migrate_from_group":
		return who + " made a supergroup of the group " + quoted(a.Title)
	case "topic_created":
		return who + " created the topic " + quoted(a.Title)
	case "topic_edit":
		return topicWords(a, who)
	case "boost_apply":
		return who + " boosted the group " + count(int64(a.Boosts), "time", "times")
	}
	return ""
}

func topicWords(a *archive.Action, who string) string {
	switch {
	case a.NewTitle != nil:
		return who + " renamed the topic to " + quoted(*a.NewTitle)
	case a.Closed != nil && *a.Closed:
		return who + " closed the topic"
	case a.Closed != nil:
		return who + " opened the topic again"
	case a.Hidden != nil && *a.Hidden:
		return who + " hid the topic"
	case a.Hidden != nil:
		return who + " showed the topic again"
	}
	return who + " changed the icon of the topic"
}

// chatWords tells of calls and of settings of a chat.
func (b *book) chatWords(a *archive.Action, who string) string {
	switch a.Type {
	case "clear_history":
		return "The history was cleared"
	case "take_screenshot":
		return who + " took a screenshot"
	case "group_call":
		if a.Duration == 0 {
			return who + " started a voice chat"
		}
		return who + " ended a voice chat (" + count(int64(a.Duration), "second", "seconds") + ")"
	case "conference_call":
		switch {
		case a.Missed:
			return "Missed group call of " + who
		case a.Active:
			return who + " started a group call"
		}
		return "Group call of " + who + " (" + count(int64(a.Duration), "second", "seconds") + ")"
	case "invite_to_group_call":
		return who + " invited " + b.listed(a.Members) + " to the voice chat"
	case "group_call_scheduled":
		return who + " scheduled a voice chat for " + b.moment(a.Schedule)
	case "set_messages_ttl":
		if a.Period == 0 {
			return who + " turned off automatic deletion"
		}
		return who + " set messages to delete themselves after " + period(a.Period)
	case "edit_chat_theme":
		if a.Emoticon == "" {
			return who + " turned off the theme of the chat"
		}
		return who + " changed the theme of the chat to " + a.Emoticon
	case "proximity_reached":
		return b.called(a.From) + " is within " + count(int64(a.Distance), "metre", "metres") + " of " + b.called(a.To)
	}
	return ""
}

func period(seconds int) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d >= 24*time.Hour:
		return count(int64(d/(24*time.Hour)), "day", "days")
	case d >= time.Hour:
		return count(int64(d/time.Hour), "hour", "hours")
	case d >= time.Minute:
		return count(int64(d/time.Minute), "minute", "minutes")
	}
	return count(int64(seconds), "second", "seconds")
}

// botWords tells what bots and lists do.
func (b *book) botWords(a *archive.Action, who string) string {
	switch a.Type {
	case "allow_sending_messages":
		if a.AppName != "" {
			return "The bot may write since it was opened as " + quoted(a.AppName)
		}
		if a.Domain != "" {
			return "The bot may write since the sign-in to " + a.Domain
		}
		return "The bot was allowed to write"
	case "attach_menu_bot_allowed":
		return "The bot was allowed to write when it was added to the attachment menu"
	case "web_app_bot_allowed":
		return "The bot was allowed to write by its web app"
	case "send_passport_values":
		return "Passport data was sent: " + strings.Join(a.Values, ", ")
	case actionWebviewData:
		if a.Text != nil {
			return "Data of the button " + quoted(a.Text.Text) + " was sent to the bot"
		}
		return "Data was sent to the bot"
	case "requested_phone_number":
		return who + " asked for the phone number"
	case "requested_peer":
		return who + " shared " + b.listed(a.Peers)
	case "todo_completions":
		return who + " ticked " + count(int64(len(a.Done)), "task", "tasks") + " and took back " + strconv.Itoa(len(a.Undone))
	case "todo_append_tasks":
		var tasks []string
		for _, item := range a.Items {
			tasks = append(tasks, quoted(item.Text.Text))
		}
		return who + " added to the list: " + strings.Join(tasks, ", ")
	case "poll_append_answer", "poll_delete_answer":
		verb := " added the answer "
		if a.Type == "poll_delete_answer" {
			verb = " removed the answer "
		}
		if a.Answer != nil {
			return who + verb + quoted(a.Answer.Text.Text)
		}
	}
	return ""
}

// giftWords tells of gifts and giveaways.
func (b *book) giftWords(a *archive.Action, who string) string {
	switch a.Type {
	case "send_premium_gift":
		return who + " gave Telegram Premium for " + count(int64(a.Months), "month", "months") + forCost(a.Cost)
	case "gift_code_prize":
		return "Gift code for Telegram Premium, " + count(int64(a.Months), "month", "months")
	case "giveaway_launch":
		return who + " started a giveaway"
	case "giveaway_results":
		return count(int64(a.Winners), "winner", "winners") + " of the giveaway, " + strconv.Itoa(a.Left) + " prizes unclaimed"
	case "send_stars_gift", "send_ton_gift":
		return who + " gave a present" + forCost(a.Cost)
	case "stars_prize":
		return "Prize of " + count(a.Stars, "star", "stars") + " from " + b.called(a.Peer)
	case "send_star_gift":
		text := who + " gave a present"
		if a.Stars != 0 {
			text += " for " + count(a.Stars, "star", "stars")
		}
		if a.Text != nil && a.Text.Text != "" {
			text += ": " + quoted(a.Text.Text)
		}
		return text
	}
	return ""
}

func forCost(cost string) string {
	if cost == "" {
		return ""
	}
	return " for " + cost
}

// payWords tells of payments and of what came later.
func (b *book) payWords(a *archive.Action, who string) string {
	switch a.Type {
	case "refunded_payment":
		return b.called(a.Peer) + " gave back " + money(a.Amount, a.Currency)
	case "paid_messages_refund":
		return who + " gave back " + count(a.Stars, "star", "stars") + " for " + count(int64(a.Count), "message", "messages")
	case "paid_messages_price_change":
		return "A message costs " + count(a.Stars, "star", "stars") + " now"
	case "process_suggested_post":
		if a.Rejected {
			return strings.TrimSuffix(who+" rejected the suggested post: "+quoted(a.Comment), ": «»")
		}
		return who + " accepted the suggested post"
	case "suggested_post_success":
		return "The suggested post was paid"
	case "suggested_post_refund":
		return "The suggested post was refunded"
	case "suggest_birthday":
		return who + " suggests a birthday: " + strconv.Itoa(a.Day) + "." + strconv.Itoa(a.Month) + "."
	case "new_creator_pending", "change_creator":
		return who + " makes " + b.called(a.Peer) + " the owner"
	}
	return ""
}
