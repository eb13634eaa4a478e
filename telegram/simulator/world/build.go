package world

import (
	"strings"
	"time"
)

// Options say how a world behaves. Zero values mean defaults.
type Options struct {
	Phone    string         // sign-in number; default: the export's own, else a made-up one
	Code     string         // sign-in code, default "12345"
	Password string         // second factor; default: none
	HomeDC   int            // data centre of the account, default 2
	FileDCs  []int          // data centres that files are spread over, default 2 and 4
	Location *time.Location // zone of an export's dates without date_unixtime, default time.Local
	// TakeoutDelay is how long the first try of a takeout is put off with
	// TAKEOUT_INIT_DELAY_X, default not at all.
	TakeoutDelay time.Duration
	// DifferenceLimit is how many changes a difference tells; behind more of them
	// the answer is "too long". Default 1000.
	DifferenceLimit int
	Now             func() time.Time // default time.Now
}

func (o Options) withDefaults() Options {
	if o.Code == "" {
		o.Code = "12345"
	}
	if o.HomeDC == 0 {
		o.HomeDC = 2
	}
	if len(o.FileDCs) == 0 {
		o.FileDCs = []int{2, 4}
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	if o.DifferenceLimit == 0 {
		o.DifferenceLimit = 1000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// digits keeps the digits of a phone number.
func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
}
