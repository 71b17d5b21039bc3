package bus_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/bus/bustest"
)

// mayPublish is who may publish to what; everybody else is refused.
var mayPublish = map[string]string{
	// Records, facts and files.
	"$KV.JOBS.job.01":          "gateway preprocess dispatcher",
	"$KV.JOBS.plan.01.1":       "preprocess",
	"$KV.JOBS.res.01.1.0":      "transcriber",
	"$KV.JOBS.att.01.1.pre.0":  "preprocess",
	"$KV.JOBS.att.01.1.asr.0":  "transcriber",
	"$KV.JOBS.other.01":        "",
	"$KV.JOBS.idem.ANN.KEY":    "gateway",
	"$KV.JOBS.erase.ANN":       "gateway dispatcher",
	"$KV.FILES.ANN.FILE":       "gateway",
	"$KV.FILES.ANN.FILE.other": "",
	"$KV.FILES.ANN.upload.01":  "gateway dispatcher",
	// Work, and word of it.
	"tasks.v1.pre.normal.ANN.01.1":  "dispatcher",
	"tasks.v1.asr.DEMO.ANN.01.1.0":  "dispatcher",
	"dlq.v1.pre.ANN.01.1.0":         "preprocess",
	"dlq.v1.asr.ANN.01.1.0":         "transcriber",
	"progress.v1.ANN.01":            "preprocess transcriber",
	"ctl.v1.cancel.01":              "gateway",
	"wrk.v1.hb.pre.ME":              "preprocess",
	"wrk.v1.hb.asr.ME":              "transcriber",
	"obs.v1.gateway":                "gateway",
	"accounts.v1.changed":           "history",
	"accounts.v1.other":             "",
	"obs.v1.history":                "history",
	"hooks.v1.ANN.01.1.completed":   "dispatcher",
	"_INBOX_gateway.stolen.reply":   "",
	"$SYS.REQ.SERVER.PING":          "",
	"$JS.API.INFO":                  "",
	"$JS.API.STREAM.INFO.KV_JOBS":   "gateway preprocess dispatcher transcriber metrics provisioner",
	"$JS.API.STREAM.INFO.KV_FILES":  "gateway dispatcher provisioner",
	"$JS.API.STREAM.INFO.TASKS":     "gateway dispatcher provisioner",
	"$JS.API.STREAM.INFO.DLQ":       "dispatcher provisioner",
	"$JS.API.STREAM.INFO.PROGRESS":  "dispatcher provisioner",
	"$JS.API.STREAM.INFO.HOOKS":     "dispatcher provisioner",
	"$JS.API.STREAM.NAMES":          "",
	"$JS.API.STREAM.LIST":           "",
	"$JS.API.STREAM.CREATE.TASKS":   "provisioner",
	"$JS.API.STREAM.CREATE.OTHER":   "",
	"$JS.API.STREAM.UPDATE.KV_JOBS": "provisioner",
	// What cannot be made good again.
	"$JS.API.STREAM.DELETE.TASKS":       "",
	"$JS.API.STREAM.DELETE.KV_JOBS":     "",
	"$JS.API.STREAM.MSG.DELETE.KV_JOBS": "",
	"$JS.API.STREAM.PURGE.KV_JOBS":      "dispatcher",
	"$JS.API.STREAM.PURGE.KV_FILES":     "dispatcher",
	"$JS.API.STREAM.PURGE.DLQ":          "dispatcher",
	"$JS.API.STREAM.PURGE.PROGRESS":     "dispatcher",
	"$JS.API.STREAM.PURGE.TASKS":        "gateway dispatcher",
	"$JS.API.STREAM.PURGE.HOOKS":        "dispatcher",
	"$JS.API.STREAM.SNAPSHOT.KV_JOBS":   "",
	// Reading.
	"$JS.API.STREAM.MSG.GET.KV_JOBS":                            "gateway preprocess dispatcher transcriber",
	"$JS.API.STREAM.MSG.GET.KV_FILES":                           "gateway",
	"$JS.API.STREAM.MSG.GET.TASKS":                              "",
	"$JS.API.DIRECT.GET.PROGRESS":                               "",
	"$JS.API.CONSUMER.CREATE.KV_JOBS.own_1.$KV.JOBS.job.>":      "gateway dispatcher metrics provisioner",
	"$JS.API.CONSUMER.CREATE.KV_JOBS.own_1.$KV.JOBS.erase.>":    "gateway dispatcher provisioner",
	"$JS.API.CONSUMER.CREATE.KV_JOBS.own_1.$KV.JOBS.>":          "provisioner",
	"$JS.API.CONSUMER.CREATE.KV_JOBS.own_1":                     "provisioner",
	"$JS.API.CONSUMER.CREATE.KV_JOBS.history.$KV.JOBS.job.>":    "provisioner",
	"$JS.API.CONSUMER.CREATE.KV_FILES.own_1.$KV.FILES.>":        "gateway dispatcher",
	"$JS.API.CONSUMER.CREATE.TASKS.pre.tasks.v1.pre.>":          "provisioner",
	"$JS.API.CONSUMER.DELETE.KV_JOBS.own_1":                     "gateway dispatcher metrics",
	"$JS.API.CONSUMER.DELETE.KV_JOBS.history":                   "",
	"$JS.API.CONSUMER.DELETE.KV_JOBS.assembler":                 "",
	"$JS.API.CONSUMER.DELETE.TASKS.pre":                         "",
	"$JS.API.CONSUMER.PAUSE.TASKS.pre":                          "",
	"$JS.API.CONSUMER.INFO.KV_JOBS.own_1":                       "gateway dispatcher metrics provisioner",
	"$JS.API.CONSUMER.INFO.KV_JOBS.history":                     "history provisioner",
	"$JS.API.CONSUMER.INFO.KV_JOBS.assembler":                   "dispatcher provisioner",
	"$JS.API.CONSUMER.INFO.TASKS.pre":                           "preprocess dispatcher provisioner",
	"$JS.API.CONSUMER.INFO.TASKS.asr_DEMO":                      "dispatcher transcriber provisioner",
	"$JS.API.CONSUMER.MSG.NEXT.KV_JOBS.own_1":                   "gateway dispatcher metrics",
	"$JS.API.CONSUMER.MSG.NEXT.KV_JOBS.history":                 "history",
	"$JS.API.CONSUMER.MSG.NEXT.KV_JOBS.assembler":               "dispatcher",
	"$JS.API.CONSUMER.MSG.NEXT.TASKS.pre":                       "preprocess",
	"hooks.v1.ANN.01.1.completed.again":                         "gateway dispatcher",
	"$JS.API.CONSUMER.CREATE.HOOKS.hooks.hooks.v1.>":            "provisioner",
	"$JS.API.CONSUMER.DELETE.HOOKS.hooks":                       "",
	"$JS.API.CONSUMER.DELETE.KV_JOBS.notify":                    "",
	"$JS.API.CONSUMER.INFO.HOOKS.hooks":                         "gateway provisioner",
	"$JS.API.CONSUMER.INFO.KV_JOBS.notify":                      "dispatcher provisioner",
	"$JS.API.CONSUMER.MSG.NEXT.HOOKS.hooks":                     "gateway",
	"$JS.API.CONSUMER.MSG.NEXT.KV_JOBS.notify":                  "dispatcher",
	"$JS.ACK.HOOKS.hooks.1.1.1.1.0":                             "gateway",
	"$JS.ACK.KV_JOBS.notify.1.1.1.1.0":                          "dispatcher",
	"$JS.API.CONSUMER.MSG.NEXT.TASKS.asr_DEMO":                  "transcriber",
	"$JS.ACK.TASKS.pre.1.1.1.1.0":                               "preprocess",
	"$JS.ACK.TASKS.asr_DEMO.1.1.1.1.0":                          "transcriber",
	"$JS.ACK.KV_JOBS.history.1.1.1.1.0":                         "history",
	"$JS.ACK.KV_JOBS.assembler.1.1.1.1.0":                       "dispatcher",
	"$JS.ACK._.HASH.TASKS.pre.1.1.1.1.0":                        "preprocess",
	"$JS.ACK._.HASH.TASKS.asr_DEMO.1.1.1.1.0":                   "transcriber",
	"$JS.ACK._.HASH.KV_JOBS.history.1.1.1.1.0":                  "history",
	"$JS.ACK.KV_JOBS.history.TASKS.asr_DEMO.1.1.0":              "history", // the server would take it for the history's
	"$JS.API.CONSUMER.CREATE.KV_JOBS.assembler.$KV.JOBS.job.>":  "provisioner",
	"$JS.API.CONSUMER.DURABLE.CREATE.KV_JOBS.history":           "",
	"$JS.API.CONSUMER.MSG.NEXT.KV_FILES.own_1":                  "gateway dispatcher",
	"$JS.API.CONSUMER.CREATE.PROGRESS.own_1.progress.v1.>":      "",
	"$JS.API.CONSUMER.CREATE.TASKS.asr_NEW.tasks.v1.asr.NEW.>":  "provisioner",
	"$JS.API.CONSUMER.CREATE.KV_FILES.own_1.$KV.FILES.ANN.FILE": "gateway dispatcher",
	// Uploads among the files.
	"$JS.API.CONSUMER.CREATE.KV_FILES.own_1.$KV.FILES.*.upload.*": "gateway dispatcher",
}

// maySubscribe is who may subscribe to what.
var maySubscribe = map[string]string{
	">":                    "",
	"*.v1.>":               "",
	"$KV.>":                "",
	"$KV.JOBS.job.>":       "",
	"tasks.v1.>":           "",
	"progress.v1.>":        "gateway",
	"ctl.v1.cancel.*":      "gateway preprocess transcriber",
	"ctl.v1.>":             "",
	"wrk.v1.hb.>":          "gateway",
	"obs.v1.>":             "metrics",
	"accounts.v1.changed":  "gateway",
	"_INBOX.>":             "",
	"_INBOX_gateway.>":     "gateway",
	"_INBOX_transcriber.>": "transcriber",
	"_INBOX_provisioner.>": "provisioner",
	"$JS.API.>":            "",
	"$JS.ACK.>":            "",
	"$JS.EVENT.>":          "",
	"$SYS.>":               "",
}

func TestRights_areTheTableAndNoMore(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t, "")
	for _, service := range bus.Users() {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			nc := s.Open(service, slog.New(slog.DiscardHandler)).NC
			for subject, allowed := range mayPublish {
				err := nc.Publish(subject, nil)
				expect(t, nc, err, service, fmt.Sprintf("Publish to %q", subject), allowed)
			}
			for subject, allowed := range maySubscribe {
				sub, err := nc.SubscribeSync(subject)
				expect(t, nc, err, service, fmt.Sprintf("Subscription to %q", subject), allowed)
				if err := sub.Unsubscribe(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// expect asks the server what it thought of what was just sent.
func expect(t *testing.T, nc *nats.Conn, err error, service, what, allowed string) {
	t.Helper()
	if err := errors.Join(err, nc.Flush()); err != nil {
		t.Fatal(err)
	}
	said := nc.LastError()
	denied := errors.Is(said, nats.ErrPermissionViolation) && strings.HasSuffix(said.Error(), "Violation for "+what)
	if may := slices.Contains(strings.Fields(allowed), service); denied == may {
		t.Errorf("%s: may %v, denied %v", what, may, denied)
	}
}
