package upload

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// sniffLength is how many first bytes decide whether an upload is refused.
const sniffLength = 512

// magic is how recordings begin that the rules below could take for something else.
var magic = []string{"ID3", "OggS", "fLaC", "#!AMR", "RIFF", "RF64", "FORM", "caff", "\x1aE\xdf\xa3"}

// notMedia is how common files begin that are surely no recording. Plain text, and
// with it HTML and playlists, is told by having no byte that text cannot have.
var notMedia = []string{
	"%PDF-", "PK\x03\x04", "PK\x05\x06", "MZ", "\x7fELF", "\x1f\x8b", "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07",
	"\xfd7zXZ\x00", "BZh", "\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "SQLite format 3\x00", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
	"#EXTM3U", "ffconcat", "{\\rtf", "\xca\xfe\xba\xbe", "wOFF", "\x00asm",
}

// checkMedia refuses what is obviously not a recording by its first bytes:
// Unsupported, code "unsupported_media". Whatever is not known is let through:
// preprocessing decides.
func checkMedia(head []byte) error {
	begins := func(with string) bool { return bytes.HasPrefix(head, []byte(with)) }
	for _, m := range magic {
		if begins(m) {
			return nil
		}
	}
	refused := strings.HasPrefix(http.DetectContentType(head), "text/")
	for _, m := range notMedia {
		refused = refused || begins(m)
	}
	if refused {
		return fault.New(fault.Unsupported, "unsupported_media", "This is not an audio or video file.")
	}
	return nil
}

// mediaType is what the file is stored as: what the client says if that can be
// media, else what the bytes or the name tell.
func mediaType(declared string, head []byte, name string) string {
	guesses := []string{declared, http.DetectContentType(head), mime.TypeByExtension(path.Ext(name))}
	for _, guess := range guesses {
		kind, _, err := mime.ParseMediaType(guess)
		if err == nil && Playable(kind) {
			return kind
		}
	}
	return "application/octet-stream"
}

// Playable reports whether a media type is audio or video.
func Playable(kind string) bool {
	return strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/") || kind == "application/ogg"
}
