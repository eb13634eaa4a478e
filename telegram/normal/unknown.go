package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Unknown names the parts of a message that this version has no words for, by
// their TL constructors: what its record says of them is no more than that they
// are there, and its raw bytes have the rest. Usually there are none.
func Unknown(m tg.MessageClass) []string {
	var u unknowns
	switch m := m.(type) {
	case *tg.Message:
		u.media(m.Media)
		u.entities(m.Entities)
		u.reactions(m.Reactions)
		u.markup(m.ReplyMarkup)
	case *tg.MessageService:
		if action(m.Action).Type == unknown {
			u.add(m.Action)
		}
		u.reactions(m.Reactions)
	}
	return u
}

type unknowns []string

// add takes the constructor's name; of nothing at all there is none.
func (u *unknowns) add(o any) {
	if named, ok := o.(interface{ TypeName() string }); ok {
		*u = append(*u, named.TypeName())
	}
}

func (u *unknowns) media(m tg.MessageMediaClass) {
	if m == nil {
		return
	}
	if known := media(m, ""); known != nil && known.Kind == archive.MediaKindUnsupported {
		u.add(m)
	}
}

func (u *unknowns) entities(list []tg.MessageEntityClass) {
	for _, e := range list {
		if e != nil && entityType(e) == unknown {
			u.add(e)
		}
	}
}

func (u *unknowns) reactions(m tg.MessageReactions) {
	for _, count := range m.Results {
		if reaction(count.Reaction).Type == unknown {
			u.add(count.Reaction)
		}
	}
}

func (u *unknowns) markup(m tg.ReplyMarkupClass) {
	inline, reply := markup(m)
	for _, row := range append(inline, reply...) {
		for _, b := range row {
			if b.Type == unknown {
				*u = append(*u, "button")
			}
		}
	}
}
