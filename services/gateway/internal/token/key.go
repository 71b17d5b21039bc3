// Package token makes and checks access tokens: JWTs signed with Ed25519, so that
// a gateway checks one without asking anybody. Who the user is now, and whether
// still active, is for package auth to find out.
package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const pemType = "PRIVATE KEY"

// LoadKeys reads the keys of a PEM file (PKCS #8), at least one, or makes one that
// only its owner may read when the file is missing. Of several processes that start
// at once, one makes it and all read the same.
func LoadKeys(path string) ([]ed25519.PrivateKey, error) {
	keys, err := readKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := makeKey(path); err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	return readKeys(path)
}

func readKeys(path string) ([]ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %s %w", path, err)
	}
	return keys, nil
}

// parseKeys takes the text of a whole file: one that somebody is just writing is
// refused.
func parseKeys(data []byte) (keys []ed25519.PrivateKey, err error) {
	for {
		block, rest := pem.Decode(data)
		switch {
		case block == nil && len(keys) > 0 && len(bytes.TrimSpace(rest)) == 0:
			return keys, nil
		case block == nil || block.Type != pemType:
			return nil, fmt.Errorf("holds something else than PEM blocks %q", pemType)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("holds a damaged key: %w", err)
		}
		key, ok := parsed.(ed25519.PrivateKey)
		if !ok {
			return nil, errors.New("holds a key that is not Ed25519")
		}
		keys, data = append(keys, key), rest
	}
}

// makeKey writes a new key beside its place and links it there, which fails if
// another process was faster; then that one's key is the key.
func makeKey(path string) error {
	text, err := NewKey()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // its link stays
	_, err = temp.Write(text)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// NewKey makes a signing key, as the text of a file that LoadKeys reads.
func NewKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}
