package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

func giveaway(m *tg.MessageMediaGiveaway) *archive.Giveaway {
	out := &archive.Giveaway{
		Quantity:  m.Quantity,
		Months:    m.Months,
		Until:     int64(m.UntilDate),
		Countries: m.CountriesISO2,
		Prize:     m.PrizeDescription,
		Stars:     m.Stars,
		OnlyNew:   m.OnlyNewSubscribers,
		Visible:   m.WinnersAreVisible,
	}
	for _, id := range m.Channels {
		out.Channels = append(out.Channels, bareID(archive.PeerChannel, id))
	}
	return out
}

func giveawayResults(m *tg.MessageMediaGiveawayResults) *archive.GiveawayResults {
	return &archive.GiveawayResults{
		Channel:    bareID(archive.PeerChannel, m.ChannelID),
		Winners:    userIDs(m.Winners),
		Prize:      m.PrizeDescription,
		Until:      int64(m.UntilDate),
		Launch:     m.LaunchMsgID,
		Additional: m.AdditionalPeersCount,
		Count:      m.WinnersCount,
		Unclaimed:  m.UnclaimedCount,
		Months:     m.Months,
		Stars:      m.Stars,
		Refunded:   m.Refunded,
		OnlyNew:    m.OnlyNewSubscribers,
	}
}
