package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/minio/minio-go/v7"
)

// A failure is an error of a server in words that say what to do.
type failure struct {
	what error // for errors.Is
	text string
	hint string
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.what }

// Hint returns what to do about it.
func (f *failure) Hint() string { return f.hint }

// ErrUnreachable says that the server did not answer, or not in time.
var ErrUnreachable = errors.New("the server does not answer")

// ErrBusy says that the server refused for now, however often it was asked.
var ErrBusy = errors.New("the server is busy")

// known are the codes of S3 that mean something to telekeep.
func known(code string) *failure {
	switch code {
	case "NoSuchKey", "NoSuchVersion", "NoSuchUpload":
		return &failure{what: fs.ErrNotExist, text: "there is no such object"}
	case "NoSuchBucket":
		return &failure{what: fs.ErrNotExist, text: "there is no such bucket", hint: "make it first, or mend its name"}
	case "PreconditionFailed", "ConditionalRequestConflict":
		return &failure{what: fs.ErrExist, text: "there is such an object already"}
	case "AccessDenied", "AllAccessDisabled", "Forbidden":
		return &failure{what: fs.ErrPermission, text: "the server does not allow it", hint: "the credentials need the rights to put, get and list objects of the bucket; under object lock nothing can be deleted or exchanged"}
	case "InvalidAccessKeyId", "InvalidToken", "ExpiredToken", "TokenRefreshRequired":
		return &failure{what: fs.ErrPermission, text: "the server does not know the access key", hint: "check the credentials of this copy"}
	case "SignatureDoesNotMatch":
		return &failure{what: fs.ErrPermission, text: "the secret key is wrong, or the region is", hint: "check the credentials and the region of this copy"}
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException", "InvalidRegion":
		return &failure{what: fs.ErrInvalid, text: "the bucket is in another region", hint: "set the region of this copy"}
	case "RequestTimeTooSkewed", "RequestExpired":
		return &failure{what: fs.ErrInvalid, text: "the clock of this machine, or of the server, is wrong", hint: "set the clock"}
	case "ObjectLocked", "InvalidRetentionPeriod", "ObjectLockConfigurationNotFoundError":
		return &failure{what: fs.ErrPermission, text: "object lock does not allow it", hint: "what is locked can be deleted or exchanged when its time is over; a retention takes a bucket with object lock"}
	case "InvalidStorageClass":
		return &failure{what: fs.ErrInvalid, text: "the server does not know the storage class", hint: "mend the storage class of this copy, or leave it out"}
	case "InvalidObjectState":
		return &failure{what: fs.ErrPermission, text: "the object lies in an archive that cannot be read at once", hint: "bring it back with the tools of the server; a vault needs a storage class that can be read at once"}
	case "NotImplemented":
		return &failure{what: errors.ErrUnsupported, text: "the server does not know something that it is asked for", hint: "leave out the storage class and the retention of this copy, if they are set"}
	case "QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "StorageFull":
		return &failure{what: syscall.ENOSPC, text: "the server has no room left", hint: "make room there, or raise the quota"}
	case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody":
		return &failure{what: syscall.EIO, text: "the bytes did not arrive as they were sent"}
	case "SlowDown", "TooManyRequests", "ServiceUnavailable", "InternalError", "RequestTimeout", "OperationAborted", "SlowDownRead", "SlowDownWrite", "ServerBusy":
		return &failure{what: ErrBusy, text: "the server is busy, or has a fault", hint: "it is tried again later"}
	}
	return nil
}

// sortError turns an error of the library into one of ours.
func sortError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var already *failure
	if errors.As(err, &already) {
		return err
	}
	if response, ok := errors.AsType[minio.ErrorResponse](err); ok {
		return sortResponse(response)
	}
	return sortNetwork(err)
}

func sortResponse(r minio.ErrorResponse) error {
	if f := known(r.Code); f != nil {
		return f
	}
	switch {
	case r.StatusCode == http.StatusNotImplemented, r.StatusCode == http.StatusBadRequest && strings.HasPrefix(r.Message, "Unsupported header"):
		return known("NotImplemented")
	case r.StatusCode == http.StatusNotFound:
		return known("NoSuchKey")
	case r.StatusCode == http.StatusForbidden:
		return known("AccessDenied")
	case r.StatusCode == http.StatusPreconditionFailed:
		return known("PreconditionFailed")
	case r.StatusCode == http.StatusInsufficientStorage:
		return known("InsufficientStorage")
	case r.StatusCode == http.StatusTooManyRequests || r.StatusCode >= 500:
		return known("SlowDown")
	}
	return &failure{what: fs.ErrInvalid, text: fmt.Sprintf("the server refuses it (%d %s)", r.StatusCode, r.Code)}
}

func sortNetwork(err error) error {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &dns):
		return &failure{what: ErrUnreachable, text: "no server of that name is known", hint: "check the name in the URL, and the network"}
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid):
		return &failure{what: ErrUnreachable, text: "the certificate of the server is not to be trusted", hint: "add its authority to those of the system, or mend the name in the URL"}
	case errors.As(err, &record):
		return &failure{what: ErrUnreachable, text: "the server does not speak TLS there", hint: "s3+http:// is for servers without"}
	case errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return &failure{what: errors.Join(ErrUnreachable, err), text: "the server does not answer, or broke off", hint: "check the address and the network; it is tried again later"}
}

// unguarded is what credentials that may not look get from a server without conditions:
// there, putting could exchange what somebody else has stored.
func unguarded() error {
	return &failure{what: fs.ErrPermission, text: "the server knows no conditional writes, and does not allow to look what is there", hint: "with this server the credentials need the rights to put, get and list objects of the bucket"}
}

// isRefusal reports whether an error may mean that these credentials are not for reading.
// A wrong key is none.
func isRefusal(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && *f == *known("AccessDenied")
}

// isPastEnd reports whether a range begins behind the end of an object.
func isPastEnd(err error) bool {
	r, ok := errors.AsType[minio.ErrorResponse](err)
	return ok && (r.Code == "InvalidRange" || r.StatusCode == http.StatusRequestedRangeNotSatisfiable)
}
