// Package daemon owns time and order, and nothing else: when an account is followed,
// tried again and looked through, when the vault is committed to and verified, and when
// somebody must be told that something is wrong.
//
//	           Plan (settings)          Supervisor (READY, STATUS, watchdog)
//	               |                         ^
//	Clock ---> schedule ---- beats ----------+
//	               | wishes        judge ----> alarms ----> Sayer (hook, ping)
//	               v                 ^
//	keep --> Vault.Open --> session --+-- supervise(account) --> Session.Follow
//	  ^                       |       |         ^ news, progress, alive
//	  +------ back-off -------+       +-- commits --> Session.Commit
//
// Everything that is decided goes by ages, measured on a clock that nobody can set and
// that goes on while the machine sleeps (Clock.Boot). The clock on the wall is shown and
// written down. What is known outlives the process as ages (Memory); if the wall clock went
// back meanwhile, what was remembered proves nothing.
//
// What each loop does when something fails:
//
//	account   a lost connection    Follow makes it again; tried anew after a growing pause
//	          a session that ended one alarm; nothing more until somebody asks (Sync, Reload)
//	vault     not there, full      closed, and opened again after a growing pause
//	commit    failed               tried again; the journal keeps what there is
//	alarm     could not be told    tried again after a growing pause
//	copy      not there            looked for every ten minutes, and when Drives says so
//	          verification ended   goes on where it was, also in the next process
//	link      metered, or battery  what the plan wants to wait waits (Surroundings)
//
// There may be any number of copies: each is looked at, verified and judged by itself. That
// a restore worked it is told (Drilled), since it has no key to try one.
//
// It never speaks to Telegram, reads no vault, knows no key, prints nothing, and never
// says that all is well because nothing was heard.
package daemon
