package world

// Protect forbids or allows saving a chat's messages: noforwards. In a chat with
// a person it is the other side who does.
func (w *World) Protect(user int64, chatName string, protected bool) error {
	w.changing.Lock()
	defer w.changing.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	_, c, err := w.named(user, chatName)
	if err != nil {
		return err
	}
	if p := w.people[c.peer.id]; c.kind == 'u' && p != nil {
		p.protected = protected
	} else if p := w.places[c.peer]; p != nil {
		p.protected = protected
	}
	return nil
}
