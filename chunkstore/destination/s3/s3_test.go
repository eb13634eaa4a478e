package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"telekeep/chunkstore/destination/suite"
)

func TestSuite(t *testing.T) {
	suite.Test(t, func(t *testing.T) suite.Destination {
		b := newBucket(t)
		return b.open(b.options())
	})
}

// Everything in parts.
func TestSuiteInParts(t *testing.T) {
	suite.Test(t, func(t *testing.T) suite.Destination {
		b := newBucket(t)
		o := b.options()
		o.PartSize = leastPart
		t.Cleanup(func() {
			if len(b.uploads) > 0 {
				t.Errorf("%d uploads are left", len(b.uploads))
			}
		})
		return b.open(o)
	})
}

// The same against a real server: TELEKEEP_S3 is host:port, TELEKEEP_S3_BUCKET a bucket,
// TELEKEEP_S3_ACCESS and TELEKEEP_S3_SECRET the keys.
func TestRealServer(t *testing.T) {
	o := realServer(t)
	var n atomic.Int64
	for _, part := range []int64{0, leastPart} {
		t.Run(fmt.Sprint("parts of ", part), func(t *testing.T) {
			suite.Test(t, func(t *testing.T) suite.Destination {
				o := o
				o.Prefix, o.PartSize = fmt.Sprintf("run%d/%d", time.Now().UnixNano(), n.Add(1)), part
				d, err := Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { d.Close() })
				return d
			})
		})
	}
}

func realServer(t testing.TB) Options {
	if os.Getenv("TELEKEEP_S3") == "" {
		t.Skip("TELEKEEP_S3 names no server: .ci/s3/run starts one")
	}
	return realOptions()
}

func realOptions() Options {
	return Options{
		Endpoint: os.Getenv("TELEKEEP_S3"), Plain: true, Bucket: os.Getenv("TELEKEEP_S3_BUCKET"), Region: "us-east-1",
		AccessKey: os.Getenv("TELEKEEP_S3_ACCESS"), SecretKey: os.Getenv("TELEKEEP_S3_SECRET"),
	}
}

// TestMain makes what the tests of a real server need there: a bucket with object lock, and
// a policy that lets a user put and nothing else.
func TestMain(m *testing.M) {
	if os.Getenv("TELEKEEP_S3_LOCKED") != "" {
		if err := prepareRealServer(); err != nil {
			fmt.Fprintln(os.Stderr, "prepare the server:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func prepareRealServer() error {
	o, err := realOptions().withDefaults()
	if err != nil {
		return err
	}
	client, err := o.client(o.transport())
	if err != nil {
		return err
	}
	ctx := context.Background()
	locked := os.Getenv("TELEKEEP_S3_LOCKED")
	if there, err := client.BucketExists(ctx, locked); err == nil && !there {
		if err := client.MakeBucket(ctx, locked, minio.MakeBucketOptions{ObjectLocking: true}); err != nil {
			return err
		}
	}
	return client.SetBucketPolicy(ctx, o.Bucket, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[%q]},`+
		`"Action":["s3:PutObject"],"Resource":["arn:aws:s3:::%s/*"]}]}`, os.Getenv("TELEKEEP_S3_PUTTER"), o.Bucket))
}

// Objects for another client to read: the same bytes lie in the folder TELEKEEP_S3_KEEP.
func TestRealServerForOthers(t *testing.T) {
	o := realServer(t)
	o.Prefix = "kept"
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	folder := os.Getenv("TELEKEEP_S3_KEEP")
	for i, size := range []int{0, 1, 4096, 1 << 20, 5<<20 - 1, 5 << 20, 32 << 20, 64 << 20, 64<<20 + 1, 100 << 20} {
		data := bytes.Repeat([]byte{byte(i), 1, 2, 3, 5, 7, 11}, size/7+1)[:size]
		name := fmt.Sprintf("packs/%02d/object", i)
		if err := d.Put(t.Context(), name, data); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// What is locked stays: it can be hidden, not deleted.
func TestRealServerLocks(t *testing.T) {
	o := realServer(t)
	o.Bucket = os.Getenv("TELEKEEP_S3_LOCKED")
	o.Prefix, o.Retention, o.Compliance = fmt.Sprintf("run%d", time.Now().UnixNano()), time.Hour, true
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("kept")
	if err := d.Put(t.Context(), "x", data); err != nil {
		t.Fatal(err)
	}
	info, err := d.core.StatObject(t.Context(), o.Bucket, o.Prefix+"/x", minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	version := minio.RemoveObjectOptions{VersionID: info.VersionID}
	if err := d.core.RemoveObject(t.Context(), o.Bucket, o.Prefix+"/x", version); err == nil {
		t.Error("a locked version was deleted")
	}
	if err := errors.Join(d.Remove(t.Context(), "x"), d.Replace(t.Context(), "x", []byte("new"))); err != nil && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("remove and exchange: %v", err)
	}
	body, _, _, err := d.core.GetObject(t.Context(), o.Bucket, o.Prefix+"/x", minio.GetObjectOptions{VersionID: info.VersionID})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the locked version is %q, %v", got, err)
	}
}

// Credentials that may put and no more can put, and see nothing.
func TestRealServerPutOnly(t *testing.T) {
	o := realServer(t)
	all := o
	o.AccessKey, o.SecretKey = os.Getenv("TELEKEEP_S3_PUTTER"), os.Getenv("TELEKEEP_S3_PUTTER_SECRET")
	o.Prefix = fmt.Sprintf("run%d", time.Now().UnixNano())
	all.Prefix = o.Prefix
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "x", []byte("y")); err != nil {
		t.Errorf("Put = %v", err)
	}
	if err := d.Put(t.Context(), "x", []byte("z")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Put of other bytes = %v", err)
	}
	if err := d.Remove(t.Context(), "x"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Remove = %v", err)
	}
	if _, err := d.Get(t.Context(), "x"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Get = %v", err)
	}
	owner, err := Open(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(t, owner, "x"); err != nil || string(got) != "y" {
		t.Errorf("there is %q, %v", got, err)
	}
}

// What a machine that stopped has left in the middle of an upload is taken back.
func TestRealServerTakesBack(t *testing.T) {
	o := realServer(t)
	o.Prefix, o.PartSize = fmt.Sprintf("run%d", time.Now().UnixNano()), leastPart
	o.Now = func() time.Time { return time.Now().AddDate(0, 0, 8) }
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	id, err := d.core.NewMultipartUpload(t.Context(), o.Bucket, o.Prefix+"/packs/ab/1", minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "packs/ab/2", make([]byte, leastPart+1)); err != nil {
		t.Fatal(err)
	}
	for upload := range d.core.ListIncompleteUploads(t.Context(), o.Bucket, o.Prefix, true) {
		t.Errorf("upload %s of %s is left: %v; it was %s", upload.UploadID, upload.Key, upload.Err, id)
	}
}

// Wrong settings on a real server are told as what they are.
func TestRealServerRefuses(t *testing.T) {
	good := realServer(t)
	for name, c := range map[string]struct {
		change func(*Options)
		want   error
	}{
		"no such bucket":   {func(o *Options) { o.Bucket = "another-bucket" }, fs.ErrNotExist},
		"wrong access key": {func(o *Options) { o.AccessKey = "somebody" }, fs.ErrPermission},
		"wrong secret key": {func(o *Options) { o.SecretKey = "something-else" }, fs.ErrPermission},
		"no server there":  {func(o *Options) { o.Endpoint, o.Tries = "127.0.0.1:1", 1 }, ErrUnreachable},
		"no TLS there":     {func(o *Options) { o.Plain, o.Tries = false, 1 }, ErrUnreachable},
	} {
		o := good
		c.change(&o)
		d, err := Open(t.Context(), o)
		if err == nil { // credentials that may not ask for a bucket are taken on trust
			err = d.Put(t.Context(), "x", []byte("y"))
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), o.SecretKey) {
			t.Errorf("%s: the secret key is in the error", name)
		}
	}
}

// Whatever request fails, and however: after it the object is absent or whole, and the
// same Put again settles it.
func TestFaults(t *testing.T) {
	data := bytes.Repeat([]byte("telekeep "), 700_000) // two parts
	for name, f := range map[string]fault{
		"too many requests": {status: 429, code: "SlowDown"},
		"internal error":    {status: 500, code: "InternalError"},
		"unavailable":       {status: 503, code: "ServiceUnavailable"},
		"answer lost":       {drop: true},
		"answer cut":        {cut: true},
		"silence":           {hang: true},
	} {
		for _, part := range []int64{0, leastPart} {
			t.Run(fmt.Sprintf("%s/parts of %d", name, part), func(t *testing.T) {
				t.Parallel()
				testFault(t, f, part, data)
			})
		}
	}
}

func testFault(t *testing.T, f fault, part int64, data []byte) {
	for n := 1; ; n++ {
		b := newBucket(t)
		o := b.options()
		o.PartSize, o.Patience, o.Tries = part, time.Minute, 2
		if f.hang {
			o.Patience, o.Tries = time.Second, 1
		}
		d := b.open(o)
		first := b.count()
		var met, metReading atomic.Bool // servers run beside
		b.fail(func(number int, r *http.Request) *fault {
			if number != first+n {
				return nil
			}
			met.Store(true)
			if f.cut && r.Method == http.MethodHead {
				return nil // there is nothing to cut
			}
			return &f
		})
		err := d.Put(t.Context(), "packs/ab/1", data)
		b.fail(nil)
		if err != nil { // it is tried again by whoever called
			if got, there := b.holds("a/b/packs/ab/1"); there && !bytes.Equal(got, data) {
				t.Fatalf("request %d: half an object is there", n)
			}
			for range 5 { // where the server is slow, that is silence too
				if err = d.Put(t.Context(), "packs/ab/1", data); err == nil {
					break
				}
			}
			if err != nil {
				t.Fatalf("request %d: the second Put: %v", n, err)
			}
		}
		b.fail(func(_ int, r *http.Request) *fault {
			if n == 1 && r.Method == http.MethodGet && metReading.CompareAndSwap(false, true) {
				return &f
			}
			return nil
		})
		got, err := readAll(t, d, "packs/ab/1")
		b.fail(nil)
		for range 5 {
			if err == nil {
				break
			}
			got, err = readAll(t, d, "packs/ab/1")
		}
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("request %d: read %d bytes, %v", n, len(got), err)
		}
		if n == 1 && !metReading.Load() {
			t.Fatal("nothing failed while it was read")
		}
		if !met.Load() {
			return
		}
	}
}

func readAll(t *testing.T, d *Destination, name string) ([]byte, error) {
	r, err := d.Get(t.Context(), name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// A body that breaks off is gone on with; one of an object that was exchanged is not.
func TestGetGoesOn(t *testing.T) {
	b := newBucket(t)
	d := b.open(b.options())
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	if err := d.Put(t.Context(), "x", data); err != nil {
		t.Fatal(err)
	}
	cuts := 0
	b.fail(func(_ int, r *http.Request) *fault {
		if r.Method == http.MethodGet && cuts < 3 {
			cuts++
			return &fault{cut: true}
		}
		return nil
	})
	if got, err := readAll(t, d, "x"); err != nil || !bytes.Equal(got, data) || cuts != 3 {
		t.Errorf("read %d bytes after %d cuts, %v", len(got), cuts, err)
	}
	cuts = 0
	p := make([]byte, 500_000)
	if n, err := d.ReadAt(t.Context(), "x", p, 7); n != len(p) || err != nil || !bytes.Equal(p, data[7:7+len(p)]) || cuts != 3 {
		t.Errorf("ReadAt %d bytes after %d cuts, %v", n, cuts, err)
	}
	cuts = 2
	b.fail(func(_ int, r *http.Request) *fault {
		if r.Method == http.MethodGet && cuts == 2 {
			cuts++
			return &fault{cut: true}
		}
		if r.Method == http.MethodGet {
			b.mu.Lock()
			b.objects["a/b/x"] = object{data: bytes.Clone(data), etag: "another"}
			b.mu.Unlock()
		}
		return nil
	})
	if got, err := readAll(t, d, "x"); err == nil {
		t.Errorf("%d bytes of two objects were read as one", len(got))
	}
}

// What is asked for new objects is asked for.
func TestClassAndRetention(t *testing.T) {
	b := newBucket(t)
	o := b.options()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	o.StorageClass, o.Retention, o.Now = "STANDARD_IA", 48*time.Hour, func() time.Time { return now }
	d := b.open(o)
	if err := d.Put(t.Context(), "x", []byte("y")); err != nil {
		t.Fatal(err)
	}
	got := b.objects["a/b/x"]
	if got.class != "STANDARD_IA" || got.lock != "GOVERNANCE 2026-02-02T12:00:00Z" {
		t.Errorf("class %q, lock %q", got.class, got.lock)
	}
}

// Credentials for putting and nothing else can put; that an object is there already they
// are told, and that they may not know which.
func TestPutOnly(t *testing.T) {
	b := newBucket(t)
	b.fail(func(_ int, r *http.Request) *fault {
		if r.Method == http.MethodPut {
			return nil
		}
		return &fault{status: 403, code: "AccessDenied"}
	})
	d := b.open(b.options())
	if err := d.Put(t.Context(), "x", []byte("y")); err != nil || string(b.objects["a/b/x"].data) != "y" {
		t.Errorf("Put = %v", err)
	}
	if err := d.Put(t.Context(), "x", []byte("z")); !errors.Is(err, fs.ErrPermission) || string(b.objects["a/b/x"].data) != "y" {
		t.Errorf("Put of other bytes = %v", err)
	}
	if _, err := d.Stat(t.Context(), "x"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Stat = %v", err)
	}
	if err := d.Remove(t.Context(), "x"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Remove = %v", err)
	}
}

func TestErrors(t *testing.T) {
	for code, want := range map[string]struct {
		status int
		is     error
		words  string
	}{
		"AccessDenied":          {403, fs.ErrPermission, "does not allow"},
		"InvalidAccessKeyId":    {403, fs.ErrPermission, "access key"},
		"SignatureDoesNotMatch": {403, fs.ErrPermission, "secret key"},
		"RequestTimeTooSkewed":  {403, fs.ErrInvalid, "clock"},
		"QuotaExceeded":         {403, syscall.ENOSPC, "no room"},
		"InvalidStorageClass":   {400, fs.ErrInvalid, "storage class"},
		"BadDigest":             {400, syscall.EIO, "did not arrive"},
		"SomethingNew":          {418, fs.ErrInvalid, "418 SomethingNew"},
	} {
		b := newBucket(t)
		d := b.open(b.options())
		b.fail(func(_ int, r *http.Request) *fault {
			if r.Method == http.MethodPut {
				return &fault{status: want.status, code: code}
			}
			return nil
		})
		err := d.Put(t.Context(), "x", []byte("y"))
		if !errors.Is(err, want.is) || !strings.Contains(err.Error(), want.words) || strings.Contains(err.Error(), b.options().SecretKey+"\"") {
			t.Errorf("%s: %v", code, err)
		}
	}
	b := newBucket(t)
	o := b.options()
	o.Bucket = "another"
	if _, err := Open(t.Context(), o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such bucket: %v", err)
	}
	o = b.options()
	o.RootCAs, o.Tries = nil, 1
	if _, err := Open(t.Context(), o); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a strange certificate: %v", err)
	}
	o = b.options()
	o.Endpoint, o.Tries = "127.0.0.1:1", 1
	if _, err := Open(t.Context(), o); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no server: %v", err)
	}
}

// Parts of an upload that was never ended are taken back, those of others are not.
func TestSweep(t *testing.T) {
	b := newBucket(t)
	d := b.open(b.options())
	b.uploads["1"] = &upload{key: "a/b/packs/ab/1"}
	b.uploads["2"] = &upload{key: "a/b/who knows"}
	if err := d.Sweep(t.Context(), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil || len(b.uploads) != 2 {
		t.Errorf("what is young: %v, %d left", err, len(b.uploads))
	}
	if err := d.Sweep(t.Context(), time.Now()); err != nil || b.uploads["1"] != nil || b.uploads["2"] == nil {
		t.Errorf("%v, left %v", err, b.uploads)
	}
}
