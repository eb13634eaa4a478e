package simulator

import (
	"context"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/telegram/simulator/world"
)

// configLife is how long clients may keep what help.getConfig told them.
const configLife = time.Hour

// helpMethods are what clients ask and set at their start.
func (s *Simulator) helpMethods(t map[uint32]method) {
	t[tg.HelpGetConfigRequestTypeID] = method{open: true, answer: s.getConfig}
	t[tg.HelpGetNearestDCRequestTypeID] = method{open: true, answer: s.getNearestDC}
	t[tg.HelpGetTermsOfServiceUpdateRequestTypeID] = method{open: true, answer: s.getTerms}
	t[tg.HelpGetCDNConfigRequestTypeID] = method{open: true, answer: s.getCDNConfig}
	t[tg.HelpGetPromoDataRequestTypeID] = method{open: true, answer: s.getPromo}
	for id, result := range map[uint32]bin.Encoder{
		tg.HelpGetAppConfigRequestTypeID:         &tg.HelpAppConfig{Hash: 1, Config: &tg.JSONObject{}},
		tg.HelpGetAppUpdateRequestTypeID:         &tg.HelpNoAppUpdate{},
		tg.HelpGetCountriesListRequestTypeID:     &tg.HelpCountriesList{Hash: 1},
		tg.HelpGetDeepLinkInfoRequestTypeID:      &tg.HelpDeepLinkInfoEmpty{},
		tg.HelpGetInviteTextRequestTypeID:        &tg.HelpInviteText{Message: "Join"},
		tg.HelpGetPassportConfigRequestTypeID:    &tg.HelpPassportConfig{Hash: 1, CountriesLangs: tg.DataJSON{Data: "{}"}},
		tg.HelpGetPeerColorsRequestTypeID:        &tg.HelpPeerColors{Hash: 1},
		tg.HelpGetPeerProfileColorsRequestTypeID: &tg.HelpPeerColors{Hash: 1},
		tg.HelpGetTimezonesListRequestTypeID:     &tg.HelpTimezonesList{Hash: 1},
		tg.HelpDismissSuggestionRequestTypeID:    &tg.BoolTrue{},
		tg.HelpSaveAppLogRequestTypeID:           &tg.BoolTrue{},
		tg.LangpackGetLangPackRequestTypeID:      &tg.LangPackDifference{LangCode: "en", Version: 1},
		tg.LangpackGetDifferenceRequestTypeID:    &tg.LangPackDifference{LangCode: "en", Version: 1},
		tg.LangpackGetStringsRequestTypeID:       &tg.LangPackStringClassVector{},
		tg.LangpackGetLanguagesRequestTypeID:     &tg.LangPackLanguageVector{},
		tg.LangpackGetLanguageRequestTypeID: &tg.LangPackLanguage{
			Official: true, Name: "English", NativeName: "English", LangCode: "en", PluralCode: "en",
		},
	} {
		t[id] = method{open: true, answer: always(result)}
	}
	for id, result := range map[uint32]bin.Encoder{
		tg.AccountUpdateStatusRequestTypeID:             &tg.BoolTrue{},
		tg.AccountRegisterDeviceRequestTypeID:           &tg.BoolTrue{},
		tg.AccountUnregisterDeviceRequestTypeID:         &tg.BoolTrue{},
		tg.AccountUpdateDeviceLockedRequestTypeID:       &tg.BoolTrue{},
		tg.AccountGetAccountTTLRequestTypeID:            &tg.AccountDaysTTL{Days: 365},
		tg.AccountGetContentSettingsRequestTypeID:       &tg.AccountContentSettings{},
		tg.AccountGetGlobalPrivacySettingsRequestTypeID: &tg.GlobalPrivacySettings{},
		tg.AccountGetNotifySettingsRequestTypeID:        &tg.PeerNotifySettings{},
	} {
		t[id] = method{answer: always(result)}
	}
}

func (s *Simulator) getConfig(_ context.Context, c *call) (bin.Encoder, error) {
	now := s.o.Now()
	config := &tg.Config{
		Date: int(now.Unix()), Expires: int(now.Add(configLife).Unix()), ThisDC: c.DC,
		DCTxtDomainName: "localhost", MeURLPrefix: "https://t.me/",
		ChatSizeMax: 200, MegagroupSizeMax: 200_000, ForwardedCountMax: 100,
		OnlineUpdatePeriodMs: 210_000, OfflineBlurTimeoutMs: 5_000, OfflineIdleTimeoutMs: 30_000, OnlineCloudTimeoutMs: 300_000,
		NotifyCloudDelayMs: 30_000, NotifyDefaultDelayMs: 1_500, PushChatPeriodMs: 60_000, PushChatLimit: 2,
		EditTimeLimit: 172_800, RevokeTimeLimit: 1<<31 - 1, RevokePmTimeLimit: 1<<31 - 1,
		RatingEDecay: 2_419_200, StickersRecentLimit: 200, ChannelsReadMediaPeriod: 604_800,
		CallReceiveTimeoutMs: 20_000, CallRingTimeoutMs: 90_000, CallConnectTimeoutMs: 30_000, CallPacketTimeoutMs: 10_000,
		CaptionLengthMax: 1024, MessageLengthMax: 4096, WebfileDCID: c.DC,
	}
	for dc := 1; dc <= dataCentres; dc++ {
		host, port := hostPort(s.info.Addresses[dc])
		config.DCOptions = append(config.DCOptions, tg.DCOption{ID: dc, IPAddress: host, Port: port})
	}
	host, port := hostPort(s.info.Addresses[world.CDN])
	config.DCOptions = append(config.DCOptions, tg.DCOption{CDN: true, ID: world.CDN, IPAddress: host, Port: port})
	return config, nil
}

// getCDNConfig names the key of the CDN, which is not that of the other servers.
func (s *Simulator) getCDNConfig(context.Context, *call) (bin.Encoder, error) {
	key, err := s.cdnKey()
	if err != nil {
		return nil, err
	}
	return &tg.CDNConfig{PublicKeys: []tg.CDNPublicKey{{DCID: world.CDN, PublicKey: publicPEM(&key.PublicKey)}}}, nil
}

func (s *Simulator) getNearestDC(_ context.Context, c *call) (bin.Encoder, error) {
	return &tg.NearestDC{Country: "XX", ThisDC: c.DC, NearestDC: s.o.DC}, nil
}

func (s *Simulator) getTerms(context.Context, *call) (bin.Encoder, error) {
	return &tg.HelpTermsOfServiceUpdateEmpty{Expires: int(s.o.Now().Add(configLife).Unix())}, nil
}

func (s *Simulator) getPromo(context.Context, *call) (bin.Encoder, error) {
	return &tg.HelpPromoDataEmpty{Expires: int(s.o.Now().Add(configLife).Unix())}, nil
}
