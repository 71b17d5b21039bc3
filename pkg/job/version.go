package job

import (
	"fmt"
	"strings"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// TranscriptVersion is that of the transcript that the record of a completed job points
// at: 1 is the engine's, each edit adds one.
func TranscriptVersion(record *jobv1.Job) uint32 { return max(1, record.GetTranscriptVersion()) }

// EditBlobKey is where an edited transcript is kept. name is made for this edit and no
// other, so that one that comes to nothing can be removed without a look at the others.
func EditBlobKey(id string, attempt uint32, name string) string {
	return fmt.Sprintf("%s/edit-%s", AttemptBlobPrefix(id, attempt), name)
}

// IsEdit reports whether a blob is an edited transcript.
func IsEdit(key string) bool { return AttemptOf(key) > 0 && strings.Contains(key, "/edit-") }
