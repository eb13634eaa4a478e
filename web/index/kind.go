package index

import (
	"slices"

	"telekeep/archive"
)

// numberOf is how the index keeps what a message mainly is.
func numberOf(c archive.Content) int { return slices.Index(archive.Contents(), c) }

func contentAt(number int) archive.Content {
	if all := archive.Contents(); number >= 0 && number < len(all) {
		return all[number]
	}
	return archive.ContentOther
}

// hasLink reports whether there is a link in a message, whatever it mainly is.
func hasLink(m *archive.Message) bool {
	if m.Media != nil && m.Media.Webpage != nil {
		return true
	}
	return slices.ContainsFunc(m.Text.Entities, func(e archive.Entity) bool {
		return e.Type == "link" || e.Type == "text_link"
	})
}

// filesOf goes over the main files of a message: no thumbnails and covers.
func filesOf(m *archive.Message, yield func(c archive.Content, f *archive.File)) {
	if m.Action != nil && m.Action.Photo != nil {
		yield(archive.ContentPhoto, m.Action.Photo)
	}
	if m.Media != nil {
		filesOfMedia(m.Media, yield)
	}
	for i := range m.RichMedia {
		filesOfMedia(&m.RichMedia[i], yield)
	}
}

func filesOfMedia(m *archive.Media, yield func(c archive.Content, f *archive.File)) {
	give := func(c archive.Content, f *archive.File) {
		if f != nil && f.Key != "" {
			yield(c, f)
		}
	}
	give(m.Content(), m.File)
	give(archive.ContentVideo, m.Live)
	if w := m.Webpage; w != nil {
		give(archive.ContentPhoto, w.Photo)
		give(archive.ContentFile, w.Document)
	}
	if g := m.Game; g != nil {
		give(archive.ContentPhoto, g.Photo)
		give(archive.ContentFile, g.Document)
	}
	for i := range m.Extended {
		filesOfMedia(&m.Extended[i], yield)
	}
	if m.Attached != nil {
		filesOfMedia(m.Attached, yield)
	}
}
