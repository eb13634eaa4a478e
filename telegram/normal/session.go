package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Session is one place where the account is signed in.
func Session(a tg.Authorization) *archive.Session {
	return &archive.Session{
		Current:     a.Current,
		Official:    a.OfficialApp,
		Device:      a.DeviceModel,
		Platform:    a.Platform,
		System:      a.SystemVersion,
		App:         a.AppName,
		AppVersion:  a.AppVersion,
		AppID:       a.APIID,
		Created:     int64(a.DateCreated),
		LastActive:  int64(a.DateActive),
		IP:          a.IP,
		Country:     a.Country,
		Region:      a.Region,
		Unfinished:  a.PasswordPending,
		Unconfirmed: a.Unconfirmed,
	}
}

// WebSession is a site the account is signed in to.
func WebSession(a tg.WebAuthorization) *archive.WebSession {
	return &archive.WebSession{
		Bot:        userID(a.BotID),
		Domain:     a.Domain,
		Browser:    a.Browser,
		Platform:   a.Platform,
		Created:    int64(a.DateCreated),
		LastActive: int64(a.DateActive),
		IP:         a.IP,
		Region:     a.Region,
	}
}
