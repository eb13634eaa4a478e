package mtproto

import (
	"errors"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// maxWrappers is how deep requests may be wrapped.
const maxWrappers = 16

// rest stands for what a wrapper is wrapped around: it is left in the buffer.
type rest struct{}

func (rest) Encode(*bin.Buffer) error { return errors.ErrUnsupported }
func (rest) Decode(*bin.Buffer) error { return nil }

// unwrap takes the wrappers off a request. after lists the requests to wait for.
func unwrap(b *bin.Buffer, r *Request) (after []int64, err error) {
	for range maxWrappers {
		id, err := b.PeekID()
		if err != nil {
			return nil, tgerr.New(400, "INPUT_REQUEST_INVALID")
		}
		switch id {
		case tg.InvokeWithLayerRequestTypeID:
			w := tg.InvokeWithLayerRequest{Query: rest{}}
			err = w.Decode(b)
			r.Layer = w.Layer
		case tg.InitConnectionRequestTypeID:
			r.Client = &tg.InitConnectionRequest{Query: rest{}}
			err = r.Client.Decode(b)
		case tg.InvokeWithoutUpdatesRequestTypeID:
			w := tg.InvokeWithoutUpdatesRequest{Query: rest{}}
			err = w.Decode(b)
			r.NoUpdates = true
		case tg.InvokeWithTakeoutRequestTypeID:
			w := tg.InvokeWithTakeoutRequest{Query: rest{}}
			err = w.Decode(b)
			r.Takeout = w.TakeoutID
		case tg.InvokeAfterMsgRequestTypeID:
			w := tg.InvokeAfterMsgRequest{Query: rest{}}
			err = w.Decode(b)
			after = append(after, w.MsgID)
		case tg.InvokeAfterMsgsRequestTypeID:
			w := tg.InvokeAfterMsgsRequest{Query: rest{}}
			err = w.Decode(b)
			after = append(after, w.MsgIDs...)
		case mt.GzipPackedTypeID:
			var data []byte
			data, err = inflate(b)
			b.ResetTo(data)
		default:
			w, ok := otherWrapper(id)
			if !ok {
				r.ID, r.Body = id, b
				return after, nil
			}
			err = w.Decode(b)
		}
		if err != nil {
			return nil, tgerr.New(400, "INPUT_REQUEST_INVALID")
		}
	}
	return nil, tgerr.New(400, "INPUT_REQUEST_TOO_LONG")
}

// otherWrapper names the wrappers that make no difference here.
func otherWrapper(id uint32) (bin.Decoder, bool) {
	switch id {
	case tg.InvokeWithMessagesRangeRequestTypeID:
		return &tg.InvokeWithMessagesRangeRequest{Query: rest{}}, true
	case tg.InvokeWithReCaptchaRequestTypeID:
		return &tg.InvokeWithReCaptchaRequest{Query: rest{}}, true
	case tg.InvokeWithApnsSecretRequestTypeID:
		return &tg.InvokeWithApnsSecretRequest{Query: rest{}}, true
	case tg.InvokeWithGooglePlayIntegrityRequestTypeID:
		return &tg.InvokeWithGooglePlayIntegrityRequest{Query: rest{}}, true
	case tg.InvokeWithBusinessConnectionRequestTypeID:
		return &tg.InvokeWithBusinessConnectionRequest{Query: rest{}}, true
	}
	return nil, false
}
