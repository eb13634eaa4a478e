package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// KindProfilePhoto is the kind of pictures of profiles.
const KindProfilePhoto = "profile_photo"

// ProfilePhoto is a picture of a profile and the file it takes; false if it is
// gone. That the picture can move is in its raw form only.
func ProfilePhoto(p tg.PhotoClass) (*archive.ProfilePhoto, FileRef, bool) {
	file := photo(p)
	if file == nil {
		return nil, FileRef{}, false
	}
	ref, _ := photoRef(p)
	ref.Kind = KindProfilePhoto
	return &archive.ProfilePhoto{Photo: *file}, ref, true
}

// Music is a piece of music on a profile and the files it takes; false if it is
// gone.
func Music(d tg.DocumentClass) (*archive.Media, []FileRef, bool) {
	if _, ok := d.(*tg.Document); !ok {
		return nil, nil, false
	}
	m := documentMedia(&tg.MessageMediaDocument{Document: d})
	var own gatherer
	own.add(documentRef(d))
	own.add(thumbnailRef(d))
	return m, own.files, true
}
