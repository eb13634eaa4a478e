package simulator

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"telekeep/internal/durable"
	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

// Names of the files in Options.Out.
const (
	settingsFile = "telegram.toml" // [telegram] and [[account]] for a client's settings
	accountFile  = "account.json"  // phone, code and password of the first account
	controlFile  = "control.json"  // where everything listens
	publicFile   = "server.pem"    // the servers' public key
	privateFile  = "server.key"    // the private one, so that clients know the next run too
	cdnFile      = "cdn.key"       // that of the CDN
	stateFile    = "sessions.json" // keys and logins, likewise
)

// state is what the state file holds.
type state struct {
	Keys   map[int][]*mtproto.Key `json:"keys"` // by data centre
	Logins []login                `json:"logins"`
}

// prepareOut makes the folder and removes what tells of an earlier run.
func (s *Simulator) prepareOut() error {
	if s.o.Out == "" {
		return nil
	}
	if err := durable.MkdirPath(s.o.Out, durable.PrivateDir); err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	for _, name := range []string{settingsFile, accountFile, controlFile} {
		if err := os.Remove(s.out(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("simulator: %w", err)
		}
	}
	return nil
}

func (s *Simulator) out(name string) string { return filepath.Join(s.o.Out, name) }

// load reads what an earlier run saved.
func (s *Simulator) load() (state, error) {
	var saved state
	if s.o.Out == "" {
		return saved, nil
	}
	data, err := os.ReadFile(s.out(stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return saved, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &saved)
	}
	if err != nil {
		return saved, fmt.Errorf("simulator: %s: %w", s.out(stateFile), err)
	}
	return saved, nil
}

// save writes the keys and logins of now. A failure is logged: it costs the
// clients their sessions at the next start, and nothing now.
func (s *Simulator) save() {
	if s.o.Out == "" {
		return
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	now := state{Keys: map[int][]*mtproto.Key{}, Logins: s.logins.all()}
	for dc, c := range s.centres {
		now.Keys[dc] = c.keys.All()
	}
	data, err := json.Marshal(now)
	if err == nil {
		err = durable.WriteFile(s.out(stateFile), data, durable.PrivateFile)
	}
	if err != nil {
		s.o.Log.Error("save the sessions", "error", err)
	}
}

// loadKey returns an RSA key of the servers: that of an earlier run, or a new one.
func (s *Simulator) loadKey(file string) (*rsa.PrivateKey, error) {
	if s.o.Out == "" {
		return newKey()
	}
	name := s.out(file)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s.makeKey(name)
	}
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("simulator: %s holds no PEM", name)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("simulator: %s: %w", name, err)
	}
	return key, nil
}

func (s *Simulator) makeKey(name string) (*rsa.PrivateKey, error) {
	key, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := durable.WriteFile(name, text, durable.PrivateFile); err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	return key, nil
}

func publicPEM(key *rsa.PublicKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(key)}))
}

// writeOut writes what clients need. Whoever waits for the simulator waits for
// the settings, which come last.
func (s *Simulator) writeOut() error {
	if s.o.Out == "" {
		return nil
	}
	first := credentials(s.info.Accounts[0])
	control := map[string]any{
		"control": s.info.Control, "addresses": s.info.Addresses, "dc": s.info.DC, "accounts": s.info.all(),
	}
	for _, f := range []struct {
		name    string
		content any
	}{
		{publicFile, s.info.PublicKeyPEM}, {controlFile, control}, {accountFile, first}, {settingsFile, s.info.settings()},
	} {
		data, err := content(f.content)
		if err == nil {
			err = durable.WriteFile(s.out(f.name), data, durable.PrivateFile)
		}
		if err != nil {
			return fmt.Errorf("simulator: %w", err)
		}
	}
	return nil
}

func content(v any) ([]byte, error) {
	if text, ok := v.(string); ok {
		return []byte(text), nil
	}
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}

// credentials is an account as account.json has it.
func credentials(a *world.Account) map[string]string {
	return map[string]string{"phone": "+" + digits(a.Phone), "code": a.Code, "password": a.Password}
}

func (i Info) all() []map[string]string {
	var all []map[string]string
	for _, a := range i.Accounts {
		all = append(all, credentials(a))
	}
	return all
}

// settings is telegram.toml.
func (i Info) settings() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A Telegram on loopback, made by telekeep simulator.\n[telegram]\n")
	fmt.Fprintf(&b, "api_id = %d\napi_hash = %q\nserver = %q\ndc = %d\n", i.APIID, i.APIHash, i.Server, i.DC)
	fmt.Fprintf(&b, "public_keys = [\"\"\"\n%s\"\"\"]\n\n[[account]]\nname = \"main\"\n", i.PublicKeyPEM)
	for n, a := range i.Accounts[1:] {
		fmt.Fprintf(&b, "\n[[account]]\nname = \"account%d\"\nphone = %q\n", n+2, "+"+digits(a.Phone))
	}
	return b.String()
}
