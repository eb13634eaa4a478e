package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Options says where a bucket is and who asks.
type Options struct {
	// Endpoint is host or host:port. Needed.
	Endpoint string
	// Plain is HTTP without TLS.
	Plain bool
	// Bucket must exist. Needed.
	Bucket string
	// Prefix is what all names begin with, without slashes around it; "" for none.
	Prefix string
	// Region is the bucket's; "": as the server says.
	Region string
	// AccessKey, SecretKey and SessionToken are the credentials; no key means anonymous.
	AccessKey, SecretKey, SessionToken string
	// StorageClass is what new objects get; "": the bucket's.
	StorageClass string
	// Retention is for how long nobody can delete new objects; 0: as the bucket says. It
	// takes a bucket with object lock.
	Retention time.Duration
	// Compliance makes that hold for the owner of the bucket too.
	Compliance bool
	// PartSize is how long an object may be to go in one piece, in bytes; 0 means 64 MiB.
	PartSize int64
	// Patience is for how long a server may say nothing; 0 means a minute.
	Patience time.Duration
	// Tries is how often a request is made that a server or a network fails; 0 means 6.
	Tries int
	// RootCAs are those that the server's certificate is checked with; nil: the system's.
	RootCAs *x509.CertPool
	// Now is the clock of Retention; nil means time.Now.
	Now func() time.Time
}

const (
	defaultPart     = 64 << 20
	leastPart       = 5 << 20 // of S3 itself
	defaultPatience = time.Minute
	defaultTries    = 6
)

func (o Options) withDefaults() (Options, error) {
	if o.PartSize == 0 {
		o.PartSize = defaultPart
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.Tries == 0 {
		o.Tries = defaultTries
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default
	}
	o.Prefix = strings.Trim(o.Prefix, "/")
	switch {
	case o.Endpoint == "" || o.Bucket == "":
		return o, errors.New("a bucket needs a server and a name")
	case o.PartSize < leastPart:
		return o, fmt.Errorf("parts of %d bytes are too short", o.PartSize)
	case (o.AccessKey == "") != (o.SecretKey == ""):
		return o, errors.New("access key and secret key belong together")
	}
	return o, nil
}

// client makes the client that speaks S3. It connects to nothing yet.
func (o Options) client(transport *http.Transport) (*minio.Client, error) {
	return minio.New(o.Endpoint, &minio.Options{
		Creds:        credentials.NewStaticV4(o.AccessKey, o.SecretKey, o.SessionToken),
		Secure:       !o.Plain,
		Region:       o.Region,
		BucketLookup: minio.BucketLookupAuto,
		Transport:    transport,
		MaxRetries:   o.Tries,
	})
}

// transport gives up on a server that says nothing, and never on one that is slow.
func (o Options) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: o.Patience / 2, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &patientConn{c, o.Patience}, nil
		},
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:   o.Patience / 2,
		ResponseHeaderTimeout: o.Patience,
		ExpectContinueTimeout: 10 * time.Second,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       o.Patience,
		DisableCompression:    true, // the bytes are what was stored
	}
}

// A patientConn ends when nothing goes through it for long.
type patientConn struct {
	net.Conn
	patience time.Duration
}

func (c *patientConn) Read(p []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(c.patience)); err != nil { //nolint:forbidigo // measures only
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *patientConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.patience)); err != nil { //nolint:forbidigo // measures only
		return 0, err
	}
	return c.Conn.Write(p)
}
