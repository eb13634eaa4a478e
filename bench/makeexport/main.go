// Command makeexport writes a large export of one chat as Telegram Desktop does, for
// benchmarks: the same seed makes the same bytes.
//
//	export/result.json    {"name", "type", "id", "messages": [ … ]}
//	export/files/         with -media: what some of the messages carry
//	new/                  with -new: the result.json of later, and only those files that it has more
//
// It never reads anything.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	seed := flag.Uint64("seed", 1, "what the messages are made of")
	count := flag.Int("messages", 1_000_000, "how many")
	media := flag.Int64("media", 0, "bytes of files, at least")
	out := flag.String("out", "export", "folder to write to")
	later := flag.String("new", "", "folder for what there is one per cent later")
	flag.Parse()
	if err := writeBoth(*out, *later, *seed, *count, *media); err != nil {
		fmt.Fprintln(os.Stderr, "makeexport:", err)
		os.Exit(1)
	}
}

func writeBoth(out, later string, seed uint64, count int, media int64) error {
	files := plan(rand.New(rand.NewPCG(seed, 1)), "file_", media)
	if err := write(out, seed, count, carried(nil, 0, count, files), files); err != nil || later == "" {
		return err
	}
	more := plan(rand.New(rand.NewPCG(seed, 2)), "new_", media/100)
	grown := count + max(count/100, len(more))
	carry := carried(carried(nil, 0, count, files), count, grown, more)
	return write(later, seed, grown, carry, more)
}

// carried spreads files evenly over the messages after the first ones up to last.
func carried(carry map[int]file, first, last int, files []file) map[int]file {
	if carry == nil {
		carry = make(map[int]file, len(files))
	}
	for i, f := range files {
		carry[first+1+i*(last-first)/len(files)] = f
	}
	return carry
}

func write(dir string, seed uint64, count int, carry map[int]file, files []file) error {
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return err
	}
	for _, f := range files {
		if err := f.write(filepath.Join(dir, "files")); err != nil {
			return err
		}
	}
	f, err := os.Create(filepath.Join(dir, "result.json"))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	makeExport(w, rand.New(rand.NewPCG(seed, 0)), count, carry)
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

const words = "the of and to in is that it was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part"

// makeExport writes the document; bufio keeps an error for Flush.
func makeExport(w io.Writer, r *rand.Rand, count int, carry map[int]file) {
	list := strings.Fields(words)
	fmt.Fprint(w, "{\n \"name\": \"A long chat\",\n \"type\": \"private_supergroup\",\n \"id\": 1500000001,\n \"messages\": [")
	at := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	for id := 1; id <= count; id++ {
		at = at.Add(time.Duration(r.IntN(400)) * time.Second)
		if id > 1 {
			fmt.Fprint(w, ",")
		}
		who := r.IntN(50)
		fmt.Fprintf(w, "\n  {\n   \"id\": %d,\n   \"type\": \"message\",\n   \"date\": %q,\n   \"date_unixtime\": \"%d\",\n   \"from\": \"Person %d\",\n   \"from_id\": \"user%d\",",
			id, at.Format("2006-01-02T15:04:05"), at.Unix(), who, 1000+who)
		if id > 10 && r.IntN(4) == 0 {
			fmt.Fprintf(w, "\n   \"reply_to_message_id\": %d,", id-1-r.IntN(9))
		}
		if f, ok := carry[id]; ok {
			fmt.Fprintf(w, "\n   \"file\": \"files/%s\",\n   \"file_name\": %q,\n   \"file_size\": %d,\n   \"mime_type\": \"application/octet-stream\",", f.name, f.name, f.size)
		}
		text := make([]string, 3+r.IntN(20))
		for i := range text {
			text[i] = list[r.IntN(len(list))]
		}
		said := strings.Join(text, " ")
		fmt.Fprintf(w, "\n   \"text\": %q,\n   \"text_entities\": [\n    {\n     \"type\": \"plain\",\n     \"text\": %q\n    }\n   ]", said, said)
		if r.IntN(10) == 0 {
			fmt.Fprintf(w, ",\n   \"reactions\": [\n     {\n      \"type\": \"emoji\",\n      \"count\": %d,\n      \"emoji\": \"👍\"\n     }\n    ]", 1+r.IntN(9))
		}
		fmt.Fprint(w, "\n  }")
	}
	fmt.Fprint(w, "\n ]\n}")
}
