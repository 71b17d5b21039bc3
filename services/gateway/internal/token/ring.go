package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// lookEvery is how often the file is read for keys that came or went.
const lookEvery = 5 * time.Second

// Ring is the keys of one file, as it is now: the first signs, all check. It may be
// used by all goroutines.
type Ring struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	mu     sync.Mutex
	keys   []ed25519.PrivateKey
	looked time.Time
	text   []byte // of the file when it was last looked at
}

// OpenRing reads a file as LoadKeys does, and again whenever it has changed. A file
// that cannot be used changes nothing, and the log says so. now is the clock.
func OpenRing(path string, log *slog.Logger, now func() time.Time) (*Ring, error) {
	keys, err := LoadKeys(path)
	if err != nil {
		return nil, err
	}
	return &Ring{path: path, log: log, now: now, keys: keys}, nil
}

// NewRing holds keys, at least one, that never change.
func NewRing(keys ...ed25519.PrivateKey) *Ring { return &Ring{keys: keys, now: time.Now} }

func (r *Ring) current() []ed25519.PrivateKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.path != "" && now.Sub(r.looked) >= lookEvery {
		r.looked = now
		r.look()
	}
	return r.keys
}

// look reads the file if it is another than the last time.
func (r *Ring) look() {
	text, err := os.ReadFile(r.path)
	if err == nil && bytes.Equal(text, r.text) {
		return
	}
	var keys []ed25519.PrivateKey
	if err == nil {
		r.text = text
		keys, err = parseKeys(text)
	}
	if err != nil {
		r.log.Warn("signing keys cannot be read, those of before stay in use", "err", err)
		return
	}
	if len(keys) != len(r.keys) || !keys[0].Equal(r.keys[0]) {
		r.log.Info("signing keys have changed", "keys", len(keys), "signs", idOf(keys[0]))
	}
	r.keys = keys
}

// signer is the key to sign with, and its id.
func (r *Ring) signer() (ed25519.PrivateKey, string) {
	key := r.current()[0]
	return key, idOf(key)
}

// checkers are the keys that may have signed a token: that of its id, or all for a
// token without.
func (r *Ring) checkers(id string) jwt.VerificationKeySet {
	var set jwt.VerificationKeySet
	for _, key := range r.current() {
		if id == "" || id == idOf(key) {
			set.Keys = append(set.Keys, key.Public())
		}
	}
	return set
}

// idOf names a key in tokens: the beginning of the hash of its public half, in hex.
func idOf(key ed25519.PrivateKey) string {
	public, _ := key.Public().(ed25519.PublicKey)
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}
