package webhook

import (
	"io"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestRequest_isSignedByTheStandardWithEachSecret(t *testing.T) {
	t.Parallel()
	hook := &jobv1.Hook{
		JobId: "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69", Attempt: 2, State: jobv1.State_STATE_FAILED, Url: "https://example.org/ended",
		EndedAt: timestamppb.New(time.Date(2026, 1, 2, 15, 4, 5, 678_900_000, time.UTC)),
	}
	current, old, other := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_plJ3nmyCDGBKInavdOK15jsl"

	req, err := request(t.Context(), hook, []string{current, old}, time.Now())
	if err != nil {
		t.Fatal(err)
	}

	body, err := io.ReadAll(req.Body)
	want := `{"type":"transcription.failed","timestamp":"2026-01-02T15:04:05.678Z","data":{"task_id":"0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69","status":"failed"}}`
	if err != nil || string(body) != want {
		t.Errorf("got %s, %v; want %s", body, err, want)
	}
	if id := req.Header.Get("webhook-id"); id != "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69_2_failed" {
		t.Errorf("the id is %s", id)
	}
	for secret, good := range map[string]bool{current: true, old: true, other: false} {
		receiver, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := receiver.Verify(body, req.Header); (err == nil) != good {
			t.Errorf("secret %s: %v", secret, err)
		}
	}
}

// The example of the standard itself.
func TestSign_agreesWithTheStandard(t *testing.T) {
	t.Parallel()
	got, err := sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))

	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if _, err := sign("whsec_this is no Base64", "id", "1", nil); err == nil {
		t.Error("a secret that cannot be read was used")
	}
}
