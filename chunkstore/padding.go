package chunkstore

import "math/bits"

// What age adds to content, see docs/format.md, section 8. These constants are part
// of the format of age v1.
const (
	ageBlock = 64 << 10 // plaintext bytes of one block of the payload
	ageTag   = 16       // bytes that sealing adds to a block
)

// smallestBucket is the length of the shortest pack and index, in bytes.
const smallestBucket = 16 << 10

// padme returns the smallest length that is at least n and has the low bits zero
// that Padmé wants zero, n ≥ 2.
func padme(n int64) int64 {
	e := bits.Len64(uint64(n)) - 1    // floor(log2 n)
	s := bits.Len64(uint64(e))        // floor(log2 e) + 1
	mask := int64(1)<<max(e-s, 0) - 1 // the bits that must be zero
	return (n + mask) &^ mask
}

// isBucket reports whether n is a length that packs and indexes may have.
func isBucket(n int64) bool { return n >= smallestBucket && padme(n) == n }

// sealedSize returns the length of an age file of the given header and content.
func sealedSize(header, content int64) int64 {
	blocks := max(1, (content+ageBlock-1)/ageBlock)
	return header + content + blocks*ageTag
}

// contentSize is the reverse of sealedSize. It is false for lengths that no age
// file with this header has.
func contentSize(header, sealed int64) (int64, bool) {
	payload := sealed - header
	if payload < ageTag {
		return 0, false
	}
	blocks := (payload + ageBlock + ageTag - 1) / (ageBlock + ageTag)
	content := payload - blocks*ageTag
	return content, content > 0 && sealedSize(header, content) == sealed
}

// paddedPack returns how long the content of a pack must be made so that the age file
// gets a bucket's length: the smallest possible.
func paddedPack(header, content int64) int64 {
	return paddedContent(header, content, padme(max(smallestBucket, sealedSize(header, content))))
}

// paddedIndex is paddedPack for an index, which is made a power of two long: its length
// grows with the number of chunks and hardly costs anything.
func paddedIndex(header, content int64) int64 {
	least := max(smallestBucket, sealedSize(header, content))
	return paddedContent(header, content, 1<<bits.Len64(uint64(least-1)))
}

// paddedContent returns how long the content must be made so that the age file gets
// the length file, or the next bucket if no age file is that long.
func paddedContent(header, content, file int64) int64 {
	for {
		if padded, ok := contentSize(header, file); ok && padded >= content {
			return padded
		}
		file = padme(file + 1)
	}
}
