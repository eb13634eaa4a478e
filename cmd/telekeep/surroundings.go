package main

import (
	"context"
	"sync"
	"time"

	"telekeep/config"
	"telekeep/daemon"
	"telekeep/internal/battery"
	"telekeep/internal/metered"
)

// batteryEvery is how often it is looked whether the machine runs on its battery: some small
// files of the kernel's, and only where the settings want to know.
const batteryEvery = time.Minute

// surroundings tell the daemon what the machine is connected to, as far as its settings want
// to know.
type surroundings struct {
	keeper *keeper
	folder string // where the kernel tells of power supplies

	deafen    context.CancelFunc // nil: nobody listens to the bus
	listening sync.WaitGroup

	first sync.Once
	known chan struct{} // closed when the bus has told something, or is not there

	mu  sync.Mutex
	now daemon.Surroundings
}

// surroundingsPatience is how long the start waits for what the bus says: nothing is to be
// fetched before that it would not want.
const surroundingsPatience = 3 * time.Second

func newSurroundings(k *keeper) *surroundings {
	return &surroundings{keeper: k, folder: battery.Folder, known: make(chan struct{})}
}

// wait waits for the first news.
func (s *surroundings) wait(ctx context.Context) {
	if s.keeper.settings().Daemon.Metered == config.WaitIgnore {
		return
	}
	timer := time.NewTimer(surroundingsPatience)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.known:
	case <-timer.C:
	}
}

// watch looks until ctx ends.
func (s *surroundings) watch(ctx context.Context) {
	ticker := time.NewTicker(batteryEvery)
	defer ticker.Stop()
	defer s.listening.Wait()
	for {
		cfg := s.keeper.settings().Daemon
		s.hear(ctx, cfg.Metered != config.WaitIgnore)
		s.note(func(now *daemon.Surroundings) {
			now.Battery = cfg.Battery != config.WaitIgnore && battery.Discharging(s.folder)
		})
		select {
		case <-ctx.Done():
			return
		case <-s.keeper.reloaded:
		case <-ticker.C:
		}
	}
}

// hear begins to listen to the bus, or ends it.
func (s *surroundings) hear(ctx context.Context, wanted bool) {
	switch {
	case wanted && s.deafen == nil:
		ctx, s.deafen = context.WithCancel(ctx)
		s.listening.Go(func() { s.listen(ctx) })
	case !wanted && s.deafen != nil:
		s.deafen()
		s.deafen = nil
	}
}

// listen listens to the bus. That there is none is the rule on a server, and told once.
func (s *surroundings) listen(ctx context.Context) {
	told := false
	metered.Watch(ctx, func(is bool) {
		s.note(func(now *daemon.Surroundings) { now.Metered = is })
		s.first.Do(func() { close(s.known) })
	}, func(err error) {
		if !told {
			s.keeper.log.Info("nobody knows whether the network is metered", "error", err)
		}
		told = true
	})
}

// note tells the daemon if something changed.
func (s *surroundings) note(change func(now *daemon.Surroundings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.now
	if change(&s.now); s.now != before {
		s.keeper.daemon.Surroundings(s.now)
	}
}
