package cli_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestStatus_showsWhereAJobStands(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	steno(t, server, "transcribe", "--model", "demo", "--language", "en", recordings(t, gatewaytest.Broken)[0])

	r := steno(t, server, "status", "task-1")

	r.want(t, 0)
	golden(t, "status.txt", r.stdout)
}

func TestHistory_listsPageByPage(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	for _, name := range []string{"one.wav", "Интервью с гостем.ogg", "bad\x1b[2J\nname.wav"} {
		steno(t, server, "transcribe", recordings(t, name)[0])
	}

	first := steno(t, server, "history", "--limit", "2")
	second := steno(t, server, "history", "--limit", "2", "--cursor", "2")

	first.want(t, 0, "2 of 3 jobs; more: steno history --limit 2 --cursor 2\n")
	second.want(t, 0)
	golden(t, "history-1.txt", first.stdout)
	golden(t, "history-2.txt", second.stdout)
}

func TestHistory_ofANewUserTeaches(t *testing.T) {
	t.Parallel()

	r := steno(t, gatewaytest.Start(t), "history")

	r.want(t, 0, "`steno transcribe FILE` makes one")
}

func TestCancel_stopsAJobOnce(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	steno(t, server, "transcribe", recordings(t, "talk.mp3")[0])

	ended := steno(t, server, "cancel", "task-1")
	unknown := steno(t, server, "cancel", "task-2")

	ended.want(t, 1, "The job is already completed. (job_completed)")
	unknown.want(t, 1, "There is no task of this id. (task_not_found)")
}

func TestModels_listsThem(t *testing.T) {
	t.Parallel()

	r := steno(t, gatewaytest.Start(t), "models")

	r.want(t, 0)
	golden(t, "models.txt", r.stdout)
}

func TestVersion_needsNoServer(t *testing.T) {
	t.Parallel()

	r := execute(t.Context(), nil, terminal{}, "version")

	r.want(t, 0)
	if !strings.HasPrefix(r.stdout, "steno ") || !strings.Contains(r.stdout, "go1.") {
		t.Errorf("stdout is %q", r.stdout)
	}
}

func TestHelp_teaches(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string][]string{
		"help.txt": {"help"}, "help-transcribe.txt": {"help", "transcribe"}, "help-pull.txt": {"models", "pull", "-h"},
		"help-export.txt": {"help", "export"}, "help-search.txt": {"search", "-h"}, "help-watch.txt": {"help", "watch"},
		"help-history.txt": {"help", "history"}, "help-login.txt": {"help", "login"}, "help-keys-make.txt": {"help", "keys", "make"},
		"help-users-change.txt": {"users", "change", "-h"}, "help-stats.txt": {"help", "stats"}, "help-deliveries.txt": {"help", "deliveries"},
	} {
		r := execute(t.Context(), map[string]string{"STENO_TOKEN": "secret"}, terminal{}, arguments...)

		r.want(t, 0)
		golden(t, name, r.stdout)
	}
}

func TestSteno_refusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		arguments []string
		sentence  string
	}{
		{nil, "steno: name a command"},
		{[]string{"transcribbe"}, "there is no command \"transcribbe\"; `steno help` lists them"},
		{[]string{"help", "them"}, `there is no command "them"`},
		{[]string{"--speed"}, "flag provided but not defined"},
		{[]string{"-url", "mesh:8000", "models"}, `"mesh:8000" is not an address like http://127.0.0.1:8000`},
		{[]string{"-user", "anna", "models"}, "--user (STENO_USER) wants NAME:PASSWORD"},
		{[]string{"status"}, "status wants one task id"},
		{[]string{"cancel", "a", "b"}, "cancel wants one task id"},
		{[]string{"history", "all"}, "history takes no arguments"},
		{[]string{"history", "--limit", "0"}, "--limit goes from 1 to 1000"},
		{[]string{"search"}, "search wants words to look for"},
		{[]string{"search", "word", "--limit", "0"}, "--limit goes from 1 to 1000"},
		{[]string{"watch"}, "watch wants one task id"},
		{[]string{"retry", "a", "b"}, "retry wants one task id"},
		{[]string{"delete", ""}, "delete wants one task id"},
		{[]string{"export"}, "export wants at least one task id"},
		{[]string{"export", "--all"}, "--all takes no tasks, and wants a folder: --output FOLDER"},
		{[]string{"export", "a", "b", "--format", "docx"}, "docx is no text for a screen"},
		{[]string{"export", "a", "--format", "pdf"}, "not \"pdf\""},
		{[]string{"keys", "push"}, "keys takes no arguments but make and remove"},
		{[]string{"keys", "make"}, "keys make wants one name"},
		{[]string{"keys", "make", "a", "--expires", "soon"}, "is no date such as 2030-01-02"},
		{[]string{"keys", "remove"}, "keys remove wants the id of one key"},
		{[]string{"users", "push"}, "users takes no arguments but"},
		{[]string{"users", "--limit", "1001"}, "--limit goes from 1 to 1000"},
		{[]string{"users", "change", "u", "--jobs", "-1"}, "is not a number from 0, and not default"},
		{[]string{"users", "delete"}, "users delete wants the id of one user"},
		{[]string{"stats", "2"}, "stats takes no arguments"},
		{[]string{"deliveries", "resend", "task-1"}, "deliveries resend wants a task id and the id of a delivery"},
		{[]string{"webhook-secret", "2"}, "webhook-secret takes no arguments"},
		{[]string{"login"}, "login wants to know who you are: --user NAME"},
		{[]string{"me", "2"}, "me takes no arguments"},
		{[]string{"logout", "2"}, "logout takes no arguments"},
		{[]string{"models", "push"}, "models takes no arguments but pull"},
		{[]string{"models", "pull"}, "wants the name of one model"},
		{[]string{"version", "2"}, "version takes no arguments"},
	} {
		execute(t.Context(), nil, terminal{}, test.arguments...).want(t, 2, test.sentence)
	}
}

func TestSteno_saysWhatToDoWhenItIsNotLetIn(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	for _, test := range []struct {
		flags    []string
		sentence string
	}{
		{[]string{"-user", "anna:wrong"}, "The name or the password is wrong. (invalid_credentials); check --user (STENO_USER)"},
		{[]string{"-token", "old"}, "log in with --user NAME:PASSWORD (STENO_USER), or pass a valid --token (STENO_TOKEN)"},
		{nil, "log in with --user NAME:PASSWORD"},
	} {
		arguments := append([]string{"-url", server.URL, "models"}, test.flags...)
		execute(t.Context(), nil, terminal{}, arguments...).want(t, 1, test.sentence)
	}
}

func TestSteno_letsAFlagBeatTheEnvironment(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	env := map[string]string{"STENO_URL": server.URL, "STENO_TOKEN": "old"}

	r := execute(t.Context(), env, terminal{}, "models", "-user", gatewaytest.User+":"+gatewaytest.Password)

	r.want(t, 0)
}

func TestSteno_saysHowToStartAServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil { // now nobody listens there
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()

	r := execute(t.Context(), nil, terminal{}, "models", "--url", address)

	r.want(t, 1, "no server answers at "+address+"; start one with `make up`, or name another with --url")
}

func TestSteno_tellsWhenToTryAgain(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	server.Plan("/api/v1/models", 503, "120")

	r := steno(t, server, "models")

	r.want(t, 1, "The test wants it so. (planned); try again in 2m0s")
}
