package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"path/filepath"
	"strconv"
)

const (
	uploadsPath = "/api/v1/uploads/"
	pieceSize   = 32 << 20 // bytes of one request
)

// UploadLarge stores size bytes under a file name as Upload does, over several requests
// and connections: after a break it goes on where the server is. It speaks tus 1.0.0.
// sent, if not nil, is told how many bytes are on their way; that falls when some of
// them were lost.
func (c *Client) UploadLarge(ctx context.Context, name string, size int64, from io.ReaderAt, sent func(int64)) (File, error) {
	address, err := c.beginUpload(ctx, name, size)
	if err != nil {
		return File{}, err
	}
	u := upload{client: c, path: address, size: size, from: from, sent: sent}
	if err := u.send(ctx); err != nil {
		return File{}, err
	}
	var file File
	err = c.getWithin(ctx, bulkLimit, address, nil, &file)
	return file, err
}

// beginUpload returns the path of a new upload. To ask twice makes two, of which the
// server forgets the one that gets no bytes.
func (c *Client) beginUpload(ctx context.Context, name string, size int64) (string, error) {
	metadata := "filename " + base64.StdEncoding.EncodeToString([]byte(name))
	if kind := mime.TypeByExtension(filepath.Ext(name)); kind != "" {
		metadata += ",filetype " + base64.StdEncoding.EncodeToString([]byte(kind))
	}
	a, err := c.repeatWhole(ctx, request{
		method: http.MethodPost, path: uploadsPath, limit: readLimit,
		header: http.Header{
			"Tus-Resumable": {"1.0.0"}, "Upload-Length": {strconv.FormatInt(size, 10)}, "Upload-Metadata": {metadata},
		},
	})
	if err != nil {
		return "", err
	}
	id := path.Base(a.header.Get("Location"))
	if id == "." || id == "/" {
		return "", fmt.Errorf("the answer to %s does not tell where the upload is", uploadsPath)
	}
	return uploadsPath + id, nil
}

// upload is a recording on its way.
type upload struct {
	client *Client
	path   string
	size   int64 // bytes
	offset int64 // bytes that the server has
	from   io.ReaderAt
	sent   func(int64)
}

// send goes on until the server has all bytes, or there is no hope.
func (u *upload) send(ctx context.Context) error {
	pause := firstPause
	for try := 1; u.offset < u.size; try++ {
		before := u.offset
		if err := u.piece(ctx); err != nil {
			wait, again := u.client.worthRepeating(err, pause)
			if !again && !isAhead(err) || try >= tries {
				return err
			}
			if err := sleep(ctx, wait); err != nil {
				return err
			}
			if err := u.ask(ctx); err != nil {
				return err
			}
			pause = min(2*pause, longestPause)
		}
		if u.offset > before {
			try, pause = 0, firstPause
		}
	}
	return nil
}

// isAhead reports whether the server has other bytes than we thought.
func isAhead(err error) bool {
	var problem *Problem
	return errors.As(err, &problem) && problem.Code == "offset_mismatch"
}

// piece sends the next bytes.
func (u *upload) piece(ctx context.Context) error {
	size := min(pieceSize, u.size-u.offset)
	offset := u.offset
	body := &toldReader{from: io.NewSectionReader(u.from, offset, size), told: func(n int64) {
		if u.sent != nil {
			u.sent(offset + n)
		}
	}}
	a, err := u.client.send(ctx, request{
		method: http.MethodPatch, path: u.path, body: io.NopCloser(body), size: size, limit: bulkLimit,
		header: http.Header{
			"Tus-Resumable": {"1.0.0"}, "Upload-Offset": {strconv.FormatInt(offset, 10)},
			"Content-Type": {"application/offset+octet-stream"}, "Expect": {"100-continue"},
		},
	})
	if err != nil {
		return err
	}
	return u.move(a)
}

// ask asks the server how many bytes it has.
func (u *upload) ask(ctx context.Context) error {
	a, err := u.client.repeatWhole(ctx, request{
		method: http.MethodHead, path: u.path, limit: readLimit, header: http.Header{"Tus-Resumable": {"1.0.0"}},
	})
	if err != nil {
		return err
	}
	return u.move(a)
}

// move goes to where the server says it is.
func (u *upload) move(a answer) error {
	offset, err := strconv.ParseInt(a.header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 || offset > u.size {
		return fmt.Errorf("the answer to %s does not tell how much of the upload there is", u.path)
	}
	u.offset = offset
	return nil
}

// toldReader tells how much has been read of it.
type toldReader struct {
	from io.Reader
	sum  int64
	told func(sum int64)
}

func (r *toldReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.sum += int64(n)
	r.told(r.sum)
	return n, err
}
