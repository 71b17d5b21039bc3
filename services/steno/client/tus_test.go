package client_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestUploadLarge_goesOnWhereTheServerIs(t *testing.T) {
	t.Parallel()
	for name, cuts := range map[string]int{"whole": 0, "cut": 1, "cut twice": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := gatewaytest.Start(t)
			server.CutUploads(cuts)
			sound := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
			var sent []int64

			file, err := connect(t, server).UploadLarge(t.Context(), "Запись.flac", int64(len(sound)), bytes.NewReader(sound),
				func(n int64) { sent = append(sent, n) })

			if err != nil || file.Name != "Запись.flac" || file.Size != int64(len(sound)) {
				t.Fatalf("file %+v, error %v", file, err)
			}
			if !bytes.Equal(server.Uploaded(file.FileID), sound) {
				t.Error("the server has other bytes")
			}
			if last := sent[len(sent)-1]; last != int64(len(sound)) {
				t.Errorf("at the end %d bytes were told as sent", last)
			}
			if asked := slices.Contains(server.Requests(), "HEAD /api/v1/uploads/"+file.FileID); asked != (cuts > 0) {
				t.Errorf("asked where to go on: %v; %q", asked, server.Requests())
			}
		})
	}
}

func TestUploadLarge_bridgesAServerThatIsDownForAMoment(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	server.Plan("/api/v1/uploads/upload-1", http.StatusServiceUnavailable, "0")

	file, err := connect(t, server).UploadLarge(t.Context(), "a.wav", 4, strings.NewReader("RIFF"), nil)

	if err != nil || file.Size != 4 {
		t.Errorf("file %+v, error %v", file, err)
	}
}

func TestUploadLarge_returnsWhyItIsRefused(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	c := connect(t, server)

	_, err := c.UploadLarge(t.Context(), gatewaytest.Refused, 4, strings.NewReader("%PDF"), nil)
	wantProblem(t, err, http.StatusUnsupportedMediaType, "unsupported_media")

	server.Plan("/api/v1/uploads/", http.StatusRequestEntityTooLarge, "")
	_, err = c.UploadLarge(t.Context(), "a.wav", 4, strings.NewReader("RIFF"), nil)
	wantProblem(t, err, http.StatusRequestEntityTooLarge, "planned")
}

// An offset beyond the end cannot be gone on from.
func TestUploadLarge_doesNotBelieveAnyOffset(t *testing.T) {
	t.Parallel()
	c := over(t, roundTrip(func(*http.Request) (*http.Response, error) {
		header := http.Header{"Location": {"/api/v1/uploads/u1"}, "Upload-Offset": {"9"}}
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: http.NoBody}, nil
	}))

	_, err := c.UploadLarge(t.Context(), "a.wav", 4, strings.NewReader("RIFF"), nil)

	if err == nil || !strings.Contains(err.Error(), "does not tell how much of the upload there is") {
		t.Errorf("error is %v", err)
	}

}

// The answer to the last piece was lost: the server is further than the client thinks.
func TestUploadLarge_believesTheServerThatItIsAhead(t *testing.T) {
	t.Parallel()
	c := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Location": {"/api/v1/uploads/u1"}}, Body: http.NoBody}
		switch r.Method {
		case http.MethodPatch:
			resp.StatusCode, resp.Body = http.StatusConflict, readCloser{strings.NewReader(`{"code":"offset_mismatch"}`)}
		case http.MethodHead:
			resp.Header.Set("Upload-Offset", "4")
		case http.MethodGet:
			resp.Body = readCloser{strings.NewReader(`{"file_id":"u1"}`)}
		}
		return resp, nil
	}))

	file, err := c.UploadLarge(t.Context(), "a.wav", 4, strings.NewReader("RIFF"), nil)

	if err != nil || file.FileID != "u1" {
		t.Errorf("file %+v, error %v", file, err)
	}
}
