package battery

import (
	"os"
	"path/filepath"
	"strings"
)

// Folder is where Linux tells of power supplies.
const Folder = "/sys/class/power_supply"

// Discharging reports whether the machine runs on its battery, by what lies in a folder
// like Folder: a battery of the machine's is being discharged, and no mains adapter is
// there.
func Discharging(folder string) bool {
	supplies, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return false // a folder whose name is a pattern
	}
	discharging := false
	for _, dir := range supplies {
		switch value(dir, "type") {
		case "Mains":
			if value(dir, "online") == "1" {
				return false
			}
		case "Battery":
			if value(dir, "scope") != "Device" && value(dir, "status") == "Discharging" {
				discharging = true
			}
		}
	}
	return discharging
}

// value is what a file says, "" if it is not there.
func value(dir, name string) string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
