package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

func (w *writer) blocks(list []tg.PageBlockClass) {
	for _, b := range list {
		w.block(b)
	}
}

// line writes the texts one after the other and ends the line, unless they are
// all empty.
func (w *writer) line(parts ...tg.RichTextClass) {
	start := w.at
	for _, t := range parts {
		w.rich(t)
	}
	w.end(start)
}

func (w *writer) plain(s string) {
	start := w.at
	w.write(s)
	w.end(start)
}

func (w *writer) end(start int) {
	if w.at > start {
		w.write("\n")
	}
}

// block writes the words of one block. A divider, an anchor and the like have
// none; pictures have their caption.
func (w *writer) block(b tg.PageBlockClass) {
	switch b := b.(type) {
	case *tg.PageBlockPreformatted:
		w.span(archive.Entity{Type: "pre", Language: b.Language}, func() { w.line(b.Text) })
	case *tg.PageBlockBlockquote:
		w.span(archive.Entity{Type: "blockquote", Collapsed: b.Collapsed}, func() { w.line(b.Text) })
		w.line(b.Caption)
	case *tg.PageBlockPullquote:
		w.span(archive.Entity{Type: "blockquote"}, func() { w.line(b.Text) })
		w.line(b.Caption)
	case *tg.PageBlockBlockquoteBlocks:
		w.span(archive.Entity{Type: "blockquote"}, func() { w.blocks(b.Blocks) })
		w.line(b.Caption)
	case *tg.PageBlockList:
		for _, item := range b.Items {
			w.listItem(item)
		}
	case *tg.PageBlockOrderedList:
		for _, item := range b.Items {
			w.orderedItem(item)
		}
	case *tg.PageBlockTable:
		w.table(b)
	case *tg.PageBlockDetails:
		w.line(b.Title)
		w.blocks(b.Blocks)
	case *tg.PageBlockMath:
		w.plain(b.Source)
	case *tg.PageBlockButtonRow:
		for _, button := range b.Buttons {
			w.line(button.Text)
		}
	case *tg.PageBlockRelatedArticles:
		w.line(b.Title)
		for _, a := range b.Articles {
			w.span(archive.Entity{Type: "text_link", URL: a.URL}, func() { w.write(a.Title) })
			w.write("\n")
			w.plain(a.Description)
		}
	default:
		w.line(paragraph(b))
		w.illustration(b)
	}
}

// paragraph is the text of a block that is one paragraph, nil for the others.
func paragraph(b tg.PageBlockClass) tg.RichTextClass {
	switch b := b.(type) {
	case *tg.PageBlockTitle:
		return b.Text
	case *tg.PageBlockSubtitle:
		return b.Text
	case *tg.PageBlockHeader:
		return b.Text
	case *tg.PageBlockSubheader:
		return b.Text
	case *tg.PageBlockHeading1:
		return b.Text
	case *tg.PageBlockHeading2:
		return b.Text
	case *tg.PageBlockHeading3:
		return b.Text
	case *tg.PageBlockHeading4:
		return b.Text
	case *tg.PageBlockHeading5:
		return b.Text
	case *tg.PageBlockHeading6:
		return b.Text
	case *tg.PageBlockKicker:
		return b.Text
	case *tg.PageBlockParagraph:
		return b.Text
	case *tg.PageBlockFooter:
		return b.Text
	case *tg.PageBlockThinking:
		return b.Text
	case *tg.PageBlockAuthorDate:
		return b.Author
	}
	return nil
}

// illustration writes what stands under a block that is looked at or heard.
func (w *writer) illustration(b tg.PageBlockClass) {
	switch b := b.(type) {
	case *tg.PageBlockPhoto:
		w.caption(b.Caption)
	case *tg.PageBlockVideo:
		w.caption(b.Caption)
	case *tg.PageBlockAudio:
		w.caption(b.Caption)
	case *tg.PageBlockDocument:
		w.caption(b.Caption)
	case *tg.PageBlockMap:
		w.caption(b.Caption)
	case *tg.InputPageBlockMap:
		w.caption(b.Caption)
	case *tg.PageBlockEmbed:
		w.caption(b.Caption)
	case *tg.PageBlockEmbedPost:
		w.plain(b.Author)
		w.blocks(b.Blocks)
		w.caption(b.Caption)
	case *tg.PageBlockCollage:
		w.blocks(b.Items)
		w.caption(b.Caption)
	case *tg.PageBlockSlideshow:
		w.blocks(b.Items)
		w.caption(b.Caption)
	case *tg.PageBlockCover:
		w.block(b.Cover)
	}
}

func (w *writer) caption(c tg.PageCaption) {
	w.line(c.Text)
	w.line(c.Credit)
}

func (w *writer) listItem(item tg.PageListItemClass) {
	switch item := item.(type) {
	case *tg.PageListItemText:
		w.tick(item.Checkbox, item.Checked)
		w.line(item.Text)
	case *tg.PageListItemBlocks:
		w.tick(item.Checkbox, item.Checked)
		w.blocks(item.Blocks)
	}
}

func (w *writer) orderedItem(item tg.PageListOrderedItemClass) {
	switch item := item.(type) {
	case *tg.PageListOrderedItemText:
		w.number(item.Num)
		w.tick(item.Checkbox, item.Checked)
		w.line(item.Text)
	case *tg.PageListOrderedItemBlocks:
		w.number(item.Num)
		w.tick(item.Checkbox, item.Checked)
		w.blocks(item.Blocks)
	}
}

// number writes what stands before an item of an ordered list.
func (w *writer) number(n string) {
	if n != "" {
		w.write(n + ". ")
	}
}

// tick writes the box of an item that can be ticked.
func (w *writer) tick(box, checked bool) {
	switch {
	case checked:
		w.write("☑ ")
	case box:
		w.write("☐ ")
	}
}

// table writes a row per line with tabs between the cells.
func (w *writer) table(t *tg.PageBlockTable) {
	w.line(t.Title)
	for _, row := range t.Rows {
		start := w.at
		for i, cell := range row.Cells {
			if i > 0 {
				w.write("\t")
			}
			w.rich(cell.Text)
		}
		w.end(start)
	}
}
