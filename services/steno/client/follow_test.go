package client_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/client"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestFollow_tellsEachSegmentOnceOverBrokenStreams(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]int{"whole": 0, "broken": 1, "broken twice": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := gatewaytest.Start(t)
			c := connect(t, server)
			task := submit(t, c, "talk.mp3")
			server.BreakStreams(breaks)
			var told []string

			end, err := c.Follow(t.Context(), task, "", func(e client.Event) { told = append(told, sayEvent(e)) })

			if err != nil || end.Status != "completed" || end.FileName != "talk.mp3" {
				t.Errorf("ended as %+v, error %v", end, err)
			}
			want := []string{"transcribing", "40 %", "The words of talk.mp3.", "And the end of it."}
			if !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
}

func sayEvent(e client.Event) string {
	switch {
	case e.Status != nil:
		return e.Status.Status
	case e.Progress != nil:
		return "40 %"
	default:
		return e.Segment.Text
	}
}

func TestFollow_goesOnBehindWhatIsKnown(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	var told []string

	_, err := c.Follow(t.Context(), submit(t, c, "talk.mp3"), "1.1", func(e client.Event) { told = append(told, e.ID+" "+sayEvent(e)) })

	if err != nil || !slices.Equal(told, []string{"1.2 And the end of it."}) {
		t.Errorf("told %q, error %v", told, err)
	}
}

func TestFollow_tellsWhyThereIsNoTranscript(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))

	end, err := c.Follow(t.Context(), submit(t, c, gatewaytest.Broken), "", nil)

	if err != nil || end.Status != "failed" || end.Error == nil || end.Error.Code != "corrupt_media" {
		t.Errorf("ended as %+v, error %v", end, err)
	}
	_, err = c.Follow(t.Context(), "task-9", "", nil)
	wantProblem(t, err, http.StatusNotFound, "task_not_found")
}

func TestFollow_stopsWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	ctx, cancel := context.WithCancel(t.Context())

	_, err := c.Follow(ctx, submit(t, c, gatewaytest.Endless), "", func(e client.Event) {
		if e.Segment != nil {
			cancel()
		}
	})

	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}

func TestFollow_asksForTheEndWhereAllIsKnown(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	c := connect(t, server)
	task := submit(t, c, "talk.mp3")
	server.Plan("/api/v1/transcription/"+task+"/events", http.StatusNoContent, "")
	if _, err := c.Watch(t.Context(), task, nil); err != nil {
		t.Fatal(err)
	}

	end, err := c.Follow(t.Context(), task, "1.2.end", nil)

	if err != nil || end.Status != "completed" {
		t.Errorf("ended as %+v, error %v", end, err)
	}
}

func FuzzFollow(f *testing.F) {
	f.Add("event: segment\nid: 1.1\ndata: {\"text\":\"a\"}\n\nevent: done\nid: 1.1.end\ndata: {\"status\":\"completed\"}\n\n")
	f.Add("retry: 99999999999\r\n\r\n:\n\nevent: status\ndata: {\ndata: }\n\n")
	f.Add("event\ndata\nid\n\nevent: error\ndata: []\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		sent := false
		c := over(t, roundTrip(func(*http.Request) (*http.Response, error) {
			if sent {
				return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody}, nil
			}
			sent = true
			return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader("retry: 0\n" + text)}}, nil
		}))
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // so that nobody waits to come back
		end, err := c.Follow(ctx, "task", "", func(e client.Event) {
			if (e.Status == nil) == (e.Progress == nil && e.Segment == nil) {
				t.Errorf("an event that says nothing or too much: %+v", e)
			}
		})
		if err == nil && end.Status == "" && end.Error == nil && !strings.Contains(text, "done") {
			t.Errorf("ended as %+v", end)
		}
	})
}
