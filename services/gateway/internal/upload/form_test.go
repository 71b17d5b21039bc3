package upload

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// FuzzForm reads requests with recordings as strangers may send them: forms whole,
// broken and of other kinds. What is found is no longer than the limit and has a name
// that can be stored; what is not found is refused as the client's mistake.
func FuzzForm(f *testing.F) {
	const form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\nID3\x04\r\n--b--\r\n"
	f.Add("multipart/form-data; boundary=b", form)
	f.Add("multipart/form-data; boundary=b", form[:len(form)-12])
	f.Add("multipart/form-data; boundary=\"\"", form)
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"comment\"\r\n\r\nx\r\n"+form)
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=file; filename*=UTF-8''%FF%00..%2F\r\n\r\n\x00\r\n--b--")
	f.Add("application/json", "{}")
	f.Add("audio/mpeg", "ID3\x04\x00")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		v := &Receiver{MaxBytes: 1 << 10, Idle: time.Second}
		r := httptest.NewRequest(http.MethodPost, "/api/v1/files", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)

		from, err := v.source(httptest.NewRecorder(), r, "user")
		var stored strings.Builder
		var head []byte
		if err == nil {
			head, err = v.copy(&stored, from, allowance{v.MaxBytes, v.tooLarge()})
		}

		if err != nil {
			if kind := fault.Of(err).Kind; kind == fault.Internal || kind == fault.Unavailable {
				t.Errorf("refused as %v", err)
			}
			return
		}
		if int64(stored.Len()) > v.MaxBytes || !strings.HasPrefix(stored.String(), string(head)) {
			t.Errorf("%d bytes are stored, after %q", stored.Len(), head)
		}
		if name := cleanName(from.name); name == "" || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00\r\n") {
			t.Errorf("name %q", name)
		}
		if rest, err := io.ReadAll(from.body); len(rest) > 0 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes are left, %v", len(rest), err)
		}
	})
}
