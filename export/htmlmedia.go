package export

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"telekeep/archive"
)

// mediaOf draws what a message carries, and what stands among the paragraphs of an article.
func (b *book) mediaOf(m *archive.Message, at attached) {
	if m.Action != nil { // a call
		b.page.div("media_wrap clearfix")
		b.call(m)
		b.page.end()
	}
	if m.Media != nil && drawn(m.Media.Kind) {
		b.page.div("media_wrap clearfix")
		b.media(m, m.Media, at)
		b.page.end()
	}
	for i := range m.RichMedia {
		b.page.div("media_wrap clearfix")
		b.media(m, &m.RichMedia[i], at.rich[i])
		b.page.end()
	}
}

// drawn says whether media have a place of their own; a link preview stands elsewhere.
func drawn(kind string) bool {
	return kind != archive.MediaKindWebpage && kind != archive.MediaKindUnsupported
}

func (b *book) media(m *archive.Message, media *archive.Media, at attached) {
	switch media.Kind {
	case archive.MediaKindPhoto:
		b.photo(media, at)
	case archive.MediaKindDocument:
		b.document(media, at)
	case archive.MediaKindPoll:
		b.poll(media.Poll)
	case archive.MediaKindTodo:
		b.todo(media.Todo)
	case archive.MediaKindGiveaway, archive.MediaKindResults:
		b.giveaway(media)
	case archive.MediaKindLocation, archive.MediaKindLive, archive.MediaKindVenue:
		b.location(media)
	default:
		b.otherMedia(media, at)
	}
	for i := range media.Extended {
		b.inner(m, &media.Extended[i])
	}
	for _, inner := range []*archive.Media{media.Attached, storyMedia(media)} {
		if inner != nil {
			b.inner(m, inner)
		}
	}
}

func storyMedia(m *archive.Media) *archive.Media {
	if m.Story == nil {
		return nil
	}
	return m.Story.Media
}

// inner draws media within media. It does not nest further: nothing of Telegram does.
func (b *book) inner(m *archive.Message, media *archive.Media) {
	at, err := b.reader.media(media, m)
	if err != nil {
		b.failed = err
		return
	}
	switch media.Kind {
	case archive.MediaKindPhoto:
		b.photo(media, at)
	case archive.MediaKindDocument:
		b.document(media, at)
	default:
		b.otherMedia(media, at)
	}
}

// A row is media with a title, an optional description and a line of figures.
type row struct {
	kind                       string // the end of its class
	link                       string // "" for none
	outside                    bool   // the link leaves the export
	title, description, status string
}

func (b *book) row(r row) {
	class := "media clearfix pull_left"
	name := "div"
	var attributes []string
	if r.link != "" {
		name = "a"
		class += " block_link"
		attributes = []string{"href", r.link}
		if r.outside {
			attributes = append(attributes, "rel", "noopener noreferrer nofollow")
		} else if runs(r.link) {
			attributes = append(attributes, "download", "")
		}
	}
	b.page.tag(name, append([]string{"class", class + " media_" + r.kind}, attributes...)...)
	b.page.div("fill pull_left")
	b.page.end()
	b.page.div("body")
	b.page.leaf("title bold", r.title)
	b.page.leaf("description", r.description)
	b.page.leaf("status details", r.status)
	b.page.end()
	b.page.end()
}

// runs says that a browser would run what is in a file, or take it for a page of ours: it
// is saved instead of opened.
func runs(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".html", ".htm", ".xhtml", ".xht", ".shtml", ".mht", ".mhtml", ".svg", ".svgz", ".xml", ".xsl", ".xslt", ".js", ".mjs", ".swf", ".hta", ".url", ".webloc":
		return true
	}
	return false
}

// missing words a placeholder.
func missing(place string) string { return strings.Trim(place, "()") }

func (b *book) photo(media *archive.Media, at attached) {
	f := media.File
	if f == nil {
		f = &archive.File{}
	}
	status := ""
	if f.Width != 0 && f.Height != 0 {
		status = fmt.Sprintf("%d×%d", f.Width, f.Height)
	}
	if media.TTL != 0 {
		status = strings.TrimPrefix(status+", self-destructed", ", ")
	}
	w, h, fits := frame(f, 520)
	switch {
	case isPlaceholder(at.file):
		b.row(row{kind: "photo", title: "Photo", description: missing(at.file), status: status})
	case !fits:
		b.row(row{kind: "photo", link: b.file(at.file), title: "Photo", status: status})
	default:
		b.picture("photo", at.file, at.file, w, h, media, "Photo")
	}
}

// frame is the size in which a picture is shown: at most limit pixels of a fine screen,
// which are half as many of a page. What would be too narrow is not shown; nor is it known
// of a picture without a size whether it is.
func frame(f *archive.File, limit int) (w, h int, ok bool) {
	w, h = f.Width, f.Height
	if w <= 0 || h <= 0 {
		return 0, 0, true
	}
	if w > 1<<20 || h > 1<<20 {
		return 0, 0, false
	}
	if w > limit || h > limit {
		if w > h {
			w, h = limit, max(h*limit/w, 1)
		} else {
			w, h = max(w*limit/h, 1), limit
		}
	}
	const least = 80
	return w / 2, h / 2, w >= least && h >= least
}

// picture draws a picture that links to its file.
func (b *book) picture(kind, file, shown string, w, h int, media *archive.Media, alt string) {
	class := kind + "_wrap clearfix pull_left"
	attributes := []string{"href", b.file(file)}
	if media.Spoiler {
		attributes = append(attributes, "data-spoiler", "true")
	}
	b.page.tag("a", append([]string{"class", class}, attributes...)...)
	switch kind {
	case "video_file":
		b.page.div("video_play_bg")
		b.page.div("video_play")
		b.page.end()
		b.page.end()
		b.page.leaf("video_duration", clock(media.File.Duration))
	case "animated":
		b.page.div("video_play_bg")
		b.page.leaf("gif_play", "GIF")
		b.page.end()
	}
	image := []string{"class", kind, "src", b.file(shown)}
	if w > 0 && h > 0 {
		image = append(image, "style", fmt.Sprintf("width: %dpx; height: %dpx", w, h))
	}
	b.page.void("img", append(image, "alt", alt, "loading", "lazy")...)
	b.page.end()
}

// document draws a file the way its kind is drawn.
func (b *book) document(media *archive.Media, at attached) {
	f := media.File
	if f == nil {
		f = &archive.File{}
	}
	if !isPlaceholder(at.file) && b.shownDocument(media, f, at) {
		return
	}
	r := documentRow(media, f)
	if isPlaceholder(at.file) {
		r.description = missing(at.file)
		if media.TTL != 0 {
			r.description = "Self-destructing media is not kept"
		}
	} else {
		r.link = b.file(at.file)
	}
	b.row(r)
}

// shownDocument draws what is a picture, or has one.
func (b *book) shownDocument(media *archive.Media, f *archive.File, at attached) bool {
	thumb := at.thumb
	switch {
	case media.Sticker:
		if isPicture(at.file) {
			thumb = at.file
		}
		if isPlaceholder(thumb) {
			return false
		}
		w, h, _ := frame(f, 384)
		alt := "Sticker"
		if media.StickerEmoji != "" {
			alt += " " + media.StickerEmoji
		}
		b.picture("sticker", at.file, thumb, w, h, media, alt)
	case isPlaceholder(thumb):
		return false
	case media.RoundVideo, media.Voice, media.Audio:
		return false
	case media.Animation:
		w, h, _ := frame(f, 520)
		b.picture("animated", at.file, thumb, w, h, media, "Animation")
	case media.Video:
		w, h, _ := frame(f, 520)
		b.picture("video_file", at.file, thumb, w, h, media, "Video")
	default:
		return false
	}
	return true
}

func isPicture(place string) bool {
	switch strings.ToLower(path.Ext(place)) {
	case ".webp", ".png", ".jpg", ".jpeg":
		return true
	}
	return false
}

func documentRow(media *archive.Media, f *archive.File) row {
	length, size := clock(f.Duration), fileSizeText(f.Size)
	both := strings.TrimPrefix(length+", "+size, ", ")
	switch {
	case media.Sticker:
		return row{kind: "photo", title: "Sticker", status: strings.TrimPrefix(media.StickerEmoji+", "+size, ", ")}
	case media.RoundVideo:
		return row{kind: "video", title: "Video message", status: both}
	case media.Voice:
		return row{kind: "voice_message", title: "Voice message", status: both}
	case media.Animation:
		return row{kind: "video", title: "Animation", status: size}
	case media.Video:
		return row{kind: "video", title: "Video file", status: both}
	case media.Audio:
		title := media.SongTitle
		if media.Performer != "" && title != "" {
			title = media.Performer + " – " + title
		}
		if title == "" {
			title = f.Name
		}
		if title == "" {
			title = "Audio file"
		}
		return row{kind: "audio_file", title: title, status: both}
	}
	name := f.Name
	if name == "" {
		name = "File"
	}
	return row{kind: "file", title: name, status: size}
}

// clock writes seconds as "01:48" or "1:02:03"; nothing for none.
func clock(seconds float64) string {
	if !(seconds > 0) || seconds > 1<<30 {
		return ""
	}
	n := int(seconds)
	if n >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
	}
	return fmt.Sprintf("%02d:%02d", n/60, n%60)
}

// fileSizeText writes a size as "389.0 KB".
func fileSizeText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	case n > 0:
		return strconv.FormatInt(n, 10) + " B"
	}
	return ""
}

func (b *book) call(m *archive.Message) {
	a := m.Action
	status := "Incoming"
	if m.Out {
		status = "Outgoing"
	}
	switch a.Reason {
	case "missed":
		status = "Missed"
		if m.Out {
			status = "Cancelled"
		}
	case "busy":
		status = "Declined"
	}
	if a.Duration != 0 {
		status += fmt.Sprintf(" (%d seconds)", a.Duration)
	}
	title := "Call"
	if a.Video {
		title = "Video call"
	}
	kind := "call"
	if a.Duration != 0 {
		kind += " success"
	}
	b.row(row{kind: kind, title: title, status: status})
}

// otherMedia draws what is shown as a row and has no file, or only one to be saved.
func (b *book) otherMedia(media *archive.Media, at attached) {
	switch {
	case media.Kind == archive.MediaKindContact && media.Contact != nil:
		c := media.Contact
		r := row{kind: "contact", title: strings.TrimSpace(c.FirstName + " " + c.LastName), status: formatPhone(c.Phone)}
		if !isPlaceholder(at.file) {
			r.link = b.file(at.file)
		}
		b.row(r)
	case media.Kind == archive.MediaKindGame && media.Game != nil:
		g := media.Game
		r := row{kind: "game", title: g.Title, description: g.Description}
		if name := b.botname(g.Bot); name != "" && g.ShortName != "" {
			r.link, r.outside = outsideLink(gameDomain+name+"?game="+g.ShortName), true
			r.status = r.link
		}
		b.row(r)
	case media.Kind == archive.MediaKindInvoice && media.Invoice != nil:
		v := media.Invoice
		b.row(row{kind: "invoice", title: v.Title, description: v.Description, status: money(v.Amount, v.Currency)})
	case media.Kind == archive.MediaKindPaid:
		b.row(row{kind: "invoice", title: "Paid media", status: count(media.Stars, "star", "stars")})
	case media.Kind == archive.MediaKindDice:
		b.row(row{kind: "game", title: media.Emoji, status: strconv.Itoa(media.Value)})
	case media.Kind == archive.MediaKindStory && media.Story != nil:
		r := row{kind: "photo", title: "Story of " + b.called(media.Story.Peer)}
		if c := media.Story.Caption; c != nil {
			r.description = c.Text
		}
		b.row(r)
	case media.Kind == archive.MediaKindStream:
		b.row(row{kind: "video", title: "Live stream"})
	case media.Kind == archive.MediaKindPreview:
		b.row(row{kind: "photo", title: "Paid media", description: "It was not paid for"})
	}
}

// money writes an amount in the smallest unit of a currency; stars have none.
func money(amount int64, currency string) string {
	if currency == "XTR" {
		return count(amount, "star", "stars")
	}
	return strings.TrimSpace(fmt.Sprintf("%.2f %s", float64(amount)/100, currency))
}

// count writes how many there are of a thing.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

func (b *book) location(media *archive.Media) {
	p := media.Place
	if p == nil {
		p = &archive.Place{}
	}
	r := row{kind: "location", title: "Location"}
	if p.Valid {
		point := fmt.Sprintf("%f,%f", p.Latitude, p.Longitude)
		r.link, r.outside = "https://maps.google.com/maps?q="+point+"&ll="+point+"&z=16", true
		r.status = fmt.Sprintf("%f, %f", p.Latitude, p.Longitude)
	}
	switch {
	case media.Kind == archive.MediaKindVenue:
		r.kind, r.title, r.description = "venue", p.Title, p.Address
	case media.Kind == archive.MediaKindLive:
		r.kind, r.title = "live_location", "Live location"
	}
	b.row(r)
}

func (b *book) poll(p *archive.Poll) {
	if p == nil {
		p = &archive.Poll{}
	}
	b.page.div("media_poll")
	b.formatted("question bold", p.Question)
	kind := "Anonymous poll"
	switch {
	case p.Public && p.Quiz:
		kind = "Quiz"
	case p.Quiz:
		kind = "Anonymous quiz"
	case p.Public:
		kind = "Poll"
	}
	if p.Closed {
		kind += ", final results"
	}
	b.page.leaf("details", kind)
	for _, a := range p.Answers {
		b.answer(a)
	}
	b.page.leaf("total details", count(int64(p.Voters), "vote", "votes"))
	if p.Solution != nil {
		b.formatted("solution", *p.Solution)
	}
	b.page.end()
}

func (b *book) answer(a archive.PollAnswer) {
	notes := count(int64(a.Voters), "vote", "votes")
	if a.Chosen {
		notes += ", chosen vote"
	}
	if a.Correct {
		notes += ", correct"
	}
	b.page.div("answer")
	line := append([]byte("- "), b.styled(attached{}).text(a.Text)...)
	line = append(appendText(append(line, ` <span class="details">`...), notes), "</span>"...)
	b.page.lines(line)
	b.page.end()
}

func (b *book) formatted(class string, t archive.Text) {
	b.page.div(class)
	b.page.lines(b.styled(attached{}).text(t))
	b.page.end()
}

func (b *book) todo(t *archive.Todo) {
	if t == nil {
		t = &archive.Todo{}
	}
	b.page.div("media_poll media_todo")
	b.formatted("question bold", t.Title)
	b.page.leaf("details", "To-do list")
	for _, item := range t.Items {
		mark := "☐ "
		if item.CompletedAt != 0 {
			mark = "☑ "
		}
		b.page.div("answer")
		b.page.lines(append([]byte(mark), b.styled(attached{}).text(item.Text)...))
		b.page.end()
	}
	b.page.end()
}

func (b *book) giveaway(media *archive.Media) {
	b.page.div("media_giveaway")
	switch {
	case media.Giveaway != nil:
		g := media.Giveaway
		b.page.leaf("section_title bold", "Giveaway")
		b.page.leaf("section_body", count(int64(g.Quantity), "prize", "prizes")+prizes(g.Months, g.Stars, g.Prize))
		b.page.leaf("section_body details", "Winners are chosen on "+b.moment(g.Until))
		for _, id := range g.Channels {
			b.page.leaf("section_body", b.called(id))
		}
		b.page.leaf("section_body details", strings.Join(g.Countries, ", "))
	case media.Results != nil:
		g := media.Results
		b.page.leaf("section_title bold", "Giveaway results")
		b.page.leaf("section_body", count(int64(g.Count), "winner", "winners")+prizes(g.Months, g.Stars, g.Prize))
		for _, id := range g.Winners {
			b.page.leaf("section_body", b.called(id))
		}
		if g.Unclaimed > 0 {
			b.page.leaf("section_body details", count(int64(g.Unclaimed), "prize", "prizes")+" unclaimed")
		}
	}
	b.page.end()
}

func prizes(months int, stars int64, prize string) string {
	out := ""
	if months != 0 {
		out += ", Telegram Premium for " + count(int64(months), "month", "months")
	}
	if stars != 0 {
		out += ", " + count(stars, "star", "stars")
	}
	if prize != "" {
		out += ", " + prize
	}
	return out
}

// preview draws a link preview, which Telegram Desktop leaves out.
func (b *book) preview(m *archive.Message) {
	if m.Media == nil || m.Media.Kind != archive.MediaKindWebpage || m.Media.Webpage == nil {
		return
	}
	w := m.Media.Webpage
	if w.Site == "" && w.Title == "" && w.Description == "" && w.Photo == nil {
		return
	}
	link := outsideLink(w.URL)
	if link == "" {
		b.page.div("link_preview")
	} else {
		b.page.tag("a", "class", "link_preview block_link", "href", link, "rel", "noopener noreferrer nofollow")
	}
	b.page.leaf("preview_site bold", w.Site)
	b.page.leaf("preview_title bold", w.Title)
	b.page.leaf("preview_description", w.Description)
	if w.Photo != nil {
		b.previewPhoto(w.Photo, m)
	}
	b.page.end()
}

func (b *book) previewPhoto(photo *archive.File, m *archive.Message) {
	if _, ok := b.pages.source.Media(photo.Key); !ok {
		return
	}
	place, err := b.reader.store(photo.Key, "photos/preview_"+strconv.Itoa(m.ID)+dated(m.Date, b.zone)+".jpg")
	if err != nil {
		b.failed = err
		return
	}
	if !isPlaceholder(place) {
		b.page.void("img", "class", "preview_photo", "src", b.file(place), "alt", "", "loading", "lazy")
	}
}
