// Command makeexport writes a large export of one chat as Telegram Desktop does, for
// benchmarks: the same seed makes the same bytes.
//
//	export/result.json    {"name", "type", "id", "messages": [ … ]}
//
// It writes no media, and never reads anything.
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
	out := flag.String("out", "export", "folder to write to")
	flag.Parse()
	if err := write(*out, *seed, *count); err != nil {
		fmt.Fprintln(os.Stderr, "makeexport:", err)
		os.Exit(1)
	}
}

func write(dir string, seed uint64, count int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "result.json"))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	makeExport(w, rand.New(rand.NewPCG(seed, 0)), count)
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

const words = "the of and to in is that it was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part"

// makeExport writes the document; bufio keeps an error for Flush.
func makeExport(w io.Writer, r *rand.Rand, count int) {
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
