package telegram

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/archive"
)

// What is read of the other data at once, and how much there may be, in bytes:
// it has to fit into a record.
const (
	otherPart = 128 << 10
	otherMost = 8 << 20
)

var (
	errOtherJSON = errors.New("it is not valid JSON")
	errOtherSize = errors.New("it is too large")
)

// otherData archives what else the server says it holds of the account. It gives
// that in a takeout only, without a length or hashes: that it is whole JSON is
// the proof that it is whole.
func (r *run) otherData(ctx context.Context) error {
	if !r.link.inTakeout() {
		return nil
	}
	var data []byte
	for {
		answer, err := r.link.optional.UploadGetFile(ctx, &tg.UploadGetFileRequest{
			Location: &tg.InputTakeoutFileLocation{}, Offset: int64(len(data)), Limit: otherPart,
		})
		if tgerr.Is(err, "TAKEOUT_FILE_EMPTY") {
			return nil
		}
		if err != nil {
			return err
		}
		part, ok := answer.(*tg.UploadFile)
		if !ok {
			return unexpected("upload.getFile", answer)
		}
		data = append(data, part.Bytes...)
		if len(part.Bytes) < otherPart {
			break
		}
		if len(data) > otherMost {
			return errOtherSize
		}
	}
	if !json.Valid(data) {
		return errOtherJSON
	}
	s := r.stock(archive.KindOther, "")
	if _, err := s.add(item{
		name: "other", print: json.RawMessage(data),
		fill: func(rec *archive.Record) { rec.Other = &archive.OtherData{JSON: data} },
	}); err != nil {
		return err
	}
	return s.apply(ctx)
}
