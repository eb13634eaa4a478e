package export

import "strings"

// formatPhone writes digits as people of the country group them: "+44 7400 123456".
// Where the grouping is not known the country code stands alone before the rest.
func formatPhone(digits string) string {
	digits = strings.TrimPrefix(digits, "+")
	if digits == "" {
		return ""
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "+" + digits // somebody formatted it already
		}
	}
	code := callingCode(digits)
	out := "+" + code
	rest := digits[len(code):]
	for _, n := range phoneGroups(code) {
		if len(rest) <= n {
			break
		}
		out += " " + rest[:n]
		rest = rest[n:]
	}
	if rest != "" {
		out += " " + rest
	}
	return out
}

// callingCode cuts the country code off an international number. By the plan of
// the ITU it has one digit in the zones 1 and 7, two for some of the older
// networks, three otherwise.
func callingCode(digits string) string {
	n := 3
	switch digits[0] {
	case '1', '7':
		n = 1
	case '2':
		n = codeLength(digits, "07")
	case '3':
		n = codeLength(digits, "0123469")
	case '4':
		n = codeLength(digits, "013456789")
	case '5':
		n = codeLength(digits, "12345678")
	case '6':
		n = codeLength(digits, "0123456")
	case '8':
		n = codeLength(digits, "1246")
	case '9':
		n = codeLength(digits, "0123458")
	}
	return digits[:min(n, len(digits))]
}

// codeLength is 2 if the second digit is one of short, otherwise 3.
func codeLength(digits, short string) int {
	if len(digits) > 1 && strings.IndexByte(short, digits[1]) >= 0 {
		return 2
	}
	return 3
}

// phoneGroups says how many digits stand together after a country code; what is
// left over stands in one group. Empty if it is not known.
func phoneGroups(code string) []int {
	switch code {
	case "1", "30", "57", "63", "90", "92", "98", "964":
		return []int{3, 3}
	case "7":
		return []int{3, 3, 2}
	case "380":
		return []int{2, 3, 2}
	case "31", "33":
		return []int{1, 2, 2, 2}
	case "32":
		return []int{3, 2, 2}
	case "41":
		return []int{2, 3, 2}
	case "20", "81", "82":
		return []int{2, 4}
	case "55":
		return []int{2, 5}
	case "86":
		return []int{3, 4}
	case "91":
		return []int{5}
	case "27", "353", "355", "373", "374", "375", "385", "966", "971", "972", "974", "994":
		return []int{2, 3}
	case "36", "46", "94":
		return []int{2, 3}
	case "34", "40", "48", "51", "58", "61", "93", "351", "420", "421", "886", "995":
		return []int{3, 3}
	case "44", "45", "47", "53", "65", "852", "853", "888", "965", "968", "973":
		return []int{4}
	case "56", "66", "962":
		return []int{1, 4}
	case "354", "370", "371", "996":
		return []int{3}
	case "998":
		return []int{2}
	case "999": // numbers of Telegram's test servers
		return []int{2, 1}
	}
	return nil
}
