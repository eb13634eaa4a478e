package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/chunkstore/destination/s3"
	"telekeep/chunkstore/destination/sftp"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/daemon"
	"telekeep/export"
	"telekeep/telegram"
	"telekeep/telegram/desktop"
)

// The exit codes. They are documented in the help text; scripts rely on them.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitIncomplete  = 3
	exitProblems    = 4
	exitKey         = 5
	exitNotSignedIn = 6
	exitVault       = 7
	exitNoSpace     = 8
	exitBusy        = 9
	exitConfig      = 10
	exitNetwork     = 11
	exitMachine     = 12
	exitInterrupted = 130
)

// An exitText is what an exit code means, in words.
type exitText struct {
	code int
	text string
}

func exitTexts() []exitText {
	return []exitText{
		{exitOK, "done"},
		{exitFailure, "failed"},
		{exitUsage, "wrong use of the command"},
		{exitIncomplete, "sync: something failed and will be tried again by the next run; status --final: not yet"},
		{exitProblems, "the vault has problems; what can be read of it was read"},
		{exitKey, "no key, or a key that does not open this vault"},
		{exitNotSignedIn, "not signed in, or the session was revoked"},
		{exitVault, "no vault there, another vault, or a vault that was rolled back"},
		{exitNoSpace, "no space left"},
		{exitBusy, "another telekeep is using the same installation"},
		{exitConfig, "the settings file is missing or wrong"},
		{exitNetwork, "Telegram cannot be reached"},
		{exitMachine, "this machine, or this build of telekeep, computes wrongly"},
		{exitInterrupted, "interrupted"},
	}
}

func exitCodeHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, r := range exitTexts() {
		fmt.Fprintf(&b, "  %3d  %s\n", r.code, r.text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// errInterrupted says that a signal ended the work.
var errInterrupted = errors.New("interrupted")

// interrupted says what became of the work of a command that a signal ended.
func interrupted(command string) error {
	switch command {
	case "sync":
		return fmt.Errorf("%w; what was fetched is kept, run the same command to go on", errInterrupted)
	case "add":
		return fmt.Errorf("%w; what was copied stays: if the copy stands in the settings, telekeep copy sync goes on, else the same command does", errInterrupted)
	case "import":
		return fmt.Errorf("%w; what was read is kept, run the same command to go on", errInterrupted)
	case "export", "restore":
		return fmt.Errorf("%w; what was written stays, run the same command to go on", errInterrupted)
	}
	return errInterrupted
}

// A rule connects an error with its exit code and with what the user can do.
type rule struct {
	is   error
	code int
	hint string
}

// rules are tried in order; the first that fits speaks.
func rules() []rule {
	return []rule{
		{errInterrupted, exitInterrupted, ""},
		// Before the errors of crypto, which may be below it.
		{crypto.ErrSelfTest, exitMachine, "the processor, the memory or this build of telekeep is broken; nothing was read or written. Run it again: if it fails alike, take another build, if it fails now and then, test the memory (memtest86+), and trust no other program on this machine either"},
		{config.ErrNotFound, exitConfig, "run telekeep init, or name the installation's folder with --dir"},
		{desktop.ErrNoExport, exitUsage, "name the folder that Telegram Desktop made (ChatExport_… or DataExport_…), a .zip of it, or a file in it"},
		{telegram.ErrAPIIDMissing, exitConfig, "get your own api_id and api_hash at my.telegram.org and put them into [telegram] of the settings file"},
		{telegram.ErrNotSignedIn, exitNotSignedIn, "run telekeep login"},
		// Before the errors of crypto: what cannot be read is no file of the vault.
		{telegram.ErrSessionUnreadable, exitNotSignedIn, "the session belongs to another writer's key, or is damaged; move it away and run telekeep login"},
		{telegram.ErrForeignEnded, exitNotSignedIn, ""},
		{telegram.ErrAccountGone, exitNotSignedIn, "Telegram has deleted or banned the account; what is backed up stays. Its app shows how to write to the support"},
		{telegram.ErrSessionDuplicated, exitNotSignedIn, "two machines or programs used this session: Telegram has ended it for both. Keep it in one place, and run telekeep login"},
		{telegram.ErrSessionUnsafe, exitNotSignedIn, "make the session a plain file of the user who runs telekeep, in a folder of its own"},
		{telegram.ErrSessionRevoked, exitNotSignedIn, "the login was ended on another device or by Telegram; run telekeep login"},
		{telegram.ErrSessionInUse, exitBusy, "wait until the other telekeep has ended; telekeep pause makes a daemon give way"},
		{telegram.ErrServerNumber, exitNetwork, "correct [telegram] dc: it is the number that the data centre at [telegram] server has"},
		{telegram.ErrUnreachable, exitNetwork, "check the network, and server and dc under [telegram], then run the command again"},
		{daemon.ErrPaused, exitBusy, "telekeep resume ends the pause"},
		{daemon.ErrHeld, exitBusy, "what waits is chosen by metered and battery under [daemon] in the settings"},
		{daemon.ErrNoAccount, exitUsage, "the daemon has other settings: telekeep status shows its accounts"},
		{chunkstore.ErrStateBusy, exitBusy, "wait until the other telekeep has ended; telekeep pause makes a daemon give way"},
		{s3.ErrUnreachable, exitVault, "is the server on, and reachable from here? What it lacks it gets when it is there again"},
		{s3.ErrBusy, exitVault, "it is tried again later"},
		{sftp.ErrUnreachable, exitVault, "is the server on, and reachable from here? What it lacks it gets when it is there again"},
		{sftp.ErrLogin, exitVault, "check the user in the URL of the copy, and its key: NAME.key among the secrets, or key = … in its section"},
		{copies.ErrOtherFileSystem, exitVault, "is the right drive mounted? If you have moved the copy to another one, telekeep copy accept NAME says so"},
		{copies.ErrSpoolFull, exitNoSpace, "bring a copy back, or let more wait with [spool] max_size; nothing that was stored is lost"},
		{copies.ErrFull, exitNoSpace, "make room at that copy; the others go on"},
		// Before what is told of copies that are away: without room here, nothing waits for them.
		{syscall.ENOSPC, exitNoSpace, "free some space and run the same command again; nothing that was stored is lost"},
		{syscall.EDQUOT, exitNoSpace, "the disk quota is used up; nothing that was stored is lost"},
		{chunkstore.ErrNoVault, exitVault, "is the drive plugged in and mounted? A vault's folder has vault.json in it; telekeep never makes a new vault in place of one that is gone"},
		{chunkstore.ErrOtherVault, exitVault, "the folder holds another vault than the one this installation writes to; check vault in the settings file"},
		{chunkstore.ErrRollback, exitVault, "the newest commits are gone from the vault: it was replaced by an older copy, or files were deleted; do not write to it, look at telekeep verify"},
		{chunkstore.ErrKeyFile, exitProblems, "the vault's own sealed copy of its key is damaged, not your key: put that file back from another copy of the vault, or use another owner's key"},
		{crypto.ErrPlugin, exitKey, "is the token there, and its age plugin installed? A plugin is run if [keys] plugins in the settings names it, or --plugin NAME does"},
		{crypto.ErrWrongKey, exitKey, "give an owner key of this vault with -i FILE, or --passphrase"},
		{crypto.ErrDamaged, exitProblems, "run telekeep verify to see what else is damaged"},
		{chunkstore.ErrMissing, exitProblems, "run telekeep verify to see what else is missing"},
		{chunkstore.ErrForged, exitProblems, "somebody changed the vault; run telekeep verify, and do not write to it"},
		{chunkstore.ErrForgedWriter, exitProblems, "somebody changed the vault; run telekeep verify, and do not write to it"},
		{chunkstore.ErrChain, exitProblems, "commits are missing or out of place; run telekeep verify, and do not write to the vault"},
		{chunkstore.ErrForked, exitVault, "the writer's key was copied to two machines: make a new installation on one of them"},
		{chunkstore.ErrUnknownFormat, exitVault, "a newer telekeep wrote this; update telekeep"},
		{export.ErrNotEmpty, exitFailure, "give a new or empty folder with --out, or the one of an earlier run"},
		{export.ErrOtherExport, exitFailure, "give a new folder with --out: each export has one of its own"},
		{archive.ErrTooNew, exitFailure, "a newer telekeep wrote this archive; update telekeep"},
		{telegram.ErrSessionLost, exitNetwork, "the server forgot this login for the moment; run the command again later, and telekeep login if it stays so"},
		{telegram.ErrServerKey, exitNetwork, "the server is not the one it should be; check [telegram] server and public_keys"},
		{telegram.ErrAPIIDInvalid, exitConfig, "use your own api_id and api_hash from my.telegram.org"},
		{syscall.EROFS, exitFailure, "the file system is mounted read-only; a service of the system may write only where telekeep service install lets it: run that again if the place is new"},
		{fs.ErrPermission, exitFailure, "check who owns the file and its permissions"},
	}
}

// classify finds exit code and hint for an error.
func classify(err error) (code int, hint string) {
	var f *failure
	if errors.As(err, &f) {
		if f.hint != "" {
			return f.code, f.hint
		}
		code = f.code
	}
	var settings *config.Error
	if errors.As(err, &settings) {
		return exitConfig, "correct the settings file; telekeep init --help shows where a commented one comes from"
	}
	for _, r := range rules() {
		if errors.Is(err, r.is) {
			return r.code, cmp.Or(advice(err), r.hint)
		}
	}
	if hint := advice(err); hint != "" {
		return cmp.Or(code, exitVault), hint
	}
	if code == 0 {
		code = exitFailure
		if strings.HasPrefix(err.Error(), "unknown command") {
			return exitUsage, "see telekeep --help"
		}
	}
	return code, ""
}

// advice is what to do by the word of who met the error, who knows best; "" for none.
func advice(err error) string {
	var knows interface {
		error
		Hint() string
	}
	if errors.As(err, &knows) {
		return knows.Hint()
	}
	return ""
}

// exitCode is the code that err alone leads to.
func exitCode(err error) int {
	code, _ := classify(err)
	return code
}
