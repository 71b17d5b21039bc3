package upload

import (
	"context"
	"fmt"

	"github.com/stenomesh/stenomesh/services/gateway/internal/quota"
)

// allowance is how large a recording may be.
type allowance struct {
	bytes   int64
	refusal error // of one that is larger
}

// allow returns how much a user may store under an id. An id that is taken may be
// asked for again, whatever the quota: it stores nothing more. length is what the
// request says to hold, or less than 0.
func (v *Receiver) allow(ctx context.Context, userID, fileID string, length int64) (allowance, error) {
	most := allowance{v.MaxBytes, v.tooLarge()}
	left, err := v.Quota(ctx)
	if err == nil && (left < 0 || left >= most.bytes) {
		return most, nil
	}
	if fileID != "" {
		if _, missing := v.Files.Get(ctx, userID, fileID); missing == nil {
			return most, nil
		}
	}
	if err != nil {
		return allowance{}, err
	}
	rest := allowance{left, quota.Exceeded(quota.Stored,
		fmt.Sprintf("You may store %d bytes more; delete recordings first.", left))}
	if length > left+formOverhead {
		return allowance{}, rest.refusal
	}
	return rest, nil
}
