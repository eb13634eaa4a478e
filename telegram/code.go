package telegram

import (
	"context"
	"fmt"
	"strings"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// Delivery says how the code was sent.
type Delivery struct {
	// Way: app, sms, word, phrase, call, flash_call, missed_call, email,
	// fragment, email_setup, other.
	Way    string
	Length int    // of the code, 0 if unknown
	Place  string // what is known of where: the e-mail address, mostly blotted out; how the word begins
	Try    int    // 1 for the first time; more: the code before was wrong
}

// String says it in words.
func (d Delivery) String() string {
	words := map[string]string{
		"app": "in the Telegram app on another device", "sms": "by SMS",
		"word": "by SMS: it is a word", "phrase": "by SMS: it is a phrase", "call": "by a phone call",
		"flash_call": "by a phone call", "missed_call": "by a missed call: the last digits of the number that called",
		"email": "by e-mail", "fragment": "on fragment.com", "other": "by Telegram",
	}
	out := words[d.Way]
	switch {
	case d.Place == "":
	case d.Way == "email":
		out += " to " + d.Place
	default:
		out += " that begins with " + d.Place
	}
	if d.Length > 0 {
		out += fmt.Sprintf(", %d digits", d.Length)
	}
	if d.Try > 1 {
		out += "; the last one was wrong"
	}
	return out
}

// typeCode asks for the code until it is right.
func typeCode(ctx context.Context, api *tg.Client, phone string, sent *tg.AuthSentCode, ask Asker) error {
	where := delivery(sent.Type)
	if where.Way == "email_setup" {
		return ErrEmailNeeded
	}
	for where.Try = 1; ; where.Try++ {
		code, err := ask.Code(ctx, where)
		if err != nil {
			return orTryBefore(err, where.Try, ErrCodeInvalid)
		}
		in := &tg.AuthSignInRequest{PhoneNumber: phone, PhoneCodeHash: sent.PhoneCodeHash}
		if code = strings.TrimSpace(code); where.Way == "email" {
			in.SetEmailVerification(&tg.EmailVerificationCode{Code: code})
		} else {
			in.SetPhoneCode(code)
		}
		out, err := api.AuthSignIn(ctx, in)
		if err == nil {
			return accepted(out)
		}
		if !tgerr.Is(err, "PHONE_CODE_INVALID", "PHONE_CODE_EMPTY", "CODE_INVALID", "CODE_EMPTY") || where.Try == signInTries {
			return err
		}
	}
}

func delivery(t tg.AuthSentCodeTypeClass) Delivery {
	switch t := t.(type) {
	case *tg.AuthSentCodeTypeApp:
		return Delivery{Way: "app", Length: t.Length}
	case *tg.AuthSentCodeTypeSMS:
		return Delivery{Way: "sms", Length: t.Length}
	case *tg.AuthSentCodeTypeFirebaseSMS:
		return Delivery{Way: "sms", Length: t.Length}
	case *tg.AuthSentCodeTypeSMSWord:
		return Delivery{Way: "word", Place: t.Beginning}
	case *tg.AuthSentCodeTypeSMSPhrase:
		return Delivery{Way: "phrase", Place: t.Beginning}
	case *tg.AuthSentCodeTypeCall:
		return Delivery{Way: "call", Length: t.Length}
	case *tg.AuthSentCodeTypeFlashCall:
		return Delivery{Way: "flash_call"}
	case *tg.AuthSentCodeTypeMissedCall:
		return Delivery{Way: "missed_call", Length: t.Length}
	case *tg.AuthSentCodeTypeEmailCode:
		return Delivery{Way: "email", Place: t.EmailPattern, Length: t.Length}
	case *tg.AuthSentCodeTypeSetUpEmailRequired:
		return Delivery{Way: "email_setup"}
	case *tg.AuthSentCodeTypeFragmentSMS:
		return Delivery{Way: "fragment", Length: t.Length}
	}
	return Delivery{Way: "other"}
}
