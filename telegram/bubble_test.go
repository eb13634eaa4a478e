package telegram

import (
	"fmt"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

// bubbleMost is how long, on a real clock, a test may take in which waiting takes
// no time.
const bubbleMost = time.Minute

// bubble runs f where waiting takes no time. If f does not end, the test binary
// does, and shows where everybody is: go test would wait ten minutes for that.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	name := t.Name()
	late := time.AfterFunc(bubbleMost, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s did not end in %v", name, bubbleMost))
	})
	defer late.Stop()
	synctest.Test(t, f)
}

// inBubble runs a subtest in a bubble.
func inBubble(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { bubble(t, f) })
}
