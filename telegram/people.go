package telegram

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

type encoder = bin.Encoder

// people remembers which profile of whom is archived, so that a record is made
// only where something changed.
type people struct {
	account archive.PeerID
	archive Archive
	prints  map[archive.PeerID]string // of this run; bounded
}

// maxPrints bounds the memory that people takes; what is forgotten is looked up
// in the state again.
const maxPrints = 50_000

// minPrint stands for a profile of which the server sent a part only.
const minPrint = "min"

func newPeople(account archive.PeerID, a Archive) *people {
	return &people{account: account, archive: a, prints: map[archive.PeerID]string{}}
}

// peers adds records of the profiles that changed.
func (r *run) peers(b *batch, users []tg.UserClass, chats []tg.ChatClass) error {
	for _, u := range users {
		if err := r.peer(b, normal.User(u), u); err != nil {
			return err
		}
	}
	for _, c := range chats {
		if err := r.peer(b, normal.Chat(c), c); err != nil {
			return err
		}
	}
	return nil
}

// peer adds a record of p, which was made of o, if it is new or changed.
func (r *run) peer(b *batch, p *archive.Peer, o encoder) error {
	if p == nil {
		return nil
	}
	changed, print, err := r.people.changed(p)
	if err != nil || !changed {
		return err
	}
	rec := r.record(archive.KindPeer)
	rec.Profile = p
	if err := raw(rec, o); err != nil {
		return err
	}
	b.records = append(b.records, rec)
	b.put(peerKey(r.account, p.ID), []byte(print))
	return nil
}

// changed reports whether p is news, and its print. A part of a profile is news
// only where there is nothing at all.
func (p *people) changed(profile *archive.Peer) (bool, string, error) {
	known, ok := p.prints[profile.ID]
	if !ok {
		value, found, err := p.archive.Get(peerKey(p.account, profile.ID))
		if err != nil {
			return false, "", archived(err)
		}
		known, ok = string(value), found
	}
	print := minPrint
	if !profile.Min {
		var err error
		if print, err = printOf(profile); err != nil {
			return false, "", err
		}
	}
	news := !ok || print != known && print != minPrint
	if !news {
		print = known
	}
	if len(p.prints) >= maxPrints {
		clear(p.prints)
	}
	p.prints[profile.ID] = print
	return news, print, nil
}

// printOf is a short value that changes when v does.
func printOf(v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("print: %w", err)
	}
	sum := fnv.New128a()
	sum.Write(data)
	return base64.RawStdEncoding.EncodeToString(sum.Sum(nil)), nil
}
