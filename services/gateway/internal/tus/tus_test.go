package tus_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/tus"
)

func TestMetadata_isPairsInBase64(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	h.Add(tus.HeaderMetadata, "filename 0JfQsNC/0LjRgdGMLm1wMw==, empty")
	h.Add(tus.HeaderMetadata, "filetype YXVkaW8vbXBlZw==")

	raw, values, err := tus.Metadata(h)

	if err != nil || values["filename"] != "Запись.mp3" || values["filetype"] != "audio/mpeg" || len(values) != 3 {
		t.Errorf("values %v, %v", values, err)
	}
	if raw != "filename 0JfQsNC/0LjRgdGMLm1wMw==, empty,filetype YXVkaW8vbXBlZw==" {
		t.Errorf("raw %q", raw)
	}
}

// FuzzHeaders reads the headers of requests as strangers may write them. What is taken
// can be stored and sent back; what is not is a malformed request.
func FuzzHeaders(f *testing.F) {
	f.Add("1.0.0", "100", "", "0", "filename 0JfQsNC/0LjRgdGMLm1wMw==,x", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")
	f.Add("", "-1", "1", "+5", "a b, a b", "sha1 ")
	f.Add("1.0.0", "9223372036854775808", "0", "１", ",,\x00 ", "crc32 AAAA")
	f.Fuzz(func(t *testing.T, version, length, deferred, offset, metadata, checksum string) {
		h := http.Header{
			"Tus-Resumable": {version}, tus.HeaderLength: {length}, tus.HeaderDefer: {deferred},
			tus.HeaderOffset: {offset}, tus.HeaderMetadata: {metadata}, tus.HeaderChecksum: {checksum},
		}
		n, later, err := tus.Length(h)
		expect(t, err)
		if err == nil && (n < 0 || later && n != 0) {
			t.Errorf("length %d, later %v", n, later)
		}
		n, told, err := tus.LaterLength(h)
		expect(t, err)
		if err == nil && (n < 0 || told != (length != "")) {
			t.Errorf("length %d, told %v", n, told)
		}
		if n, err = tus.Offset(h); err == nil && n < 0 {
			t.Errorf("offset %d", n)
		}
		expect(t, err)
		raw, _, err := tus.Metadata(h)
		expect(t, err)
		if err == nil && (raw != metadata || !utf8.ValidString(raw) || strings.ContainsAny(raw, "\x00\n\v")) {
			t.Errorf("metadata %q is kept as %q", metadata, raw)
		}
		sum, err := tus.Checksum(h)
		expect(t, err)
		if sum != nil && len(sum.Want) != sum.Hash.Size() {
			t.Errorf("a sum of %d bytes", len(sum.Want))
		}
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header = h
		passed := false
		_ = tus.Check(func(http.ResponseWriter, *http.Request) error { passed = true; return nil })(httptest.NewRecorder(), r)
		if passed != (version == tus.Version) {
			t.Errorf("version %q: passed %v", version, passed)
		}
	})
}

func expect(t *testing.T, err error) {
	t.Helper()
	if err != nil && !fault.Is(err, fault.Invalid) {
		t.Errorf("refused as %v", err)
	}
}
