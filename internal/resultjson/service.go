package resultjson

// Service holds the keys of service messages, by the action that has them.
type Service struct {
	Action          string `json:"action"`           // "" for a custom action
	InformationText string `json:"information_text"` // custom action

	Members []Name `json:"members"` // create_group, invite_members, remove_members, invite_to_group_call
	Inviter *Name  `json:"inviter"` // join_group_by_link

	PinnedID  int64 `json:"message_id"`         // pin_message, set_chat_wallpaper, set_same_chat_wallpaper
	GameID    int64 `json:"game_message_id"`    // score_in_game
	Score     int64 `json:"score"`              // score_in_game
	InvoiceID int64 `json:"invoice_message_id"` // send_payment

	Amount    int64  `json:"amount"` // send_payment, refunded_payment; smallest unit
	Currency  string `json:"currency"`
	Recurring string `json:"recurring"` // used, init
	PeerName  *Name  `json:"peer_name"` // refunded_payment
	PeerID    Peer   `json:"peer_id,long"`
	ChargeID  string `json:"charge_id"`

	DiscardReason string `json:"discard_reason"` // phone_call
	IsActive      bool   `json:"is_active"`      // conference_call
	IsMissed      bool   `json:"is_missed"`
	CallSeconds   int64  `json:"duration"`      // group_call
	ScheduleDate  int64  `json:"schedule_date"` // group_call_scheduled

	ReasonAppID   int64    `json:"reason_app_id"` // allow_sending_messages
	ReasonAppName string   `json:"reason_app_name"`
	ReasonDomain  string   `json:"reason_domain"`
	Values        []string `json:"values"` // send_passport_values

	To       *Name `json:"to"` // proximity_reached
	ToID     Peer  `json:"to_id"`
	Distance int64 `json:"distance"`

	Period         int64   `json:"period"`    // set_messages_ttl
	Emoticon       string  `json:"emoticon"`  // edit_chat_theme
	NewTitle       *string `json:"new_title"` // topic_edit
	NewIconEmojiID *int64  `json:"new_icon_emoji_id"`

	ButtonID int64  `json:"button_id"`    // requested_peer
	Peers    []Peer `json:"peers,nested"` // requested_peer

	Cost          string `json:"cost"`         // send_premium_gift, send_stars_gift, send_ton_gift: as shown
	Months        int64  `json:"months"`       // send_premium_gift, gift_code_prize
	Days          int64  `json:"days"`         // likewise, since 6.4
	AmountWhole   int64  `json:"amount_whole"` // send_stars_gift, send_ton_gift
	AmountNano    int64  `json:"amount_nano"`
	GiftCode      string `json:"gift_code"` // gift_code_prize
	BoostPeerID   Peer   `json:"boost_peer_id"`
	BoostPeerName *Name  `json:"boost_peer_name"` // stars_prize
	Unclaimed     int64  `json:"unclaimed"`       // gift_code_prize: 1 for true; giveaway_results: how many
	ViaGiveaway   bool   `json:"via_giveaway"`
	Winners       int64  `json:"winners"` // giveaway_results
	Stars         int64  `json:"stars"`   // stars_prize, send_star_gift; giveaway_results: 1 for true
	IsUnclaimed   bool   `json:"is_unclaimed"`
	GiveawayMsgID int64  `json:"giveaway_msg_id"`
	TransactionID string `json:"transaction_id"`
	Boosts        int64  `json:"boosts"`  // boost_apply
	GiftID        int64  `json:"gift_id"` // send_star_gift
	IsLimited     bool   `json:"is_limited"`
	IsAnonymous   bool   `json:"is_anonymous"`
	GiftText      []Part `json:"gift_text,text"`

	MessagesCount    int64 `json:"messages_count"` // paid_messages_refund
	StarsCount       int64 `json:"stars_count"`
	PriceStars       int64 `json:"price_stars"` // paid_messages_price_change
	BroadcastAllowed bool  `json:"is_broadcast_messages_allowed"`

	Completed   []int64    `json:"completed"` // todo_completions
	Incompleted []int64    `json:"incompleted"`
	Items       []TodoItem `json:"items"`  // todo_append_tasks
	Option      string     `json:"option"` // poll_append_answer, poll_delete_answer

	Rejected      bool   `json:"rejected"` // process_suggested_post
	Comment       string `json:"comment"`
	PriceWhole    int64  `json:"price_amount_whole"` // also suggested_post_success
	PriceNano     int64  `json:"price_amount_nano"`
	PriceCurrency string `json:"price_currency"` // TON, Stars
	ScheduledDate int64  `json:"scheduled_date"`
	UserInitiated bool   `json:"user_initiated"` // suggested_post_refund

	Day   int64 `json:"day"` // suggest_birthday
	Month int64 `json:"month"`
	Year  int64 `json:"year"`

	NewValue    bool  `json:"new_value"` // no_forwards_toggle, no_forwards_request
	Expired     bool  `json:"expired"`
	NewCreator  *Name `json:"new_creator"`  // new_creator_pending, change_creator
	Bot         *Name `json:"bot"`          // managed_bot_created
	CommunityID int64 `json:"community_id"` // join_group_via_community
}
