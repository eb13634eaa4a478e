package normal

import (
	"strconv"
	"strings"

	"github.com/gotd/td/tg"
)

// nano is how many billionths make a whole star or TON.
const nano = 1_000_000_000

// An amount of stars or TON. The billionths are never negative: minus half a
// TON is -1 whole and 500,000,000 nano, as in Telegram Desktop.
type amount struct {
	whole, nano int64
	currency    string
}

// credits is the price in a; none at all counts as no stars.
func credits(a tg.StarsAmountClass) amount {
	switch a := a.(type) {
	case *tg.StarsTonAmount:
		return ton(a.Amount)
	case *tg.StarsAmount:
		whole, rest := carry(a.Amount, int64(a.Nanos))
		return amount{whole: whole, nano: rest, currency: "Stars"}
	}
	return amount{currency: "Stars"}
}

// ton splits an amount of TON in billionths.
func ton(billionths int64) amount {
	whole, rest := carry(0, billionths)
	return amount{whole: whole, nano: rest, currency: "TON"}
}

func carry(whole, rest int64) (int64, int64) {
	whole, rest = whole+rest/nano, rest%nano
	if rest < 0 {
		whole, rest = whole-1, rest+nano
	}
	return whole, rest
}

// months is the number of months that Telegram sells as so many days: the
// layers before 2025-10 counted months, an export still does.
func months(days int) int {
	return (days*24 + 365) / 730
}

// cost is a price as Telegram Desktop shows it: "$4.99", "9,99 €", "⭐1,000".
// Amount counts the smallest unit of the currency.
func cost(amount int64, currency string) string {
	digits := strconv.FormatUint(magnitude(amount), 10)
	if currency == "XTR" {
		return "⭐" + grouped(digits, ",")
	}
	l := moneyLook(currency)
	minor := minorDigits(currency)
	if short := minor + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	value := grouped(digits[:len(digits)-minor], l.thousands)
	if minor > 0 {
		value += l.decimal + digits[len(digits)-minor:]
	}
	name, gap := moneyName(currency), ""
	if l.gap {
		gap = " "
	}
	if l.after {
		value += gap + name
	} else {
		value = name + gap + value
	}
	if amount < 0 {
		value = "\u2212" + value // a minus sign, not a hyphen
	}
	return value
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// grouped puts separator between groups of three digits.
func grouped(digits, separator string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// A look is how a currency's amounts are written.
type look struct {
	thousands, decimal string
	after              bool // the name stands behind the number
	gap                bool // with a space between
}

// moneyLook knows the currencies that Telegram takes and that differ from
// "USD1,234.50".
func moneyLook(currency string) look {
	switch currency {
	case "AED", "BDT", "BHD", "DZD", "EGP", "HNL", "ILS", "IQD", "LBP", "LKR", "MAD", "NIO", "PAB", "PEN", "QAR", "SAR", "SYP", "YER", "ZAR":
		return look{",", ".", false, true}
	case "ARS", "BOB", "BRL", "CLP", "COP", "PYG", "UYU", "VEF":
		return look{".", ",", false, true}
	case "BND", "CRC", "IDR":
		return look{".", ",", false, false}
	case "AZN", "BGN", "BYN", "CZK", "EUR", "GEL", "PLN", "RUB", "UZS":
		return look{" ", ",", true, true}
	case "BAM", "HRK", "HUF", "ISK", "RON", "RSD", "SEK", "TRY", "VND":
		return look{".", ",", true, true}
	case "AMD", "MDL", "MVR":
		return look{",", ".", true, true}
	case "ALL":
		return look{".", ",", true, false}
	case "CHF":
		return look{"'", ".", true, true}
	case "DKK":
		return look{"", ",", true, true}
	case "IRR":
		return look{",", "/", true, true}
	case "KGS":
		return look{" ", "-", true, true}
	case "KZT":
		return look{" ", "-", false, false}
	case "MNT":
		return look{" ", ",", false, false}
	case "NOK":
		return look{" ", ",", false, true}
	case "TJS":
		return look{" ", ";", true, true}
	case "UAH":
		return look{" ", ",", true, false}
	}
	return look{",", ".", false, false}
}

// minorDigits is how many digits of an amount stand behind the decimal sign.
func minorDigits(currency string) int {
	switch currency {
	case "CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND":
		return 0
	case "BHD", "IQD", "JOD":
		return 3
	}
	return 2
}

// moneyName is the sign of a currency, or its code if it has no sign that all
// the world knows.
func moneyName(currency string) string {
	switch currency {
	case "AUD":
		return "AU$"
	case "BRL":
		return "R$"
	case "CAD":
		return "CA$"
	case "CNY":
		return "CN¥"
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "HKD":
		return "HK$"
	case "ILS":
		return "₪"
	case "INR":
		return "₹"
	case "JPY":
		return "¥"
	case "KRW":
		return "₩"
	case "MXN":
		return "MX$"
	case "NZD":
		return "NZ$"
	case "THB":
		return "฿"
	case "TWD":
		return "NT$"
	case "USD":
		return "$"
	case "VND":
		return "₫"
	}
	return currency
}
