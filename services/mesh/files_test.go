package mesh_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// bytesOf makes a file of given bytes; made, cut and playlist use ffmpeg.
func bytesOf(name string, content []byte) func(*testing.T, string) string {
	return func(t *testing.T, folder string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
}

func made(name string, ffmpeg ...string) func(*testing.T, string) string {
	return func(t *testing.T, folder string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		meshtest.FFmpeg(t, append(ffmpeg, path)...)
		return path
	}
}

// cut makes a sample in a format and keeps a part of its bytes.
func cut(name, format string, part float64) func(*testing.T, string) string {
	return func(t *testing.T, folder string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		meshtest.FFmpeg(t, "-i", filepath.Join(testkit.Root(t), "testdata", "audio", "en-06.flac"), "-f", format, path)
		info, err := os.Stat(path)
		if err == nil {
			err = os.Truncate(path, int64(part*float64(info.Size())))
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
}

// playlist names a recording beside it that must not be read.
func playlist(name, text string) func(*testing.T, string) string {
	return func(t *testing.T, folder string) string {
		t.Helper()
		secret := made("secret.wav", "-i", testkit.Samples(t, "en")[0].Path)(t, folder)
		return bytesOf(name, fmt.Appendf(nil, text, secret))(t, folder)
	}
}

// noise is the same meaningless bytes each time.
func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}
