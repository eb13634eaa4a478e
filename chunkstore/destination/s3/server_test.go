package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A bucket is an S3 server with one bucket in memory, strict about what telekeep relies
// on: checksums must be there and right, conditions hold, parts fit together.
type bucket struct {
	t      testing.TB
	server *httptest.Server

	mu       sync.Mutex
	objects  map[string]object
	uploads  map[string]*upload
	number   int
	requests []string
	// listed, if set, is what lists show in the place of the objects: a server that is late.
	listed map[string]object
	// unknown are headers that the server knows nothing of.
	unknown []string
	// fault is asked before each request; see answer.
	fault func(n int, r *http.Request) *fault
}

type object struct {
	data     []byte
	etag     string
	class    string
	lock     string
	sum      string // SHA-256, if it came along
	modified time.Time
}

type upload struct {
	key   string
	parts map[int][]byte
}

// A fault is what a server does in the place of an answer, or behind it.
type fault struct {
	status int    // answer with it and do nothing
	code   string // of the answer
	drop   bool   // do it, and close the connection in the place of an answer
	cut    bool   // send half of the body
	hang   bool   // say nothing until the client gives up
	flip   bool   // send a body with a wrong bit
}

func newBucket(t testing.TB) *bucket {
	b := &bucket{t: t, objects: map[string]object{}, uploads: map[string]*upload{}}
	b.server = httptest.NewUnstartedServer(b)
	b.server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections are broken on purpose
	b.server.StartTLS()
	t.Cleanup(b.server.Close)
	return b
}

// options are what opens the bucket.
func (b *bucket) options() Options {
	transport := b.server.Client().Transport.(*http.Transport)
	return Options{
		Endpoint: strings.TrimPrefix(b.server.URL, "https://"), Bucket: "vaults", Prefix: "a/b", Region: "us-east-1",
		AccessKey: "access", SecretKey: "secret", RootCAs: transport.TLSClientConfig.RootCAs, Patience: time.Minute,
	}
}

func (b *bucket) open(o Options) *Destination {
	b.t.Helper()
	d, err := Open(b.t.Context(), o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { d.Close() })
	return d
}

// fail has f asked before each request from now on; nil: nothing fails.
func (b *bucket) fail(f func(n int, r *http.Request) *fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

// count is how many requests there were.
func (b *bucket) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.number
}

// holds is what an object is, if there is one.
func (b *bucket) holds(key string) (data []byte, there bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, there := b.objects[key]
	return o.data, there
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	b.mu.Lock()
	b.number++
	n, ask := b.number, b.fault
	b.requests = append(b.requests, r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery)
	b.mu.Unlock()
	var f *fault
	if ask != nil {
		f = ask(n, r)
	}
	answer := httptest.NewRecorder()
	switch {
	case f != nil && f.hang:
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
		return
	case f != nil && f.status != 0:
		b.refuse(answer, f.status, f.code)
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=access/"):
		b.refuse(answer, 403, "AccessDenied")
	default:
		b.answer(answer, r, body)
	}
	if f != nil && f.drop {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), answer.Header())
	data := answer.Body.Bytes()
	if r.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	}
	if f != nil && f.flip && len(data) > 0 {
		data[len(data)/2] ^= 1
	}
	w.WriteHeader(answer.Code)
	if f != nil && f.cut {
		w.Write(data[:len(data)/2])
		panic(http.ErrAbortHandler)
	}
	w.Write(data)
}

func (b *bucket) refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

func (b *bucket) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := r.URL.Query()
	for _, header := range b.unknown {
		if r.Header.Get(header) != "" {
			b.refuse(w, 501, "NotImplemented")
			return
		}
	}
	switch {
	case name != "vaults":
		b.refuse(w, 404, "NoSuchBucket")
	case key == "" && q.Has("uploads"):
		b.listUploads(w)
	case key == "" && r.Method == http.MethodGet:
		b.list(w, q.Get("prefix"), q.Get("continuation-token"))
	case key == "":
	case r.Method == http.MethodPost && q.Has("uploads"):
		id := strconv.Itoa(len(b.uploads) + 1)
		b.uploads[id] = &upload{key: key, parts: map[int][]byte{}}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case r.Method == http.MethodPost:
		b.complete(w, r, q.Get("uploadId"), body)
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		delete(b.uploads, q.Get("uploadId"))
		w.WriteHeader(204)
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		w.WriteHeader(204)
	case r.Method == http.MethodPut:
		b.put(w, r, key, q.Get("uploadId"), q.Get("partNumber"), body)
	default:
		b.get(w, r, key)
	}
}

// put stores an object or a part. What has no checksum, or a wrong one, is refused.
func (b *bucket) put(w http.ResponseWriter, r *http.Request, key, id, part string, body []byte) {
	sum, hash := md5.Sum(body), sha256.Sum256(body)
	switch given, want := r.Header.Get("Content-Md5"), r.Header.Get("X-Amz-Checksum-Sha256"); {
	case given == "" && want == "":
		b.t.Errorf("%s comes without a checksum", key)
		b.refuse(w, 400, "InvalidRequest")
		return
	case given != "" && given != base64.StdEncoding.EncodeToString(sum[:]), want != "" && want != base64.StdEncoding.EncodeToString(hash[:]):
		b.refuse(w, 400, "BadDigest")
		return
	}
	etag := hex.EncodeToString(sum[:])
	w.Header().Set("ETag", `"`+etag+`"`)
	if id != "" {
		n, _ := strconv.Atoi(part)
		b.uploads[id].parts[n] = body
		return
	}
	if _, taken := b.objects[key]; taken && r.Header.Get("If-None-Match") == "*" {
		b.refuse(w, 412, "PreconditionFailed")
		return
	}
	b.objects[key] = object{
		data: body, etag: etag, sum: r.Header.Get("X-Amz-Checksum-Sha256"), class: r.Header.Get("X-Amz-Storage-Class"), modified: time.Now(),
		lock: r.Header.Get("X-Amz-Object-Lock-Mode") + " " + r.Header.Get("X-Amz-Object-Lock-Retain-Until-Date"),
	}
}

func (b *bucket) complete(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	u := b.uploads[id]
	if u == nil {
		b.refuse(w, 404, "NoSuchUpload")
		return
	}
	if _, taken := b.objects[u.key]; taken && r.Header.Get("If-None-Match") == "*" {
		b.refuse(w, 412, "PreconditionFailed")
		return
	}
	var all []byte
	for i := range len(u.parts) {
		all = append(all, u.parts[i+1]...)
	}
	delete(b.uploads, id)
	b.objects[u.key] = object{data: all, etag: id + "-" + strconv.Itoa(len(u.parts)), modified: time.Now()}
	fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>vaults</Bucket><Key>%s</Key><ETag>&quot;%s&quot;</ETag></CompleteMultipartUploadResult>", u.key, b.objects[u.key].etag)
}

func (b *bucket) get(w http.ResponseWriter, r *http.Request, key string) {
	o, ok := b.objects[key]
	if !ok {
		b.refuse(w, 404, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", `"`+o.etag+`"`)
	if o.sum != "" && r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		w.Header().Set("X-Amz-Checksum-Sha256", o.sum)
		w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	w.Header().Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	if match := r.Header.Get("If-Match"); match != "" && strings.Trim(match, `"`) != o.etag {
		b.refuse(w, 412, "PreconditionFailed")
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(o.data)))
	if r.Method == http.MethodHead {
		return
	}
	w.Header().Del("Content-Length")
	data, status := o.data, 200
	if span, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		first, last, _ := strings.Cut(span, "-")
		from, _ := strconv.Atoi(first)
		to := len(data) - 1
		if last != "" {
			n, _ := strconv.Atoi(last)
			to = min(to, n)
		}
		if from >= len(data) {
			b.refuse(w, 416, "InvalidRange")
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)))
		data, status = data[from:to+1], 206
	}
	w.WriteHeader(status)
	io.Copy(w, bytes.NewReader(data))
}

// pageSize is how many names a page of a list has.
const pageSize = 50

func (b *bucket) list(w http.ResponseWriter, prefix, after string) {
	type contents struct {
		Key          string
		Size         int
		LastModified string
	}
	page := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string
		Contents              []contents
	}{}
	shown := b.objects
	if b.listed != nil {
		shown = b.listed
	}
	for _, key := range slices.Sorted(maps.Keys(shown)) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if len(page.Contents) == pageSize {
			page.IsTruncated, page.NextContinuationToken = true, page.Contents[pageSize-1].Key
			break
		}
		page.Contents = append(page.Contents, contents{key, len(shown[key].data), shown[key].modified.UTC().Format(time.RFC3339)})
	}
	slices.Reverse(page.Contents) // no order is relied on
	xml.NewEncoder(w).Encode(page)
}

func (b *bucket) listUploads(w http.ResponseWriter) {
	fmt.Fprint(w, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>")
	for id, u := range b.uploads {
		fmt.Fprintf(w, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>2026-01-01T00:00:00Z</Initiated></Upload>", u.key, id)
	}
	fmt.Fprint(w, "</ListMultipartUploadsResult>")
}
