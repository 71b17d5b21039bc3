package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// message is the body of a hook. It is the same at every attempt.
type message struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      struct {
		TaskID string `json:"task_id"`
		Status string `json:"status"`
	} `json:"data"`
}

func bodyOf(hook *jobv1.Hook) ([]byte, error) {
	event := job.HookEvent(hook.GetState())
	m := message{Type: "transcription." + event, Timestamp: hook.GetEndedAt().AsTime().UTC().Format("2006-01-02T15:04:05.000Z")}
	m.Data.TaskID, m.Data.Status = hook.GetJobId(), event
	return json.Marshal(m)
}

// request is a hook as the receiver gets it, by the standard of standardwebhooks.com:
// signed with each of the secrets, so that the receiver may have either while one is
// being replaced.
func request(ctx context.Context, hook *jobv1.Hook, secrets []string, now time.Time) (*http.Request, error) {
	body, err := bodyOf(hook)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.GetUrl(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	id, at := job.HookID(hook), strconv.FormatInt(now.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		if signatures[i], err = sign(secret, id, at, body); err != nil {
			return nil, err
		}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Stenomesh")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", at)
	req.Header.Set("webhook-signature", strings.Join(signatures, " "))
	return req, nil
}

// secretPrefix tells what a secret is for; the rest is Base64.
const secretPrefix = "whsec_"

func sign(secret, id, at string, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return "", fmt.Errorf("sign %s: the secret is not Base64", id)
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, at, body) // a hash takes all
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
