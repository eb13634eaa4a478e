package normal

import (
	"math"
	"testing"

	"github.com/gotd/td/tg"
)

func TestCost(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{499, "USD", "$4.99"},
		{5, "USD", "$0.05"},
		{123456789, "USD", "$1,234,567.89"},
		{-499, "USD", "\u2212$4.99"},
		{999, "EUR", "9,99 €"},
		{1234567, "EUR", "12 345,67 €"},
		{12000, "JPY", "¥12,000"},
		{12345, "JOD", "JOD12.345"},
		{129900, "RUB", "1 299,00 RUB"},
		{129900, "BRL", "R$ 1.299,00"},
		{129900, "UAH", "1 299,00UAH"},
		{129900, "DKK", "1299,00 DKK"},
		{49000, "VND", "49.000 ₫"},
		{49000, "XYZ", "XYZ490.00"},
		{123456, "AED", "AED 1,234.56"},
		{123456, "BND", "BND1.234,56"},
		{123456, "TRY", "1.234,56 TRY"},
		{123456, "AMD", "1,234.56 AMD"},
		{123456, "ALL", "1.234,56ALL"},
		{123456, "CHF", "1'234.56 CHF"},
		{123456, "IRR", "1,234/56 IRR"},
		{123456, "KGS", "1 234-56 KGS"},
		{123456, "KZT", "KZT1 234-56"},
		{123456, "MNT", "MNT1 234,56"},
		{123456, "NOK", "NOK 1 234,56"},
		{123456, "TJS", "1 234;56 TJS"},
		{100, "AUD", "AU$1.00"}, {100, "CAD", "CA$1.00"}, {100, "CNY", "CN¥1.00"}, {100, "GBP", "£1.00"}, {100, "HKD", "HK$1.00"},
		{100, "ILS", "₪ 1.00"}, {100, "INR", "₹1.00"}, {100, "MXN", "MX$1.00"}, {100, "NZD", "NZ$1.00"}, {100, "THB", "฿1.00"}, {100, "TWD", "NT$1.00"},
		{2500, "XTR", "⭐2,500"},
		{0, "XTR", "⭐0"},
		{math.MinInt64, "KRW", "\u2212₩9,223,372,036,854,775,808"},
	} {
		if got := cost(c.amount, c.currency); got != c.want {
			t.Errorf("%d %s: %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}

func TestMonths(t *testing.T) {
	for days, want := range map[int]int{0: 0, 30: 1, 31: 1, 90: 3, 92: 3, 180: 6, 184: 6, 360: 12, 365: 12, 366: 12, 730: 24} {
		if got := months(days); got != want {
			t.Errorf("%d days: %d months, want %d", days, got, want)
		}
	}
	for want := range 37 {
		if got := months(want * 30); got != want {
			t.Errorf("%d times 30 days: %d months", want, got)
		}
	}
}

func TestCredits(t *testing.T) {
	for _, c := range []struct {
		in   tg.StarsAmountClass
		want amount
	}{
		{nil, amount{currency: "Stars"}},
		{&tg.StarsAmount{Amount: 3, Nanos: 500_000_000}, amount{3, 500_000_000, "Stars"}},
		{&tg.StarsAmount{Amount: -3, Nanos: -500_000_000}, amount{-4, 500_000_000, "Stars"}},
		{&tg.StarsTonAmount{Amount: 2_000_000_001}, amount{2, 1, "TON"}},
		{&tg.StarsTonAmount{Amount: -500_000_000}, amount{-1, 500_000_000, "TON"}},
	} {
		if got := credits(c.in); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.in, got, c.want)
		}
	}
}
