package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// signatures are how the usual recordings begin. They only tell a damaged
// recording from a file of another kind; what can be read is for ffprobe to
// say.
var signatures = []struct {
	offset int
	magic  string
}{
	{0, "RIFF"}, {0, "RF64"}, {0, "riff"}, // wav, avi, w64
	{4, "ftyp"}, {4, "moov"}, {4, "mdat"}, {4, "wide"}, // mp4, m4a, mov, 3gp
	{0, "ID3"}, {0, "\xff\xfb"}, {0, "\xff\xf3"}, {0, "\xff\xf2"}, // mp3
	{0, "\xff\xf1"}, {0, "\xff\xf9"}, // aac
	{0, "OggS"}, {0, "fLaC"}, {0, "\x1a\x45\xdf\xa3"}, // ogg, flac, matroska
	{0, "#!AMR"}, {0, "FORM"}, {0, "caff"}, {0, ".snd"}, // amr, aiff, caf, au
	{0, "\x30\x26\xb2\x75"}, {0, "FLV"}, {0, "\x00\x00\x01\xba"}, // asf, flv, mpeg
	{0, "wvpk"}, {0, "MAC "}, // wavpack, monkey's audio
}

const headSize = 64

// readHead returns the first bytes of a file, fewer than headSize if it is
// shorter.
func readHead(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	defer func() { _ = file.Close() }()
	head := make([]byte, headSize)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	return head[:n], nil
}

func looksLikeMedia(head []byte) bool {
	for _, s := range signatures {
		if len(head) > s.offset && bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			return true
		}
	}
	return false
}
