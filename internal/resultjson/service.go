package resultjson

// Service holds the keys of service messages, by the action that has them.
type Service struct {
	Action          string `key:"action"`           // "" for a custom action
	InformationText string `key:"information_text"` // custom action

	Members []Name `key:"members"` // create_group, invite_members, remove_members, invite_to_group_call
	Inviter *Name  `key:"inviter"` // join_group_by_link

	PinnedID  int64 `key:"message_id"`         // pin_message, set_chat_wallpaper, set_same_chat_wallpaper
	GameID    int64 `key:"game_message_id"`    // score_in_game
	Score     int64 `key:"score"`              // score_in_game
	InvoiceID int64 `key:"invoice_message_id"` // send_payment

	Amount    int64  `key:"amount"` // send_payment, refunded_payment; smallest unit
	Currency  string `key:"currency"`
	Recurring string `key:"recurring"` // used, init
	PeerName  *Name  `key:"peer_name"` // refunded_payment
	PeerID    Peer   `key:"peer_id,long"`
	ChargeID  string `key:"charge_id"`

	DiscardReason string `key:"discard_reason"` // phone_call
	IsActive      bool   `key:"is_active"`      // conference_call
	IsMissed      bool   `key:"is_missed"`
	CallSeconds   int64  `key:"duration"`      // group_call
	ScheduleDate  int64  `key:"schedule_date"` // group_call_scheduled

	ReasonAppID   int64    `key:"reason_app_id"` // allow_sending_messages
	ReasonAppName string   `key:"reason_app_name"`
	ReasonDomain  string   `key:"reason_domain"`
	Values        []string `key:"values"` // send_passport_values

	To       *Name `key:"to"` // proximity_reached
	ToID     Peer  `key:"to_id"`
	Distance int64 `key:"distance"`

	Period         int64   `key:"period"`    // set_messages_ttl
	Emoticon       string  `key:"emoticon"`  // edit_chat_theme
	NewTitle       *string `key:"new_title"` // topic_edit
	NewIconEmojiID *int64  `key:"new_icon_emoji_id"`

	ButtonID int64  `key:"button_id"`    // requested_peer
	Peers    []Peer `key:"peers,nested"` // requested_peer

	Cost          string `key:"cost"`         // send_premium_gift, send_stars_gift, send_ton_gift: as shown
	Months        int64  `key:"months"`       // send_premium_gift, gift_code_prize
	Days          int64  `key:"days"`         // likewise, since 6.4
	AmountWhole   int64  `key:"amount_whole"` // send_stars_gift, send_ton_gift
	AmountNano    int64  `key:"amount_nano"`
	GiftCode      string `key:"gift_code"` // gift_code_prize
	BoostPeerID   Peer   `key:"boost_peer_id"`
	BoostPeerName *Name  `key:"boost_peer_name"` // stars_prize
	Unclaimed     int64  `key:"unclaimed"`       // gift_code_prize: 1 for true; giveaway_results: how many
	ViaGiveaway   bool   `key:"via_giveaway"`
	Winners       int64  `key:"winners"` // giveaway_results
	Stars         int64  `key:"stars"`   // stars_prize, send_star_gift; giveaway_results: 1 for true
	IsUnclaimed   bool   `key:"is_unclaimed"`
	GiveawayMsgID int64  `key:"giveaway_msg_id"`
	TransactionID string `key:"transaction_id"`
	Boosts        int64  `key:"boosts"`  // boost_apply
	GiftID        int64  `key:"gift_id"` // send_star_gift
	IsLimited     bool   `key:"is_limited"`
	IsAnonymous   bool   `key:"is_anonymous"`
	GiftText      []Part `key:"gift_text,text"`

	MessagesCount    int64 `key:"messages_count"` // paid_messages_refund
	StarsCount       int64 `key:"stars_count"`
	PriceStars       int64 `key:"price_stars"` // paid_messages_price_change
	BroadcastAllowed bool  `key:"is_broadcast_messages_allowed"`

	Completed   []int64    `key:"completed"` // todo_completions
	Incompleted []int64    `key:"incompleted"`
	Items       []TodoItem `key:"items"`  // todo_append_tasks
	Option      string     `key:"option"` // poll_append_answer, poll_delete_answer

	Rejected      bool   `key:"rejected"` // process_suggested_post
	Comment       string `key:"comment"`
	PriceWhole    int64  `key:"price_amount_whole"` // also suggested_post_success
	PriceNano     int64  `key:"price_amount_nano"`
	PriceCurrency string `key:"price_currency"` // TON, Stars
	ScheduledDate int64  `key:"scheduled_date"`
	UserInitiated bool   `key:"user_initiated"` // suggested_post_refund

	Day   int64 `key:"day"` // suggest_birthday
	Month int64 `key:"month"`
	Year  int64 `key:"year"`

	NewValue    bool  `key:"new_value"` // no_forwards_toggle, no_forwards_request
	Expired     bool  `key:"expired"`
	NewCreator  *Name `key:"new_creator"`  // new_creator_pending, change_creator
	Bot         *Name `key:"bot"`          // managed_bot_created
	CommunityID int64 `key:"community_id"` // join_group_via_community
}
