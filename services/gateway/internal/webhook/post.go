package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// postTime is how long a receiver may take.
const postTime = 10 * time.Second

// What goes wrong with an attempt, as it is logged. An address that may not be called
// is told as one that cannot be reached: which names exist in our network, and what
// answers there, is nobody's business.
const (
	wrongStatus      = "status"
	wrongRedirect    = "redirect"
	wrongTimeout     = "timeout"
	wrongUnreachable = "unreachable"
	wrongTLS         = "tls"
)

// result is what an attempt came to.
type result struct {
	attempt    *historyv1.DeliveryAttempt
	gone       bool          // the receiver wants no more of it
	retryAfter time.Duration // that the receiver asks for; 0 if it does not
}

// post sends a hook once.
func (s *Sender) post(ctx context.Context, hook *jobv1.Hook, secrets []string) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	began := s.Now()
	req, err := request(ctx, hook, secrets, began)
	if err != nil {
		return result{}, err
	}
	resp, err := s.client.Do(req)
	r := result{attempt: &historyv1.DeliveryAttempt{StartedAt: timestamppb.New(began.Truncate(time.Microsecond))}}
	r.attempt.DurationMs = s.Now().Sub(began).Milliseconds()
	if err != nil {
		r.attempt.Error = wordOf(ctx, err)
		return r, nil
	}
	_ = resp.Body.Close() // what it says is not read
	r.attempt.HttpStatus = uint32(resp.StatusCode)
	r.attempt.Error = wordOfStatus(resp.StatusCode)
	r.gone = resp.StatusCode == http.StatusGone
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		r.retryAfter = retryAfter(resp.Header.Get("Retry-After"), s.Now())
	}
	return r, nil
}

func wordOfStatus(status int) string {
	switch status / 100 {
	case 2:
		return ""
	case 3:
		return wrongRedirect
	default:
		return wrongStatus
	}
}

func wordOf(ctx context.Context, err error) string {
	var network net.Error
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var unknown x509.UnknownAuthorityError
	switch {
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return wrongTimeout
	case errors.As(err, &record), errors.As(err, &certificate), errors.As(err, &alert), errors.As(err, &unknown):
		return wrongTLS
	default:
		return wrongUnreachable
	}
}

// retryAfter reads seconds or a date; 0 for neither.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
