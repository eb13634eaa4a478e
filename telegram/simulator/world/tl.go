package world

import (
	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// TL objects that are kept for several answers are kept as bytes: that is small,
// and every answer gets an object of its own, which encoding may write to.

func encodeTL(v bin.Encoder) []byte {
	var b bin.Buffer
	if err := v.Encode(&b); err != nil {
		panic("internal error: an object of the world cannot be encoded: " + err.Error())
	}
	return append([]byte(nil), b.Buf...)
}

func decodeTL[T any](data []byte, decode func(*bin.Buffer) (T, error)) T {
	v, err := decode(&bin.Buffer{Buf: data})
	if err != nil {
		panic("internal error: an object of the world cannot be decoded: " + err.Error())
	}
	return v
}

func encodeMessage(m tg.MessageClass) []byte    { return encodeTL(m) }
func decodeMessage(data []byte) tg.MessageClass { return decodeTL(data, tg.DecodeMessage) }

func decodeDocument(data []byte) tg.DocumentClass  { return decodeTL(data, tg.DecodeDocument) }
func decodeMedia(data []byte) tg.MessageMediaClass { return decodeTL(data, tg.DecodeMessageMedia) }
