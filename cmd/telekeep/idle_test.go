package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// Memory is given back once behind each piece of work, and never while nothing happens.
func TestIdler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freed := 0
		i := &idler{after: idleAfter, free: func() { freed++ }}
		for range 10 {
			i.busy()
			time.Sleep(idleAfter - time.Second)
			synctest.Wait()
		}
		if freed != 0 {
			t.Fatalf("given back %d times in the middle of the work", freed)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if freed != 1 {
			t.Fatalf("given back %d times behind the work, want once", freed)
		}
		i.busy()
		time.Sleep(time.Minute)
		synctest.Wait()
		if freed != 2 {
			t.Fatalf("given back %d times behind more work, want once", freed-1)
		}
	})
}
