package world

import (
	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// getAuthorizations lists where the account is signed in. Without any that are
// made up or come from an export it is the caller alone.
func (w *World) getAuthorizations(_ *Call, a *account, _ *tg.AccountGetAuthorizationsRequest) (bin.Encoder, error) {
	list := append([]tg.Authorization{}, a.sessions...)
	if len(list) == 0 {
		list = append(list, tg.Authorization{
			DeviceModel: "Simulated", Platform: "Linux", SystemVersion: "1", APIID: 1, AppName: "Client", AppVersion: "1",
			DateCreated: lifeEnds, IP: "127.0.0.1", Country: "Nowhere",
		})
	}
	list[0].Current, list[0].DateActive = true, max(list[0].DateActive, int(w.now().Unix()))
	return &tg.AccountAuthorizations{AuthorizationTTLDays: 180, Authorizations: list}, nil
}

func (w *World) getWebAuthorizations(_ *Call, a *account, _ *tg.AccountGetWebAuthorizationsRequest) (bin.Encoder, error) {
	cast := w.newCast(a)
	for _, one := range a.sites {
		cast.user(one.BotID)
	}
	return &tg.AccountWebAuthorizations{
		Authorizations: append([]tg.WebAuthorization{}, a.sites...), Users: cast.users(),
	}, nil
}
