package export

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/internal/durable"
)

// The files of a restore, beside media/ and records/.
const (
	readmeFile = "README.txt"
	sumsFile   = "SHA256SUMS"
)

// reportEvery is how many records pass between two reports of progress.
const reportEvery = 256

// RestoreOptions are for Restore.
type RestoreOptions struct {
	// Progress, if not nil, is told of records, some hundred at once, and of every piece of a
	// file that was read. It is called often and must return at once.
	Progress func(RestoreProgress)
}

// RestoreProgress says where a restore is.
type RestoreProgress struct {
	Records, Files int
	Bytes          int64 // of files
}

// Restored says what a restore did.
type Restored struct {
	Records int `json:"records"`
	Files
	Failures
}

// Restore writes everything the archive holds as plain files into dir, for
// people who have nothing but these files and a text editor:
//
//	README.txt                 what is what
//	SHA256SUMS                 for sha256sum -c
//	records/user1.jsonl        every record of an account, one per line
//	media/2024-05/photo_7.jpg  every file, once
//
// A folder that holds a restore is updated. It returns ErrNotEmpty or
// ErrOtherExport before anything is written; what cannot be read is a Problem
// and no error.
func Restore(ctx context.Context, source RecordSource, dir string, o RestoreOptions) (*Restored, error) {
	f, err := openFolder(dir, header{Kind: kindFiles})
	if err != nil {
		return nil, err
	}
	defer f.close()
	r := &restore{
		source: source, folder: f, options: o, result: &Restored{},
		accounts: map[archive.PeerID]*recordFile{},
		written:  map[archive.MediaKey]bool{},
	}
	return r.result, r.all(ctx)
}

// A restore is one on its way.
type restore struct {
	source   RecordSource
	folder   *folder
	options  RestoreOptions
	result   *Restored
	bytes    int64
	sums     *recordFile
	accounts map[archive.PeerID]*recordFile
	written  map[archive.MediaKey]bool
	line     []byte // of a record with raw bytes, reused
}

// A recordFile is a text file that is written line by line, with its hash.
type recordFile struct {
	*bufio.Writer
	part *partFile
	hash hash.Hash
}

func (f *folder) recordFile() (*recordFile, error) {
	p, err := f.create()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	return &recordFile{Writer: bufio.NewWriterSize(io.MultiWriter(p, h), 64<<10), part: p, hash: h}, nil
}

func (r *restore) all(ctx context.Context) (err error) {
	if r.sums, err = r.folder.recordFile(); err != nil {
		return err
	}
	defer r.sums.part.drop()
	defer func() {
		for _, a := range r.accounts {
			a.part.drop()
		}
	}()
	for rec, err := range r.source.Lines(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.result.problem(Problem{Err: err})
			continue
		}
		if err := r.record(rec); err != nil {
			return err
		}
		if err := r.filesOf(ctx, rec); err != nil {
			return err
		}
		if r.result.Records++; r.result.Records%reportEvery == 0 {
			r.report()
		}
	}
	for m := range r.source.AllMedia() {
		if err := r.file(ctx, &archive.File{Key: m.Key}, "unnamed"); err != nil {
			return err
		}
	}
	return r.finish()
}

// record writes one line: the record as it is in the archive, with the bytes
// that follow it there as base64 under "tl".
func (r *restore) record(rec *archive.Record) error {
	out := r.accounts[rec.Account]
	if out == nil {
		var err error
		if out, err = r.folder.recordFile(); err != nil {
			return err
		}
		r.accounts[rec.Account] = out
	}
	line := bytes.TrimRight(rec.Line, " ")
	if len(rec.Raw) > 0 {
		r.line = append(append(r.line[:0], line[:len(line)-1]...), `,"tl":"`...) // before the closing brace
		r.line = append(base64.StdEncoding.AppendEncode(r.line, rec.Raw), `"}`...)
		line = r.line
	}
	if _, err := out.Write(line); err != nil {
		return err
	}
	return out.WriteByte('\n')
}

// filesOf writes the stored files that a record names.
func (r *restore) filesOf(ctx context.Context, rec *archive.Record) error {
	seen := rec.Seen
	switch {
	case rec.Message != nil:
		seen = rec.Message.Date
	case rec.Story != nil && rec.Story.Date != 0:
		seen = rec.Story.Date
	case rec.Photo != nil && rec.Photo.Photo.Date != 0:
		seen = rec.Photo.Photo.Date
	}
	month := time.Unix(seen, 0).UTC().Format("2006-01")
	for _, f := range rec.Files() {
		if err := r.file(ctx, f, month); err != nil {
			return err
		}
	}
	return nil
}

// file writes a file once, if it is stored.
func (r *restore) file(ctx context.Context, f *archive.File, folder string) error {
	media, ok := r.source.Media(f.Key)
	if !ok || r.written[f.Key] {
		return nil
	}
	name := "media/" + folder + "/" + restoredName(f)
	r.written[f.Key] = true
	c := stored(r.source, media)
	if r.folder.holds(name, c) {
		r.result.Kept++
	} else if err := r.folder.write(ctx, name, c, r.copied); err != nil {
		source, ok := errors.AsType[*sourceError](err)
		if !ok {
			return err
		}
		r.result.problem(Problem{Key: f.Key, Err: source.err})
		return nil
	} else {
		r.result.Written++
		r.result.Bytes += media.Size
	}
	r.report()
	return r.sum(media.SHA256, name)
}

// restoredName is unique for the key: kind and id of the file, then its own name.
func restoredName(f *archive.File) string {
	name := strings.ReplaceAll(string(f.Key), ":", "_")
	kind, _, _ := strings.Cut(string(f.Key), ":")
	switch {
	case f.Name != "":
		name += "_" + f.Name
	case kind == archive.MediaPhoto, kind == archive.MediaThumb:
		name += ".jpg"
	default:
		name += extension(f.MIME, ".bin")
	}
	return safeName(name)
}

func (r *restore) sum(sha256, name string) error {
	_, err := fmt.Fprintf(r.sums, "%s  %s\n", sha256, name)
	return err
}

// finish puts the text files in place, the sums last.
func (r *restore) finish() error {
	for _, account := range slices.Sorted(maps.Keys(r.accounts)) {
		name := "records/" + safeName(string(account)) + ".jsonl"
		out := r.accounts[account]
		if err := out.Flush(); err != nil {
			return err
		}
		if err := r.sum(hex.EncodeToString(out.hash.Sum(nil)), name); err != nil {
			return err
		}
		if err := out.part.publish(name); err != nil {
			return err
		}
	}
	readme := []byte(readme)
	if err := durable.Replace(durable.Below(r.folder.root), readmeFile, readme, durable.PrivateFile); err != nil {
		return err
	}
	own := sha256.Sum256(readme)
	if err := r.sum(hex.EncodeToString(own[:]), readmeFile); err != nil {
		return err
	}
	if err := r.sums.Flush(); err != nil {
		return err
	}
	return r.sums.part.publish(sumsFile)
}

func (r *restore) copied(n int) {
	r.bytes += int64(n)
	r.report()
}

func (r *restore) report() {
	if r.options.Progress != nil {
		r.options.Progress(RestoreProgress{Records: r.result.Records, Files: r.result.Written + r.result.Kept, Bytes: r.bytes})
	}
}

const readme = `This folder holds everything that was in a telekeep archive, as plain files.

media/YYYY-MM/   Every photo, video and file, once, in the month (UTC) of the first
                 message or story that has it. Names begin with Telegram's own kind and id:
                 document_123_report.pdf is the document 123, which was called
                 report.pdf; thumb_123.jpg is its thumbnail. media/unnamed/ has
                 files that no message names, such as custom emoji.

records/*.jsonl  One file per account, one JSON object per line, in the order in
                 which telekeep stored them. Records are never changed: a later
                 line about the same thing is a newer version of it. "kind" says
                 what a record is about: account, peer, chat, message, deletion,
                 media (a stored file), missing (a file that could not be stored,
                 and why); and what no export has a place for: profile_photo,
                 contact, top_peers, story (with its caption and who saw it),
                 profile_music, session, web_session, folder (of chats),
                 pinned_chats, draft, topic (the names of a forum's topics, to
                 which "topic" in a message points). Of these "item" says which
                 one it is, and a line of kind unlisted says that the server does
                 not list it any more. "chat" names the chat as kind and number: user1, chat2,
                 channel3. "date" and "seen" are seconds since 1970, UTC. "media"
                 keys such as document:123 are the beginnings of the file names.
                 "tl" holds the bytes Telegram sent, in base64, in the TL language
                 of the "layer" beside it.

SHA256SUMS       To check the files:  sha256sum -c SHA256SUMS

The hidden folder .telekeep lets telekeep recognise and update this folder.

These files are not encrypted any more. Whoever can read this folder can read
the messages.
`
