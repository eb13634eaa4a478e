package telegram

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// Rules choose what is backed up. The zero value means everything.
type Rules struct {
	// Include and Exclude name chats: by kind (personal, bot, group,
	// supergroup, channel, saved), by id ("channel123", or "123" alone), by
	// "@username", by "folder:NAME" of the account ("folder:archive" for the
	// archived chats), or by name, where * stands for any text, in names and in
	// those of folders, and case does not count. No Include means all chats;
	// Exclude wins.
	Include []string
	Exclude []string

	// Kinds, MaxSize, From and Until are rules on media: see MediaRules.
	Kinds       []string
	MaxSize     int64
	From, Until time.Time
	// Special are rules on the media of some chats, in the place of all others:
	// the first that names a chat counts.
	Special []SpecialRules
}

// MediaRules choose media. The zero value means all.
type MediaRules struct {
	// Kinds of media to fetch: photo, video, voice, video_message, animation,
	// sticker, audio, file, thumbnail, profile_photo. None means all; "none" means no media.
	Kinds []string
	// MaxSize is the largest file to fetch in bytes; 0 means no limit.
	MaxSize int64
	// From and Until limit the dates of messages whose media is fetched: From
	// included, Until not. The messages themselves are always kept.
	From, Until time.Time
}

// SpecialRules are rules on the media of the chats that they name, as Include
// does.
type SpecialRules struct {
	Chats []string
	MediaRules
}

// Check reports a rule that cannot mean anything.
func (r Rules) Check() error {
	kinds := slices.Clone(r.Kinds)
	for _, s := range r.Special {
		kinds = append(kinds, s.Kinds...)
	}
	for _, kind := range kinds {
		if !slices.Contains(mediaKinds(), kind) && kind != noMedia {
			return fmt.Errorf("there is no kind of media called %q", kind)
		}
	}
	return nil
}

// noMedia stands alone in Rules.Kinds.
const noMedia = "none"

func mediaKinds() []string {
	return []string{
		normal.KindPhoto, normal.KindVideo, normal.KindVoice, normal.KindVideoMessage, normal.KindAnimation,
		normal.KindSticker, normal.KindAudio, normal.KindFile, normal.KindThumbnail, normal.KindProfilePhoto,
	}
}

// chat decides about a chat: whether it is backed up, and the rule that says
// so, "" where no rule speaks.
func (r Rules) chat(c named) (included bool, rule string) {
	for _, rule := range r.Exclude {
		if c.by(rule) {
			return false, rule
		}
	}
	for _, rule := range r.Include {
		if c.by(rule) {
			return true, rule
		}
	}
	return len(r.Include) == 0, ""
}

// named is what rules name a chat by.
type named struct {
	kind    string
	peer    *archive.Peer
	folders []string
}

func (c *chat) named() named { return named{chatKind(c.dialog.Type), c.peer, c.folders} }

// by reports whether rule means the chat.
func (n named) by(rule string) bool {
	p := n.peer
	if folder, ok := strings.CutPrefix(rule, folderRule); ok {
		return slices.ContainsFunc(n.folders, func(name string) bool { return fits(strings.ToLower(folder), strings.ToLower(name)) })
	}
	if rule == n.kind || rule == string(p.ID) || rule == fmt.Sprint(p.ID.Num()) {
		return true
	}
	if username, ok := strings.CutPrefix(rule, "@"); ok {
		return slices.ContainsFunc(append(slices.Clone(p.Usernames), p.Username), func(name string) bool {
			return name != "" && strings.EqualFold(name, username)
		})
	}
	return fits(strings.ToLower(rule), strings.ToLower(peerName(p)))
}

// Unmatched lists the rules on chats that mean none of these: most likely
// misspelt. A kind is never among them, since it also means chats to come.
func (r Rules) Unmatched(chats []Chat) []string {
	return r.unmatched(func(rule string) bool {
		return slices.ContainsFunc(chats, func(c Chat) bool { return c.named.by(rule) })
	})
}

// allNames are all words that name chats.
func (r Rules) allNames() []string {
	all := slices.Concat(r.Include, r.Exclude)
	for _, s := range r.Special {
		all = append(all, s.Chats...)
	}
	return all
}

func (r Rules) unmatched(matches func(rule string) bool) []string {
	var out []string
	for _, rule := range r.allNames() {
		if !slices.Contains(chatKinds(), rule) && !slices.Contains(out, rule) && !matches(rule) {
			out = append(out, rule)
		}
	}
	return out
}

// fits matches name against a pattern in which * stands for any text.
func fits(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return true
}

// of are the rules on the media of a chat; nil stands for what is in none.
func (r Rules) of(c *chat) MediaRules {
	if c != nil {
		name := c.named()
		for _, s := range r.Special {
			if slices.ContainsFunc(s.Chats, name.by) {
				return s.MediaRules
			}
		}
	}
	return r.general()
}

func (r Rules) general() MediaRules { return MediaRules{r.Kinds, r.MaxSize, r.From, r.Until} }

// media decides about a file of a message of that date: "" to fetch it, or one
// of archive.Missing….
func (r MediaRules) media(kind string, size, date int64) string {
	switch {
	case len(r.Kinds) > 0 && !slices.Contains(r.Kinds, kind):
		return archive.MissingExcluded
	case !r.From.IsZero() && date < r.From.Unix(), !r.Until.IsZero() && date >= r.Until.Unix():
		return archive.MissingExcluded
	case r.MaxSize > 0 && size > r.MaxSize:
		return archive.MissingTooLarge
	}
	return ""
}

// mediaPrint changes when the rules on media do. With the number, it changes once more where
// a telekeep that did not note what it pruned left files unsorted.
func (r Rules) mediaPrint() string {
	text := "2; " + r.general().print()
	for _, s := range r.Special {
		text += fmt.Sprintf("; %q %s", s.Chats, s.print())
	}
	return text
}

func (r MediaRules) print() string {
	kinds := slices.Sorted(slices.Values(r.Kinds))
	var from, until int64
	if !r.From.IsZero() {
		from = r.From.Unix()
	}
	if !r.Until.IsZero() {
		until = r.Until.Unix()
	}
	return fmt.Sprintf("%s %d %d %d", strings.Join(kinds, ","), r.MaxSize, from, until)
}

func chatKinds() []string {
	return []string{"personal", "bot", "group", "supergroup", "channel", "saved"}
}

// chatKind is the word that rules have for a type of chat.
func chatKind(t archive.ChatType) string {
	switch t {
	case archive.ChatSaved:
		return "saved"
	case archive.ChatBot:
		return "bot"
	case archive.ChatPrivateGroup:
		return "group"
	case archive.ChatPrivateSupergroup, archive.ChatPublicSupergroup:
		return "supergroup"
	case archive.ChatPrivateChannel, archive.ChatPublicChannel:
		return "channel"
	}
	return "personal"
}

func peerName(p *archive.Peer) string {
	if p.Title != "" {
		return p.Title
	}
	return strings.TrimSpace(p.FirstName + " " + p.LastName)
}
