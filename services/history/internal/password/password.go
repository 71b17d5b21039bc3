// Package password hashes and checks passwords with argon2id (19 MiB, two
// passes, one lane), stored as PHC strings:
//
//	$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// ErrFormat is returned for a stored hash that is not of the form above.
var ErrFormat = errors.New("bad password hash")

const (
	memoryKiB  = 19 * 1024
	passes     = 2
	lanes      = 1
	saltBytes  = 16
	keyBytes   = 32
	atOnce     = 2 // hashes computed at the same time: 38 MiB and two cores at most
	maxMemory  = 256 * 1024
	maxPasses  = 16
	phcVersion = argon2.Version
)

// slotTime is how long a hash waits for its turn: some hundred are then before it.
const slotTime = 15 * time.Second

var encoding = base64.RawStdEncoding

// Hasher bounds how many hashes are computed at once.
type Hasher struct {
	slots    chan struct{}
	slotTime time.Duration
	decoy    string
}

// NewHasher returns a hasher with its decoy, the hash of a password that nobody
// knows.
func NewHasher() (*Hasher, error) {
	h := &Hasher{slots: make(chan struct{}, atOnce), slotTime: slotTime}
	decoy, err := h.Hash(context.Background(), rand.Text())
	h.decoy = decoy
	return h, err
}

// Hash returns the PHC string of a password under a fresh salt. It waits for a
// free slot, 15 s at most. Unavailable: none became free, code
// "too_many_logins".
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	p := parameters{memory: memoryKiB, passes: passes, lanes: lanes, salt: salt, key: make([]byte, keyBytes)}
	key, err := h.derive(ctx, p, password)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", phcVersion, p.memory, p.passes, p.lanes,
		encoding.EncodeToString(salt), encoding.EncodeToString(key)), nil
}

// Verify reports whether a password matches a stored hash. It takes the same
// time whether it does or not. ErrFormat, or as Hash.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	p, err := parse(stored)
	if err != nil {
		return false, err
	}
	key, err := h.derive(ctx, p, password)
	return err == nil && subtle.ConstantTimeCompare(key, p.key) == 1, err
}

// VerifyNobody does the work of Verify and never matches: a name that does not
// exist must take as long as one that does.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	_, err := h.Verify(ctx, h.decoy, password)
	return err
}

func (h *Hasher) derive(ctx context.Context, p parameters, password string) ([]byte, error) {
	late := time.NewTimer(h.slotTime)
	defer late.Stop()
	select {
	case h.slots <- struct{}{}:
	case <-late.C:
		return nil, fault.New(fault.Unavailable, "too_many_logins", "Too many logins at once; try again in a moment.")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.key))), nil
}

// parameters are what a PHC string holds.
type parameters struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
	salt   []byte
	key    []byte
}

func parse(stored string) (parameters, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != fmt.Sprintf("v=%d", phcVersion) {
		return parameters{}, ErrFormat
	}
	var p parameters
	var err, saltErr, keyErr error
	_, err = fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes)
	p.salt, saltErr = encoding.DecodeString(fields[4])
	p.key, keyErr = encoding.DecodeString(fields[5])
	if err := errors.Join(err, saltErr, keyErr); err != nil {
		return parameters{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if !p.bearable() {
		return parameters{}, ErrFormat
	}
	return p, nil
}

// bearable refuses what argon2 would not take, or what would take a machine
// down with it.
func (p parameters) bearable() bool {
	return p.memory >= 8 && p.memory <= maxMemory && p.passes >= 1 && p.passes <= maxPasses &&
		p.lanes >= 1 && p.lanes <= 4 && len(p.salt) >= 8 && len(p.key) >= 16 && len(p.key) <= 64
}
