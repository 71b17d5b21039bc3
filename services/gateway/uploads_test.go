package gateway_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

const (
	uploads   = "/api/v1/uploads/"
	tusHeader = "Tus-Resumable: 1.0.0"
	tusType   = "Content-Type: application/offset+octet-stream"
)

// begin makes an upload and returns its path.
func (u user) begin(length int, header ...string) string {
	u.t.Helper()
	got := u.send("POST", uploads, "", append(header, tusHeader, "Upload-Length: "+strconv.Itoa(length))...).wants(201, "")
	return got.header.Get("Location")
}

func (u user) patch(path string, offset int, bytes string, header ...string) reply {
	u.t.Helper()
	return u.send("PATCH", path, bytes, append(header, tusHeader, tusType, "Upload-Offset: "+strconv.Itoa(offset))...)
}

// patchSlowly begins to send the first bytes of an upload, which are what is written
// to body; answer waits for what it says.
func (u user) patchSlowly(path string) (answer func() reply, body *io.PipeWriter) {
	u.t.Helper()
	from, body := io.Pipe()
	req, err := http.NewRequestWithContext(u.t.Context(), http.MethodPatch, u.url+path, from)
	u.ok(err)
	for name, value := range map[string]string{
		"Authorization": "Bearer " + u.token, "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
	} {
		req.Header.Set(name, value)
	}
	answered := make(chan reply, 1)
	go func() {
		got, err := u.try(req)
		if err != nil {
			u.t.Error(err)
		}
		answered <- got
	}()
	return func() reply { return <-answered }, body
}

// offset is where an upload is.
func (u user) offset(path string) int {
	u.t.Helper()
	n, err := strconv.Atoi(u.send("HEAD", path, "", tusHeader).wants(200, "").header.Get("Upload-Offset"))
	u.ok(err)
	return n
}

func idOf(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// twins are two gateways of one mesh, and a user who is known to both.
func twins(t *testing.T, settings ...func(*gateway.Config)) (here, there user) {
	t.Helper()
	key := filepath.Join(t.TempDir(), "token.key")
	settings = append(settings, func(c *gateway.Config) { c.KeyFile = key })
	r := start(t, settings...)
	here = r.login("ann")
	return here, user{rig: r.another(settings...), id: here.id, token: here.token}
}

func TestUploads_goOnAtAnyGatewayAndEndInAFile(t *testing.T) {
	t.Parallel()
	here, there := twins(t)
	content := sound("x")
	metadata := "filename " + base64.StdEncoding.EncodeToString([]byte("Запись.mp3")) + ",filetype " +
		base64.StdEncoding.EncodeToString([]byte("audio/mpeg")) + ",is_confidential"

	path := here.begin(len(content), "Upload-Metadata: "+metadata)
	first := here.patch(path, 0, content[:7000]).wants(204, "")
	head := there.send("HEAD", path, "", tusHeader).wants(200, "")
	here.send("GET", path, "").wants(404, "upload_not_finished")
	last := there.patch(path, 7000, content[7000:]).wants(204, "")

	if first.header.Get("Upload-Offset") != "7000" || first.header.Get("Upload-Expires") == "" || first.header.Get("X-File-Id") != "" {
		t.Errorf("after the first bytes: %v", first.header)
	}
	if h := head.header; h.Get("Upload-Offset") != "7000" || h.Get("Upload-Length") != strconv.Itoa(len(content)) ||
		h.Get("Upload-Metadata") != metadata || h.Get("Cache-Control") != "no-store" || h.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("between: %v", h)
	}
	if h := last.header; h.Get("X-File-Id") != idOf(path) || h.Get("X-File-Sha256") != sumOf(content) ||
		h.Get("Location") != "/api/v1/files/"+idOf(path) || h.Get("Upload-Offset") != strconv.Itoa(len(content)) {
		t.Errorf("after the last bytes: %v", h)
	}
	file := here.send("GET", path, "").wants(200, "")
	if file.field("file_id") != idOf(path) || file.field("name") != "Запись.mp3" || file.field("sha256") != sumOf(content) ||
		file.field("size") != strconv.Itoa(len(content)) || file.field("content_type") != "audio/mpeg" {
		t.Errorf("the file is %s", file.body)
	}
	if there.send("GET", "/api/v1/files/"+idOf(path), "").body != file.body {
		t.Error("the file and the upload that it was differ")
	}
	if got := there.send("GET", "/api/v1/files/"+idOf(path)+"/audio", "").body; got != content {
		t.Errorf("the recording has changed: %d bytes", len(got))
	}
	if there.offset(path) != len(content) {
		t.Error("a finished upload is not told as such")
	}
	here.patch(path, len(content), "").wants(204, "")
	if left := here.leftovers(); len(left) != 1 {
		t.Errorf("besides the recording there are %v", left)
	}
	here.send("DELETE", "/api/v1/files/"+idOf(path), "").wants(204, "")
	there.send("HEAD", path, "", tusHeader).wants(404, "")
}

func TestUploads_takeTheFirstBytesWithTheirCreation(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	content := sound("x")

	part := ann.send("POST", "/api/v1/uploads", content[:100], tusHeader, tusType, "Upload-Length: "+strconv.Itoa(len(content))).wants(201, "")
	whole := ann.send("POST", uploads, content, tusHeader, tusType, "Upload-Length: "+strconv.Itoa(len(content))).wants(201, "")

	if part.header.Get("Upload-Offset") != "100" || ann.offset(part.header.Get("Location")) != 100 {
		t.Errorf("a part: %v", part.header)
	}
	if path := whole.header.Get("Location"); !strings.HasPrefix(path, uploads) || whole.header.Get("X-File-Id") != idOf(path) {
		t.Errorf("all of it: %v", whole.header)
	}
	ann.send("GET", "/api/v1/files/"+whole.header.Get("X-File-Id"), "").wants(200, "")
}

func TestUploads_learnTheirLengthLater(t *testing.T) {
	t.Parallel()
	ann := start(t, func(c *gateway.Config) { c.MaxUploadBytes = 1 << 20 }).login("ann")
	content := sound("x")
	path := ann.send("POST", uploads, "", tusHeader, "Upload-Defer-Length: 1").wants(201, "").header.Get("Location")
	ann.patch(path, 0, content[:1000]).wants(204, "")

	if h := ann.send("HEAD", path, "", tusHeader).header; h.Get("Upload-Defer-Length") != "1" || h.Get("Upload-Length") != "" {
		t.Errorf("header %v", h)
	}
	ann.patch(path, 1000, content[1000:], "Upload-Length: 999").wants(400, "length_declared")
	ann.patch(path, 1000, content[1000:], "Upload-Length: 9999999").wants(413, "file_too_large")
	ann.patch(path, 1000, content[1000:2000], fmt.Sprintf("Upload-Length: %d", len(content))).wants(204, "")
	ann.patch(path, 2000, content[2000:], "Upload-Length: 2001").wants(400, "length_declared")
	ann.patch(path, 2000, content[2000:]).wants(204, "")
	ann.send("GET", "/api/v1/files/"+idOf(path), "").wants(200, "")

	short := ann.send("POST", uploads, "", tusHeader, "Upload-Defer-Length: 1").header.Get("Location")
	ann.patch(short, 0, "only text").wants(204, "")
	ann.patch(short, 9, "", "Upload-Length: 9").wants(415, "unsupported_media")
	ann.send("HEAD", short, "", tusHeader).wants(404, "")
}

// TestUploads_keepWhatABrokenConnectionBrought cuts requests off in the middle.
func TestUploads_keepWhatABrokenConnectionBrought(t *testing.T) {
	t.Parallel()
	content := sound("x")
	sum := sha1.Sum([]byte(content))
	for name, tc := range map[string]struct {
		header string
		silent bool // the client stays, and sends no more
		want   int
	}{
		"vanishes":               {"", false, 5000},
		"falls silent":           {"", true, 5000},
		"vanishes, with its sum": {"Upload-Checksum: sha1 " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := twins(t, func(c *gateway.Config) { c.UploadIdle = 200 * time.Millisecond })
			path := here.begin(len(content))
			conn, err := net.Dial("tcp", strings.TrimPrefix(here.url, "http://"))
			here.ok(err)
			defer func() { _ = conn.Close() }()
			_, err = fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n%s\r\n%sUpload-Offset: 0\r\nContent-Length: %d\r\n\r\n%s",
				path, here.token, tusHeader, tusType, tc.header, len(content), content[:5000])
			here.ok(err)
			if tc.silent {
				answer, _ := io.ReadAll(conn)
				if !strings.Contains(string(answer), "408 Request Timeout") || !strings.Contains(string(answer), "incomplete_upload") {
					t.Errorf("answer %q", answer)
				}
			} else {
				testkit.Eventually(t, "the bytes have arrived", func() bool { return len(here.leftovers()) == 1 })
				here.ok(conn.Close())
			}

			testkit.Eventually(t, "the end is seen", func() bool {
				return there.offset(path) == tc.want && len(here.leftovers()) == min(tc.want, 1)
			})

			there.patch(path, tc.want, content[tc.want:]).wants(204, "")
			if got := there.send("GET", path, "").field("sha256"); got != sumOf(content) {
				t.Errorf("sum %s", got)
			}
		})
	}
}

// TestUploads_areWonByOneOfTwoAtOnce sends the same bytes to two gateways at once, as a
// client does whose first request is lost on the way, and not over.
func TestUploads_areWonByOneOfTwoAtOnce(t *testing.T) {
	t.Parallel()
	here, there := twins(t)
	content := sound("x")
	path := here.begin(len(content))
	answered, rest := here.patchSlowly(path)
	_, err := io.WriteString(rest, content[:3000])
	here.ok(err)
	testkit.Eventually(t, "its bytes have arrived", func() bool { return len(here.leftovers()) == 1 })

	there.patch(path, 0, content[:4000]).wants(204, "")
	here.ok(rest.Close())

	answered().wants(409, "offset_mismatch")
	if got := there.offset(path); got != 4000 {
		t.Errorf("the upload is at %d", got)
	}
	here.patch(path, 3000, content[3000:]).wants(409, "offset_mismatch")
	here.patch(path, 4000, content[4000:]).wants(204, "")
	if got := here.send("GET", path, "").field("sha256"); got != sumOf(content) || len(here.leftovers()) != 1 {
		t.Errorf("sum %s, left %v", got, here.leftovers())
	}
}

func TestUploads_dropBytesThatDoNotAddUp(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	content := sound("x")
	path := ann.begin(len(content))
	sums := map[string]func(string) string{
		"sha1": func(s string) string { sum := sha1.Sum([]byte(s)); return base64.StdEncoding.EncodeToString(sum[:]) },
		"sha256": func(s string) string {
			sum := sha256.Sum256([]byte(s))
			return base64.StdEncoding.EncodeToString(sum[:])
		},
	}
	at := 0
	for name, sum := range sums {
		header := "Upload-Checksum: " + name + " "
		ann.patch(path, at, "some text that was no part of it", header+sum(content[:4000])).wants(460, "checksum_mismatch")
		if got := ann.offset(path); got != at {
			t.Errorf("%s: the upload is at %d", name, got)
		}
		ann.patch(path, at, content[at:at+4000], header+sum(content[at:at+4000])).wants(204, "")
		at += 4000
	}
	ann.patch(path, at, content[at:]).wants(204, "")
	if got := ann.send("GET", path, "").field("sha256"); got != sumOf(content) {
		t.Errorf("sum %s", got)
	}
	ann.send("POST", uploads, content, tusHeader, tusType, "Upload-Length: 9000", "Upload-Checksum: sha1 "+sums["sha1"]("x")).wants(413, "")
	ann.send("POST", uploads, content[:9000], tusHeader, tusType, "Upload-Length: 9000", "Upload-Checksum: sha1 "+sums["sha1"]("x")).
		wants(460, "checksum_mismatch")
	if left := ann.leftovers(); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

func TestUploads_refuseWhatIsNoRecordingEarly(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	path := ann.begin(1 << 20)
	ann.patch(path, 0, "%PDF").wants(204, "") // too little to tell

	ann.patch(path, 4, strings.Repeat("-1.7 more of it ", 100)).wants(415, "unsupported_media")

	ann.send("HEAD", path, "", tusHeader).wants(404, "")
	short := ann.begin(5)
	ann.patch(short, 0, "hello").wants(415, "unsupported_media")
	if left := ann.leftovers(); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestUploads_areForgottenOnRequest(t *testing.T) {
	t.Parallel()
	here, there := twins(t)
	content := sound("x")
	path, done := here.begin(len(content)), here.begin(len(content))
	here.patch(path, 0, content[:100]).wants(204, "")
	here.patch(done, 0, content).wants(204, "")

	there.send("DELETE", path, "", tusHeader).wants(204, "")
	there.send("DELETE", done, "", tusHeader).wants(204, "")

	here.patch(path, 100, content[100:]).wants(404, "upload_not_found")
	here.send("HEAD", done, "", tusHeader).wants(404, "")
	here.send("DELETE", path, "", tusHeader).wants(404, "upload_not_found")
	here.send("GET", "/api/v1/files/"+idOf(done), "").wants(200, "") // it is a file of its own
	if left := here.leftovers(); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

func TestUploads_expire(t *testing.T) {
	t.Parallel()
	ann := start(t, func(c *gateway.Config) { c.UploadLife = 300 * time.Millisecond }).login("ann")
	path := ann.begin(1000)
	testkit.Eventually(t, "it has expired", func() bool { return ann.send("HEAD", path, "", tusHeader).status == 404 })
	ann.patch(path, 0, "ID3").wants(404, "upload_not_found")
}

// TestUploads_becomeAFileThoughTheGatewayDied leaves behind what a gateway does that is
// killed when all bytes are noted and the file is not made, or is and is not noted.
func TestUploads_becomeAFileThoughTheGatewayDied(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]bool{"before the file": false, "after the file": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ann := start(t).login("ann")
			content := sound("x")
			path := ann.begin(len(content))
			ann.patch(path, 0, content[:1000]).wants(204, "")
			upload, revision, err := ann.files.GetUpload(t.Context(), ann.id, idOf(path))
			ann.ok(err)
			_, err = blob.Put(t.Context(), ann.blobs, job.PieceBlobKey(ann.id, upload.GetId(), "last"), strings.NewReader(content[1000:]))
			ann.ok(err)
			upload.Offset = int64(len(content))
			upload.Pieces = append(upload.Pieces, &jobv1.Piece{Name: "last", Size: int64(len(content) - 1000)})
			_, err = ann.files.UpdateUpload(t.Context(), upload, revision)
			ann.ok(err)
			if made {
				ann.put(idOf(path), content).wants(201, "")
			}

			if got := ann.offset(path); got != len(content) {
				t.Fatalf("the upload is at %d", got)
			}

			if got := ann.send("GET", "/api/v1/files/"+idOf(path), "").wants(200, "").field("sha256"); got != sumOf(content) {
				t.Errorf("sum %s", got)
			}
			if left := ann.leftovers(); len(left) != 1 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// TestUploads_ofTinyPiecesKeepTheirRecordShort sends a recording in pieces of a few
// bytes, each a bit smaller than the one before.
func TestUploads_ofTinyPiecesKeepTheirRecordShort(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	content := sound("x")[:60*61/2+1]
	path := ann.begin(len(content))
	at := 0
	for size := 60; size > 0; size-- {
		ann.patch(path, at, content[at:at+size]).wants(204, "")
		at += size
	}

	upload, _, err := ann.files.GetUpload(t.Context(), ann.id, idOf(path))
	ann.ok(err)
	if n := len(upload.GetPieces()); n > 12 || len(ann.leftovers()) != n {
		t.Errorf("%d pieces are noted, %d stored", n, len(ann.leftovers()))
	}
	ann.patch(path, at, content[at:]).wants(204, "")
	if got := ann.send("GET", path, "").field("sha256"); got != sumOf(content) {
		t.Errorf("sum %s", got)
	}
}

func TestUploads_tellWhatTheyCan(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, path := range []string{uploads, "/api/v1/uploads", uploads + neverMade} {
		h := r.send("OPTIONS", path, "").wants(204, "").header
		if h.Get("Tus-Version") != "1.0.0" || h.Get("Tus-Max-Size") != strconv.Itoa(2<<30) || h.Get("Tus-Checksum-Algorithm") != "sha1,sha256" ||
			h.Get("Tus-Extension") != "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration" {
			t.Errorf("%s: %v", path, h)
		}
	}
	refused := r.send("POST", uploads, "", tusHeader).wants(401, "login_required")
	if refused.header.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("a refusal does not tell the version: %v", refused.header)
	}
}

func TestUploads_canBePostedAllTheWay(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	content := sound("x")
	path := ann.begin(len(content))
	const meant = "X-HTTP-Method-Override: "
	ann.send("POST", path, content[:100], meant+"PATCH", tusHeader, tusType, "Upload-Offset: 0").wants(204, "")
	if got := ann.send("POST", path, "", meant+"HEAD", tusHeader).wants(200, "").header.Get("Upload-Offset"); got != "100" {
		t.Errorf("at %s", got)
	}
	ann.send("POST", path, "", tusHeader).wants(405, "method_not_allowed")
	ann.send("GET", path, "", meant+"DELETE", tusHeader).wants(404, "upload_not_finished") // a GET is a GET
	ann.send("POST", path, "", meant+"DELETE", tusHeader).wants(204, "")
	ann.send("HEAD", path, "", tusHeader).wants(404, "")
}

func TestUploads_refuse(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxUploadBytes = 1 << 20 })
	ann, ben := r.login("ann"), r.login("ben")
	content := sound("x")
	path := ann.begin(len(content))
	at0 := "Upload-Offset: 0"
	for name, tc := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		code               string
	}{
		"no version":               {"PATCH", path, content, []string{tusType, at0}, 412, "tus_version"},
		"another version":          {"POST", uploads, "", []string{"Tus-Resumable: 0.2.2", "Upload-Length: 9"}, 412, "tus_version"},
		"no length":                {"POST", uploads, "", []string{tusHeader}, 400, "invalid_header"},
		"length is no number":      {"POST", uploads, "", []string{tusHeader, "Upload-Length: +9"}, 400, "invalid_header"},
		"length is negative":       {"POST", uploads, "", []string{tusHeader, "Upload-Length: -9"}, 400, "invalid_header"},
		"length beyond numbers":    {"POST", uploads, "", []string{tusHeader, "Upload-Length: 99999999999999999999"}, 400, "invalid_header"},
		"both lengths":             {"POST", uploads, "", []string{tusHeader, "Upload-Length: 9", "Upload-Defer-Length: 1"}, 400, "invalid_header"},
		"empty":                    {"POST", uploads, "", []string{tusHeader, "Upload-Length: 0"}, 422, "empty_file"},
		"over the limit":           {"POST", uploads, "", []string{tusHeader, "Upload-Length: 1048577"}, 413, "file_too_large"},
		"metadata no base64":       {"POST", uploads, "", []string{tusHeader, "Upload-Length: 9", "Upload-Metadata: filename a.mp3"}, 400, "invalid_header"},
		"metadata twice":           {"POST", uploads, "", []string{tusHeader, "Upload-Length: 9", "Upload-Metadata: a,a"}, 400, "invalid_header"},
		"metadata too long":        {"POST", uploads, "", []string{tusHeader, "Upload-Length: 9", "Upload-Metadata: a " + strings.Repeat("YWFh", 2000)}, 400, "invalid_header"},
		"creation of another type": {"POST", uploads, content, []string{tusHeader, "Upload-Length: 30000", "Content-Type: audio/mpeg"}, 415, "unsupported_media"},
		"bytes of another type":    {"PATCH", path, content, []string{tusHeader, at0}, 415, "unsupported_media"},
		"no offset":                {"PATCH", path, content, []string{tusHeader, tusType}, 400, "invalid_header"},
		"offset is no number":      {"PATCH", path, content, []string{tusHeader, tusType, "Upload-Offset: x"}, 400, "invalid_header"},
		"wrong offset":             {"PATCH", path, content, []string{tusHeader, tusType, "Upload-Offset: 5"}, 409, "offset_mismatch"},
		"more than its length":     {"PATCH", path, content + "x", []string{tusHeader, tusType, at0}, 413, "file_too_large"},
		"unknown sum":              {"PATCH", path, content, []string{tusHeader, tusType, at0, "Upload-Checksum: crc32 AAAA"}, 400, "invalid_header"},
		"sum of another length":    {"PATCH", path, content, []string{tusHeader, tusType, at0, "Upload-Checksum: sha1 AAAA"}, 400, "invalid_header"},
		"never made":               {"PATCH", uploads + neverMade, content, []string{tusHeader, tusType, at0}, 404, "upload_not_found"},
		"strange id":               {"PATCH", uploads + "a.*.%3e", content, []string{tusHeader, tusType, at0}, 404, "upload_not_found"},
		"file of a strange id":     {"GET", uploads + "x", "", nil, 404, "upload_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ann.send(tc.method, tc.path, tc.body, tc.header...)
			got.t = t
			got.wants(tc.status, tc.code)
		})
	}
	for _, method := range []string{"HEAD", "DELETE", "PATCH"} {
		ben.send(method, path, "", tusHeader, tusType, at0).wants(404, "")
	}
	ben.send("GET", path, "").wants(404, "upload_not_found")
	if got := ann.offset(path); got != 0 {
		t.Errorf("the upload is at %d", got)
	}
}
