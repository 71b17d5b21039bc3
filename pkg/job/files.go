package job

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Files reads and changes the FILES bucket: which recordings a user has, under
// the ids the user knows them by.
type Files struct {
	kv jetstream.KeyValue
	js jetstream.JetStream
}

// OpenFiles binds to the bucket, which the provisioner has made.
func OpenFiles(ctx context.Context, js jetstream.JetStream) (*Files, error) {
	kv, err := js.KeyValue(ctx, FilesBucket)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", FilesBucket, err)
	}
	return &Files{kv: kv, js: js}, nil
}

// Create stores a file's record after its bytes. Conflict: the user has a file
// of that id.
func (f *Files) Create(ctx context.Context, file *jobv1.File) error {
	_, err := create(ctx, f.kv, fileKey(file.GetUserId(), file.GetInput().GetFileId()), file)
	return err
}

// Get returns a user's file. NotFound: the user has none of that id.
func (f *Files) Get(ctx context.Context, userID, fileID string) (*jobv1.File, error) {
	file := &jobv1.File{}
	if _, err := get(ctx, f.kv, fileKey(userID, fileID), file); err != nil {
		return nil, err
	}
	return file, nil
}

// Delete removes a user's file. Its bytes follow when no job needs them. It is
// no error when there is none.
func (f *Files) Delete(ctx context.Context, userID, fileID string) error {
	if err := f.kv.Purge(ctx, fileKey(userID, fileID), jetstream.PurgeTTL(markerLife)); err != nil {
		return busFault(fmt.Errorf("delete file: %w", err))
	}
	return nil
}

// FileEvent is one message of the file feed.
type FileEvent struct {
	UserID   string
	FileID   string
	File     *jobv1.File // nil when Gone and when CaughtUp; shared, not to be changed
	Gone     bool        // the record was removed
	CaughtUp bool        // no file: everything stored before Follow has been told
}

// Follow tells every file and then each change, as Store.Follow does for jobs.
func (f *Files) Follow(ctx context.Context, handle func(FileEvent)) error {
	decode := func(msg jetstream.Msg, _ uint64, gone bool) {
		user, file, _ := strings.Cut(keyOf(msg, FilesBucket), ".")
		event := FileEvent{Gone: gone}
		var err error
		if event.UserID, err = FromToken(user); err != nil {
			return // not a key of ours
		}
		if event.FileID, err = FromToken(file); err != nil {
			return
		}
		if !gone {
			event.File = &jobv1.File{}
			if proto.Unmarshal(msg.Data(), event.File) != nil {
				return
			}
		}
		handle(event)
	}
	return follow(ctx, f.js, FilesBucket, ">", decode, func() { handle(FileEvent{CaughtUp: true}) })
}
