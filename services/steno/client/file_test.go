package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestFile_isThereUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	stored, err := c.Upload(t.Context(), "talk.mp3", 5, strings.NewReader("bytes"))
	if err != nil {
		t.Fatal(err)
	}

	if file, err := c.File(t.Context(), stored.FileID); err != nil || file.Name != "talk.mp3" || file.Size != 5 {
		t.Errorf("file %+v, error %v", file, err)
	}
	audio, err := c.Audio(t.Context(), stored.FileID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = audio.Close() }() // nothing to lose
	if sound, err := io.ReadAll(audio); err != nil || string(sound) != "sound of talk.mp3" {
		t.Errorf("audio %q, error %v", sound, err)
	}
	if err := c.DeleteFile(t.Context(), stored.FileID); err != nil {
		t.Error(err)
	}
	_, err = c.File(t.Context(), stored.FileID)
	wantProblem(t, err, http.StatusNotFound, "file_not_found")
	_, err = c.Audio(t.Context(), stored.FileID)
	wantProblem(t, err, http.StatusNotFound, "file_not_found")
}
