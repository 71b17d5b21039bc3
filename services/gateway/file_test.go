package gateway_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/gateway"
)

func TestFiles_keepNameTypeSizeAndSum(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	content := sound("x")
	sum := sha256.Sum256([]byte(content))

	uploaded := map[string]reply{
		"raw":  ann.send("POST", "/api/v1/files?name=%D0%97%D0%B0%D0%BF%D0%B8%D1%81%D1%8C.mp3", content),
		"form": ann.form("Запись.mp3", content),
		"put":  ann.send("PUT", "/api/v1/files/f1?name=..%2F%D0%97%D0%B0%D0%BF%D0%B8%D1%81%D1%8C.mp3", content, "Content-Type: text/html"),
		"curl": ann.send("POST", "/api/v1/files?name=%D0%97%D0%B0%D0%BF%D0%B8%D1%81%D1%8C.mp3", content,
			"Content-Type: application/x-www-form-urlencoded"),
	}

	for how, got := range uploaded {
		got.wants(201, "")
		if got.field("name") != "Запись.mp3" || got.field("content_type") != "audio/mpeg" ||
			got.field("size") != fmt.Sprint(len(content)) || got.field("sha256") != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %s", how, got.body)
		}
		if got.header.Get("Location") != "/api/v1/files/"+got.field("file_id") {
			t.Errorf("%s: Location %q", how, got.header.Get("Location"))
		}
	}
	if blobs := r.leftovers(); len(blobs) != 1 {
		t.Errorf("the same bytes of one user are stored %d times: %v", len(blobs), blobs)
	}
}

// form uploads a recording as a browser does, after another field.
func (u user) form(name, content string) reply {
	u.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	u.ok(form.WriteField("comment", "before the file"))
	part, err := form.CreateFormFile("file", name)
	u.ok(err)
	_, err = io.WriteString(part, content)
	u.ok(err)
	u.ok(form.Close())
	return u.send("POST", "/api/v1/files", body.String(), "Content-Type: "+form.FormDataContentType())
}

func TestFiles_putTwiceIsOnce(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann, ben := r.login("ann"), r.login("ben")

	first := ann.put("f1", sound("a")).wants(201, "")
	again := ann.put("f1", sound("a")).wants(200, "")
	ann.put("f1", sound("b")).wants(409, "file_exists")
	ben.put("f1", sound("b")).wants(201, "") // ids are each user's own

	if first.body != again.body {
		t.Errorf("first %s, again %s", first.body, again.body)
	}
	if blobs := r.leftovers(); len(blobs) != 2 {
		t.Errorf("the refused bytes are kept: %v", blobs)
	}
}

func TestFiles_giveTheRecordingBackInParts(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	content := sound("a")
	ann.put("f1", content)

	whole := ann.send("GET", "/api/v1/files/f1/audio", "").wants(200, "")
	part := ann.send("GET", "/api/v1/files/f1/audio", "", "Range: bytes=4-9").wants(206, "")
	head := ann.send("HEAD", "/api/v1/files/f1", "").wants(200, "")
	for _, bad := range []string{"bytes=99999999-", "bytes=9-4", "bytes=x"} {
		refused := ann.send("GET", "/api/v1/files/f1/audio", "", "Range: "+bad).wants(416, "invalid_range")
		if refused.header.Get("Content-Type") != "application/problem+json" || strings.Count(refused.body, "\n") != 1 {
			t.Errorf("%s: %v %s", bad, refused.header, refused.body)
		}
	}
	unchanged := ann.send("GET", "/api/v1/files/f1/audio", "", "If-None-Match: "+whole.header.Get("Etag")).wants(304, "")

	if whole.body != content || part.body != content[4:10] || head.body != "" || unchanged.body != "" {
		t.Errorf("whole %d bytes, part %q, head %q", len(whole.body), part.body, head.body)
	}
	if whole.header.Get("Content-Type") != "audio/mpeg" || head.header.Get("Content-Type") != "application/json" {
		t.Errorf("types %v, %v", whole.header, head.header)
	}
}

func TestFiles_areGoneOnceDeletedButTheJobGoesOn(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")

	ann.send("DELETE", "/api/v1/files/f1", "").wants(204, "")

	ann.send("GET", "/api/v1/files/f1", "").wants(404, "file_not_found")
	ann.send("GET", "/api/v1/files/f1/audio", "").wants(404, "file_not_found")
	ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(404, "file_not_found")
	if got := ann.status(id, "").wants(200, ""); got.field("file_name") != "f1.mp3" {
		t.Errorf("status %s", got.body)
	}
	if len(r.leftovers()) != 1 {
		t.Errorf("the job has lost its bytes")
	}
	ann.put("f1", sound("other")).wants(201, "")
}

func TestFiles_addressesAreNotFetched(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	ann.send("POST", "/api/v1/files", `{"url":"http://127.0.0.1/"}`, "Content-Type: application/json").
		wants(422, "url_ingest_disabled")
}

func TestFiles_aFormNeedsItsField(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	const empty = "--b\r\nContent-Disposition: form-data; name=\"comment\"\r\n\r\nx\r\n--b--\r\n"
	ann.send("POST", "/api/v1/files", empty, "Content-Type: multipart/form-data; boundary=b").wants(400, "invalid_form")
	ann.send("POST", "/api/v1/files", empty, "Content-Type: multipart/form-data").wants(400, "invalid_form")
	ann.send("POST", "/api/v1/files", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nID3 cut off",
		"Content-Type: multipart/form-data; boundary=b").wants(400, "incomplete_upload")
	if blobs := r.leftovers(); len(blobs) != 0 {
		t.Errorf("left over: %v", blobs)
	}
}

// TestFiles_leaveNothingOfAnUploadThatStops plays clients that vanish or fall
// silent in the middle of a body.
func TestFiles_leaveNothingOfAnUploadThatStops(t *testing.T) {
	t.Parallel()
	const boundary = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n"
	tests := map[string]struct {
		header, body string
		vanish       bool // else the client stays and sends no more
	}{
		"raw, vanishes":       {"Content-Length: 100000", sound("a")[:10_000], true},
		"raw, silent":         {"Content-Length: 100000", sound("a")[:10_000], false},
		"raw, silent early":   {"Content-Length: 100000", "ID3", false},
		"form, vanishes":      {"Content-Length: 100000\r\nContent-Type: multipart/form-data; boundary=b", boundary + sound("a")[:10_000], true},
		"form, silent":        {"Content-Length: 100000\r\nContent-Type: multipart/form-data; boundary=b", boundary + sound("a")[:10_000], false},
		"in chunks, vanishes": {"Transfer-Encoding: chunked", "2710\r\n" + sound("a")[:10_000] + "\r\n", true},
		"in chunks, silent":   {"Transfer-Encoding: chunked", "2710\r\n" + sound("a")[:10_000] + "\r\n", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, func(c *gateway.Config) { c.UploadIdle = 200 * time.Millisecond })
			ann := r.login("ann")
			conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			r.ok(err)
			defer func() { _ = conn.Close() }()
			_, err = fmt.Fprintf(conn, "PUT /api/v1/files/f1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n%s", ann.token, tc.header, tc.body)
			r.ok(err)
			if len(tc.body) > 1000 {
				testkit.Eventually(t, "bytes arrive", func() bool { return len(r.leftovers()) == 1 })
			}
			if tc.vanish {
				r.ok(conn.Close())
			} else {
				answer, err := io.ReadAll(conn)
				if err != nil || !strings.Contains(string(answer), "incomplete_upload") {
					t.Errorf("answer %q, %v", answer, err)
				}
			}

			testkit.Eventually(t, "nothing is left", func() bool { return len(r.leftovers()) == 0 })
			ann.send("GET", "/api/v1/files/f1", "").wants(http.StatusNotFound, "file_not_found")
		})
	}
}

func TestFiles_anUploadInTinyPiecesArrives(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	content := sound("a")[:2000]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.url+"/api/v1/files/f1", io.MultiReader(oneByOne(content)...))
	r.ok(err)
	req.Header.Set("Authorization", "Bearer "+ann.token)

	got := r.do(req).wants(201, "")

	if got.field("size") != "2000" {
		t.Errorf("got %s", got.body)
	}
}

func oneByOne(content string) []io.Reader {
	var readers []io.Reader
	for i := range len(content) {
		readers = append(readers, strings.NewReader(content[i:i+1]))
	}
	return readers
}
