// Package mtproto is the server's side of MTProto 2.0: everything between TCP and
// the API. It knows API calls only as far as their wrappers go, and auth keys only
// by what was agreed with them: who is signed in is for its Handler to know.
//
// One connection carries packets, in whichever framing the client's first bytes
// chose (wire.go):
//
//	key id 8 │ msg_key 16 │ AES-256-IGE( salt 8 │ session 8 │ msg_id 8 │ seqno 4 │ length 4 │ message │ padding )
//	       0 │ msg_id 8 │ length 4 │ message                            while a key is made (exchange.go)
//	-code 4                                                             an error below all that: -404, -444
//
// and a message is handled so:
//
//	salt, msg_id     bad_server_salt, bad_msg_notification               server.go
//	session          new ones are told so: new_session_created           server.go
//	container, gzip  taken apart                                         receive.go
//	msg_id, seqno    of each message: bad_msg_notification; a request
//	                 that came before gets the answer it had             receive.go, session.go
//	service message  answered                                            service.go
//	request          wrappers off (wrapper.go), Handler called in a
//	                 goroutine, answer packed and sent                   request.go
//
// A session belongs to a key and outlives its connections: what the client has not
// acknowledged is sent again on the next one. Requests are acknowledged after half
// a second, unless they are answered by then.
//
// The package never writes to disk (Keys.All is what there is to save), never
// checks who may call what, and trusts no length that a client names.
package mtproto
