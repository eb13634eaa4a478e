// Package battery tells whether the machine runs on its battery.
//
//	/sys/class/power_supply/AC0/type    Mains        online   0
//	                       /BAT0/type   Battery      status   Discharging   --> true
//	                       /mouse/type  Battery      scope    Device            (not the machine's)
//
// It reads some small files of the kernel's when it is asked; it needs no bus and no
// right, and watches nothing. Where there are no such files, as on other systems, nobody knows, and
// that is no battery.
package battery
