package normal

import (
	"testing"

	"github.com/gotd/td/tg"
)

func someVideo() *tg.Document {
	return &tg.Document{
		ID: 31, AccessHash: 32, FileReference: []byte{3}, DCID: 4, Size: 5000,
		Attributes: []tg.DocumentAttributeClass{&tg.DocumentAttributeVideo{W: 1, H: 1}},
		Thumbs:     []tg.PhotoSizeClass{&tg.PhotoStrippedSize{Type: "i"}, &tg.PhotoSize{Type: "m", W: 320, H: 180, Size: 700}},
	}
}

func TestFiles(t *testing.T) {
	photo := FileRef{Key: "photo:21", Kind: KindPhoto, Size: 1200, DC: 2, ID: 21, AccessHash: 22, Reference: []byte{2}, Photo: true, Thumb: "y"}
	video := FileRef{Key: "document:31", Kind: KindVideo, Size: 5000, DC: 4, ID: 31, AccessHash: 32, Reference: []byte{3}}
	thumb := FileRef{Key: "thumb:31", Kind: KindThumbnail, Size: 700, DC: 4, ID: 31, AccessHash: 32, Reference: []byte{3}, Thumb: "m"}
	with := func(f FileRef, change func(*FileRef)) FileRef { change(&f); return f }
	quoted := func(f FileRef) FileRef { return with(f, func(f *FileRef) { f.Quoted = true }) }
	burning := func(f FileRef) FileRef { return with(f, func(f *FileRef) { f.SelfDestruct = true }) }

	withPhoto := &tg.MessageMediaPhoto{Photo: somePhoto()}
	withVideo := &tg.MessageMediaDocument{Document: someVideo()}
	for _, c := range []struct {
		name string
		in   tg.MessageClass
		want []FileRef
	}{
		{"text", &tg.Message{Message: "hi"}, nil},
		{"empty", &tg.MessageEmpty{}, nil},
		{"photo", &tg.Message{Media: withPhoto}, []FileRef{photo}},
		{"video", &tg.Message{Media: withVideo}, []FileRef{video, thumb}},
		{"view once", &tg.Message{Media: &tg.MessageMediaPhoto{Photo: somePhoto(), TTLSeconds: 1}}, []FileRef{burning(photo)}},
		{"view once video", &tg.Message{Media: &tg.MessageMediaDocument{Document: someVideo(), TTLSeconds: 1}}, []FileRef{burning(video), burning(thumb)}},
		{"cover", &tg.Message{Media: &tg.MessageMediaDocument{Document: someVideo(), VideoCover: somePhoto()}}, []FileRef{video, thumb, with(photo, func(f *FileRef) { f.Kind = KindThumbnail })}},
		{"live photo", &tg.Message{Media: &tg.MessageMediaPhoto{Photo: somePhoto(), Video: someVideo()}}, []FileRef{photo, video}},
		{"no size to fetch", &tg.Message{Media: &tg.MessageMediaPhoto{Photo: &tg.Photo{ID: 1, Sizes: []tg.PhotoSizeClass{&tg.PhotoSizeEmpty{Type: "s"}}}}}, []FileRef{{Key: "photo:1", Kind: KindPhoto, ID: 1, Photo: true, Gone: true}}},
		{"no areas", &tg.Message{Media: &tg.MessageMediaPhoto{Photo: &tg.Photo{ID: 1, Sizes: []tg.PhotoSizeClass{&tg.PhotoSize{Type: "x", Size: 9}, &tg.PhotoSize{Type: "y", Size: 8}}}}}, []FileRef{{Key: "photo:1", Kind: KindPhoto, Size: 9, ID: 1, Photo: true, Thumb: "x"}}},
		{"inline", &tg.Message{Media: &tg.MessageMediaPhoto{Photo: &tg.Photo{ID: 1, Sizes: []tg.PhotoSizeClass{&tg.PhotoCachedSize{Type: "s", W: 1, H: 1, Bytes: []byte("abc")}}}}}, []FileRef{{Key: "photo:1", Kind: KindPhoto, Size: 3, ID: 1, Photo: true, Thumb: "s", Inline: []byte("abc")}}},
		{"link preview", &tg.Message{Media: &tg.MessageMediaWebPage{Webpage: &tg.WebPage{Photo: somePhoto(), Document: someVideo()}}}, []FileRef{quoted(photo), quoted(video)}},
		{"game", &tg.Message{Media: &tg.MessageMediaGame{Game: tg.Game{Photo: somePhoto()}}}, []FileRef{quoted(photo)}},
		{"story", &tg.Message{Media: &tg.MessageMediaStory{Story: &tg.StoryItem{Media: withPhoto}}}, []FileRef{quoted(photo)}},
		{"answered elsewhere", &tg.Message{ReplyTo: &tg.MessageReplyHeader{ReplyMedia: withPhoto}}, []FileRef{quoted(photo)}},
		{"its own first", &tg.Message{Media: withVideo, ReplyTo: &tg.MessageReplyHeader{ReplyMedia: withVideo}}, []FileRef{video, thumb}},
		{"paid", &tg.Message{Media: &tg.MessageMediaPaidMedia{ExtendedMedia: []tg.MessageExtendedMediaClass{&tg.MessageExtendedMediaPreview{}, &tg.MessageExtendedMedia{Media: withPhoto}, &tg.MessageExtendedMedia{Media: withVideo}}}}, []FileRef{photo, video, thumb}},
		{"invoice", &tg.Message{Media: &tg.MessageMediaInvoice{ExtendedMedia: &tg.MessageExtendedMedia{Media: withPhoto}}}, []FileRef{photo}},
		{"poll", &tg.Message{Media: &tg.MessageMediaPoll{AttachedMedia: withPhoto, Poll: tg.Poll{Answers: []tg.PollAnswerClass{&tg.PollAnswer{Media: withVideo}}}}}, []FileRef{photo, video, thumb}},
		{"article", &tg.Message{RichMessage: tg.RichMessage{Photos: []tg.PhotoClass{somePhoto()}, Documents: []tg.DocumentClass{someVideo()}}}, []FileRef{photo, video, thumb}},
		{"group photo", &tg.MessageService{Action: &tg.MessageActionChatEditPhoto{Photo: somePhoto()}}, []FileRef{photo}},
		{"suggested photo", &tg.MessageService{Action: &tg.MessageActionSuggestProfilePhoto{Photo: somePhoto()}}, []FileRef{photo}},
		{"poll answer", &tg.MessageService{Action: &tg.MessageActionPollAppendAnswer{Answer: &tg.PollAnswer{Media: withPhoto}}}, []FileRef{photo}},
	} {
		same(t, c.name, Files(c.in), c.want)
	}
}

func TestLocation(t *testing.T) {
	files := Files(&tg.Message{Media: &tg.MessageMediaPaidMedia{ExtendedMedia: []tg.MessageExtendedMediaClass{
		&tg.MessageExtendedMedia{Media: &tg.MessageMediaPhoto{Photo: somePhoto()}},
		&tg.MessageExtendedMedia{Media: &tg.MessageMediaDocument{Document: someVideo()}},
	}}})
	newer := []byte("newer")
	for i, want := range []tg.InputFileLocationClass{
		&tg.InputPhotoFileLocation{ID: 21, AccessHash: 22, FileReference: newer, ThumbSize: "y"},
		&tg.InputDocumentFileLocation{ID: 31, AccessHash: 32, FileReference: newer},
		&tg.InputDocumentFileLocation{ID: 31, AccessHash: 32, FileReference: newer, ThumbSize: "m"},
	} {
		if got := files[i].Location(newer); got.String() != want.String() {
			t.Errorf("%s: got %s, want %s", files[i].Key, got, want)
		}
	}
}
