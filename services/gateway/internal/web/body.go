package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Bodies other than uploads.
const (
	MaxBody  = 1 << 20          // bytes
	bodyTime = 30 * time.Second // for all of it, or for the server to throw it away
)

// ReadBody reads a small body whole. Errors: TooLarge above MaxBody, Invalid when
// it stops half way, or, with status 408, takes longer than 30 s.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return readUpTo(w, r, MaxBody)
}

func readUpTo(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		limitBody(w, time.Time{}) // else it would end the request while it is being answered
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.New(fault.TooLarge, "body_too_large", fmt.Sprintf("The body is larger than %d MiB.", limit>>20))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem.At(fault.Wrap(err, fault.Invalid, "incomplete_body", "The body did not arrive in time."), http.StatusRequestTimeout)
	case err != nil:
		return nil, fault.Wrap(err, fault.Invalid, "incomplete_body", "The body did not arrive whole.")
	}
	return data, nil
}

// limitBody sets when the body must be there. Not every writer has deadlines
// (httptest's has none); then there is none to keep.
func limitBody(w http.ResponseWriter, until time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(until)
}

// DecodeJSON reads the body as one JSON object into a struct. Members the struct
// does not know are ignored. Invalid, code "invalid_json": it is none, or not
// UTF-8; a member of the wrong type is named in the problem's "field".
func DecodeJSON(w http.ResponseWriter, r *http.Request, into any) error {
	return DecodeJSONUpTo(w, r, MaxBody, into)
}

// DecodeJSONUpTo is DecodeJSON for bodies of another size, in bytes; whole MiB.
func DecodeJSONUpTo(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	data, err := readUpTo(w, r, limit)
	if err != nil {
		return err
	}
	if !utf8.Valid(data) { // encoding/json lets it pass, records do not
		return fault.New(fault.Invalid, "invalid_json", "The body is not UTF-8.")
	}
	err = json.Unmarshal(data, into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return problem.With(fault.Wrap(err, fault.Invalid, "invalid_json",
			"The field "+wrongType.Field+" cannot be a JSON "+wrongType.Value+"."), "field", wrongType.Field)
	case err != nil:
		return fault.Wrap(err, fault.Invalid, "invalid_json", "The body is not a JSON object.")
	}
	return nil
}

// WriteJSON answers with a value as JSON.
func WriteJSON(w http.ResponseWriter, status int, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the client is gone: nobody to tell
	return nil
}
