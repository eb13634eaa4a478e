// Package simulator is a Telegram on loopback: real MTProto over TCP, so that the
// daemon, and clients of other makers, can be tried against it with no account and
// no network.
//
//	client ── TCP ──► mtproto.Server (one per data centre, 1 to 5 and the CDN)
//	                      │ keys, sessions, salts, acknowledgements
//	                      ▼
//	                  Simulator.Answer        (package layer: in the client's layer)
//	                      │ counts the request, lets a Fault happen
//	                      ├──► auth.* help.* langpack.*: here
//	                      └──► everything else: package world
//	control API ── HTTP ──► faults, new and changed messages, counts
//
// A client that knows one address finds the others by help.getConfig. It signs in
// with phone, code and, if the account has one, a password (SRP), or by a QR code,
// at the account's home data centre: others answer PHONE_MIGRATE_X, and later serve
// it files, once the authorization is exported there.
//
// Options.Out names a folder. Once everything listens it holds
//
//	server.pem      the servers' public RSA key
//	control.json    where the data centres and the control API listen; all accounts
//	account.json    {"phone": "+…", "code": "…", "password": ""} of the first account
//	telegram.toml   [telegram] and [[account]] for a client's settings; written last
//
// and, for the next run to go on with, server.key and cdn.key (the private keys) and
// sessions.json (auth keys and logins). Files appear whole; telegram.toml,
// account.json and control.json of an earlier run are removed before the ports are
// opened, so that whoever waits for them does not read old addresses.
//
// POST /sessions of the control API signs in as other programs do (foreign.go,
// tdata.go): what an import of their sessions can be tried with.
//
// The control API is plain HTTP on loopback; GET / lists its calls. FaultHelp
// explains the text form of faults.
//
// What it does not do: quick acknowledgements, HTTP and WebSocket transports,
// sign-up, bots, calls and secret chats; nor layers of the API other than its own,
// 227 and 198: clients of those are refused (CONNECTION_LAYER_INVALID). It listens
// where it is told to and has no protection against strangers: never let it listen
// on anything but loopback.
package simulator
