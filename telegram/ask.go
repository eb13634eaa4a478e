package telegram

import "context"

// Whose asks the server whose session this is, and with that whether it takes the api_id
// and whether the session lasts. Where nobody is signed in it returns nil, once the
// server has taken the api_id. Nothing changes in the account; of a Session that is only
// looked at nothing changes here either.
//
// Errors: those of every connection. ErrSessionLost also where the account has moved to
// another data centre and the session is only looked at.
func (c *Client) Whose(ctx context.Context) (*Self, error) {
	var self *Self
	err := c.connect(ctx, c.newGates(nil), func(ctx context.Context, l *link) (err error) {
		if c.Account() == "" {
			_, err = l.api.HelpGetNearestDC(ctx)
			return err
		}
		self, err = whoami(ctx, l)
		return err
	})
	return self, err
}
