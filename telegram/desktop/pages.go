package desktop

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"telekeep/archive"
)

// A PageError says where a page cannot be read.
type PageError struct {
	File    string
	Line    int    // about
	Message string // the element's id, such as message123; "" outside of one
	Err     error
}

func (e *PageError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %s: %v", e.File, e.Line, e.Message, e.Err)
}

// Unwrap returns the reason.
func (e *PageError) Unwrap() error { return e.Err }

// A pagedChat is a chat in pages.
type pagedChat struct {
	id    archive.PeerID
	dir   string // of its pages, below the export
	title string
	kind  archive.ChatType // "" if the export does not say it
	left  bool
	pages []string
}

var pageNumber = regexp.MustCompile(`^messages(\d*)\.html$`)

// pagesIn lists the pages in a folder, in order.
func pagesIn(files fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, err
	}
	byNumber := map[int]string{}
	var numbers []int
	for _, one := range entries {
		m := pageNumber.FindStringSubmatch(one.Name())
		if m == nil || one.IsDir() {
			continue
		}
		n := 1
		if m[1] != "" {
			if n, err = strconv.Atoi(m[1]); err != nil || n < 2 {
				continue
			}
		}
		byNumber[n] = path.Join(dir, one.Name())
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	pages := make([]string, len(numbers))
	for i, n := range numbers {
		if n != i+1 {
			return nil, fmt.Errorf("%s: page %d of %d is missing", dir, i+1, numbers[len(numbers)-1])
		}
		pages[i] = byNumber[n]
	}
	return pages, nil
}

// listPages finds all pages of the export. A page that was opened by itself is read with
// those that belong to it.
func (e *Export) listPages() error {
	if path.Base(e.File) != indexName {
		e.File = path.Join(path.Dir(e.File), pageName)
		pages, err := pagesIn(e.files, path.Dir(e.File))
		if err == nil && len(pages) == 0 {
			err = ErrNoExport
		}
		e.pages = pages
		return err
	}
	e.pages = []string{e.File}
	for _, list := range []string{"chats", "left_chats", "contacts", "profile_pictures", "stories"} {
		name := "lists/" + list + ".html"
		if _, err := fs.Stat(e.files, name); err == nil {
			e.pages = append(e.pages, name)
		}
	}
	folders, err := fs.Glob(e.files, "chats/*")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		info, err := fs.Stat(e.files, folder)
		if err != nil || !info.IsDir() {
			continue
		}
		pages, err := pagesIn(e.files, folder)
		if err != nil {
			return err
		}
		e.pages = append(e.pages, pages...)
	}
	return nil
}

// readHTML takes in pages.
func (im *importer) readHTML() error {
	if err := im.settleAccount(""); err != nil {
		return err
	}
	chats, err := im.pagedChats()
	if err != nil {
		return err
	}
	if err := im.identify(chats); err != nil {
		return err
	}
	if path.Base(im.export.File) == indexName {
		if err := im.pagedAccount(); err != nil {
			return err
		}
	}
	for i := range chats {
		if err := im.readChat(&chats[i]); err != nil {
			return err
		}
	}
	return nil
}

// eachElement calls visit for the elements of a page that want chooses.
func (im *importer) eachElement(name string, want func(*node) bool, visit func(n *node, line int) error) error {
	f, err := im.export.files.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	p := newPageReader(stoppableReader{f, im.ctx.Err})
	for {
		n, err := p.next(want)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case im.ctx.Err() != nil:
			return im.ctx.Err()
		case err != nil:
			fault := &PageError{File: name, Line: p.lines.n + 1, Err: err}
			if n != nil {
				fault.Message = n.attrs["id"]
			}
			return fault
		}
		if err := visit(n, p.lines.n+1); err != nil {
			return err
		}
	}
}

// title is what stands over the first page of a chat.
func (im *importer) title(page string) (title string, err error) {
	isHeader := func(n *node) bool { return n.has("page_header") }
	err = im.eachElement(page, isHeader, func(n *node, _ int) error {
		if text := n.find("text"); text != nil && title == "" {
			title = text.words()
		}
		return nil
	})
	return title, err
}

// pagedChats lists the chats of the export.
func (im *importer) pagedChats() ([]pagedChat, error) {
	if path.Base(im.export.File) != indexName {
		title, err := im.title(im.export.File)
		dir := path.Dir(im.export.File)
		return []pagedChat{{dir: dir, title: title, pages: im.export.pages}}, err
	}
	var chats []pagedChat
	for _, list := range []string{"chats", "left_chats"} {
		name := "lists/" + list + ".html"
		if !slices.Contains(im.export.pages, name) {
			continue
		}
		err := im.eachElement(name, func(n *node) bool { return n.has("entry") }, func(n *node, line int) error {
			c, err := im.listedChat(name, line, n)
			if c != nil {
				c.left = list == "left_chats"
				chats = append(chats, *c)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return chats, nil
}

// listedChat reads an entry of the list of chats; nil if it has no pages.
func (im *importer) listedChat(name string, line int, n *node) (*pagedChat, error) {
	link := n.attrs["href"]
	if i := strings.IndexByte(link, '#'); i >= 0 {
		link = link[:i]
	}
	first := path.Join(path.Dir(name), link)
	if link == "" || !fs.ValidPath(first) || path.Base(first) != pageName {
		return nil, nil
	}
	c := &pagedChat{dir: path.Dir(first), title: n.find("name").words(), kind: typeIn(n)}
	pages, err := pagesIn(im.export.files, c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		im.result.Skipped++
		im.note(Note{File: name, Line: line, Text: fmt.Sprintf("the chat of %s is not in the export", c.dir)})
		return nil, nil
	}
	c.pages = pages
	if err == nil && len(pages) == 0 {
		return nil, nil
	}
	return c, err
}

// typeIn reads the type of a chat in a list.
func typeIn(n *node) archive.ChatType {
	words := ""
	n.all("details", func(d *node) { words += " " + strings.ToLower(d.words()) })
	private, public := strings.Contains(words, "private"), strings.Contains(words, "public")
	switch {
	case strings.Contains(strings.ToLower(n.find("name").words()), "saved messages"):
		return archive.ChatSaved
	case strings.Contains(words, "channel") && public:
		return archive.ChatPublicChannel
	case strings.Contains(words, "channel"):
		return archive.ChatPrivateChannel
	case strings.Contains(words, "supergroup") && public:
		return archive.ChatPublicSupergroup
	case strings.Contains(words, "supergroup"):
		return archive.ChatPrivateSupergroup
	case strings.Contains(words, "group"):
		return archive.ChatPrivateGroup
	case strings.Contains(words, "bot"):
		return archive.ChatBot
	case private, strings.Contains(words, "personal"):
		return archive.ChatPersonal
	}
	return ""
}

// identify finds out which chats they are, before any is read: pages do not tell.
func (im *importer) identify(chats []pagedChat) error {
	var unknown []string
	var found []archive.PeerID
	for i := range chats {
		c := &chats[i]
		ids := im.candidates(c, len(chats) == 1 && path.Base(im.export.File) != indexName)
		if len(ids) == 1 {
			c.id = ids[0]
			continue
		}
		unknown, found = append(unknown, c.dir), append(found, ids...)
	}
	if len(unknown) == 0 {
		return nil
	}
	return &ChatError{Where: unknown, Found: found}
}

// candidates are the chats that c can be.
func (im *importer) candidates(c *pagedChat, single bool) []archive.PeerID {
	switch {
	case single && im.Chat != "":
		return []archive.PeerID{im.Chat}
	case c.kind == archive.ChatSaved, single && strings.EqualFold(c.title, "saved messages"):
		c.kind = archive.ChatSaved
		return []archive.PeerID{im.account}
	}
	var ids []archive.PeerID
	if im.Find != nil {
		for _, id := range im.Find(im.account, c.title) {
			if fits(c.kind, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) > 0 || !im.New || c.title == "" {
		return ids
	}
	kind := archive.PeerChat
	switch c.kind {
	case archive.ChatPersonal, archive.ChatBot:
		kind = archive.PeerUser
	case archive.ChatPrivateChannel, archive.ChatPublicChannel, archive.ChatPrivateSupergroup, archive.ChatPublicSupergroup:
		kind = archive.PeerChannel
	}
	return []archive.PeerID{madeID(kind, c.title)}
}

// fits reports whether a chat of that type can have that id.
func fits(kind archive.ChatType, id archive.PeerID) bool {
	switch kind {
	case "":
		return true
	case archive.ChatPersonal, archive.ChatBot:
		return id.Kind() == archive.PeerUser
	case archive.ChatPrivateGroup: // pages call supergroups groups too
		return id.Kind() != archive.PeerUser
	}
	return id.Kind() == archive.PeerChannel
}
