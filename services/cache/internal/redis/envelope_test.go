package redis

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

func TestEnvelope_opensForItsKeyAndItsTime(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	for _, want := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte{0, 255}, 1000)} {
		sealed := seal("page:1", want, now.Add(time.Minute))

		value, left, ok := open("page:1", sealed, now)

		if !bytes.Equal(value, want) || value == nil || left != time.Minute || !ok {
			t.Errorf("got %d bytes, %v, %v", len(value), left, ok)
		}
		if _, _, ok := open("page:2", sealed, now); ok {
			t.Error("opened for another key")
		}
		if _, _, ok := open("page:1", sealed, now.Add(time.Minute)); ok {
			t.Error("opened when its time was over")
		}
	}
}

func TestEnvelope_staysShutWhenDamaged(t *testing.T) {
	t.Parallel()
	now := time.Now()
	whole := seal("page:1", []byte("a value"), now.Add(time.Hour))
	for n := range whole {
		damaged := slices.Clone(whole)
		damaged[n] ^= 1
		if _, _, ok := open("page:1", damaged, now); ok {
			t.Errorf("opened with byte %d damaged", n)
		}
		if _, _, ok := open("page:1", whole[:n], now); ok {
			t.Errorf("opened with only %d bytes", n)
		}
	}
}
