package world

import (
	"context"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tgerr"
)

// A Call says who asks: everything the protocol layer knows of one request
// once its wrappers (invokeWithLayer, invokeWithTakeout …) are taken off.
type Call struct {
	DC      int   // the data centre the request arrived at
	User    int64 // 0: not signed in
	Session int64
	Takeout int64 // id given with invokeWithTakeout, 0 without it
	Layer   int
}

// A Method answers one request. The buffer begins with the method's TL id. An
// error that is a *tgerr.Error becomes the rpc_error of that code and type; any
// other error is an internal fault (500).
type Method func(ctx context.Context, c *Call, b *bin.Buffer) (bin.Encoder, error)

// request is a pointer to a TL request.
type request[T any] interface {
	*T
	bin.Decoder
}

// decoded makes a Method of a function that does not care who asks.
func decoded[T any, R request[T]](f func(c *Call, r R) (bin.Encoder, error)) Method {
	return func(_ context.Context, c *Call, b *bin.Buffer) (bin.Encoder, error) {
		r := R(new(T))
		if err := r.Decode(b); err != nil {
			return nil, fail(400, "INPUT_REQUEST_INVALID")
		}
		return f(c, r)
	}
}

// serve makes a Method of a function that takes the decoded request. It lets
// only signed-in users pass, and only valid takeouts.
func serve[T any, R request[T]](w *World, f func(c *Call, a *account, r R) (bin.Encoder, error)) Method {
	return func(ctx context.Context, c *Call, b *bin.Buffer) (bin.Encoder, error) {
		a := w.login(c.User)
		if a == nil {
			return nil, fail(401, "AUTH_KEY_UNREGISTERED")
		}
		if err := a.checkTakeout(c.Takeout); err != nil {
			return nil, err
		}
		return decoded(func(c *Call, r R) (bin.Encoder, error) { return f(c, a, r) })(ctx, c, b)
	}
}

// reading is serve for functions that need the world to stand still.
func reading[T any, R request[T]](w *World, f func(c *Call, a *account, r R) (bin.Encoder, error)) Method {
	return serve(w, func(c *Call, a *account, r R) (bin.Encoder, error) {
		w.mu.RLock()
		defer w.mu.RUnlock()
		return f(c, a, r)
	})
}

// fail is an error that the client sees as rpc_error.
func fail(code int, message string) error { return tgerr.New(code, message) }
