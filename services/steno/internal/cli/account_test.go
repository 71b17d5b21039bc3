package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestLogin_countsForAllCommandsThatFollow(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	anna := person{password: gatewaytest.Password, loginFile: filepath.Join(t.TempDir(), "deep", "login.json")}

	for range 2 { // the second takes the place of the first
		in := anna.run(t.Context(), "login", "--url", server.URL, "--user", gatewaytest.User)
		in.want(t, 0)
		if in.stdout != "logged in at "+server.URL+" as anna\n" {
			t.Errorf("stdout is %q", in.stdout)
		}
	}
	if info, err := os.Stat(anna.loginFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, error %v", info, err)
	}
	keys := anna.run(t.Context(), "keys")
	keys.want(t, 0)
	if strings.Count(keys.stdout, "steno on ") != 1 {
		t.Errorf("keys are\n%s", keys.stdout)
	}
	anna.run(t.Context(), "models", "--token", "old").want(t, 1, "(invalid_token)") // what is said beats what is kept
	elsewhere := gatewaytest.Start(t)
	anna.run(t.Context(), "models", "--url", elsewhere.URL).want(t, 1, "(login_required)") // the key is no other server's

	anna.run(t.Context(), "logout").want(t, 0)

	if _, err := os.Stat(anna.loginFile); err == nil {
		t.Error("the file is still there")
	}
	if out := anna.run(t.Context(), "logout"); out.code != 0 || out.stdout != "you are not logged in\n" {
		t.Errorf("once more: %+v", out)
	}
	anna.run(t.Context(), "models", "--url", server.URL).want(t, 1, "`steno login` once")
}

func TestKeys_areMadeListedAndRemoved(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)

	made := steno(t, server, "keys", "make", "laptop", "--expires", "2030-01-02")
	made.want(t, 0, "key key-1 is made; it is shown only now")
	if made.stdout != "sk-key-1\n" {
		t.Errorf("stdout is %q", made.stdout)
	}
	env := map[string]string{"STENO_URL": server.URL, "STENOMESH_API_KEY": "sk-key-1"}
	list := execute(t.Context(), env, terminal{}, "keys")
	list.want(t, 0)
	golden(t, "keys.txt", list.stdout)
	steno(t, server, "keys", "remove", "key-1").want(t, 0)
	execute(t.Context(), env, terminal{}, "keys").want(t, 1, "(invalid_token)")
	steno(t, server, "keys", "remove", "key-1").want(t, 1, "(key_not_found)")
}

func TestUsers_areMadeShownChangedAndDeleted(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	boss := person{env: map[string]string{"STENO_URL": server.URL, "STENO_TOKEN": gatewaytest.Token}, password: "long enough"}

	made := boss.run(t.Context(), "users", "make", "ben", "--audio-seconds", "3600", "--jobs", "0")
	made.want(t, 0)
	golden(t, "user.txt", made.stdout)
	changed := boss.run(t.Context(), "users", "change", "user-2", "--role", "admin", "--active=false", "--password",
		"--audio-seconds", "default", "--stored-bytes", "5000000")
	changed.want(t, 0)
	golden(t, "user-changed.txt", changed.stdout)
	list := boss.run(t.Context(), "users")
	list.want(t, 0)
	golden(t, "users.txt", list.stdout)
	shown := boss.run(t.Context(), "users", "show", "user-2", "--json")
	var account map[string]any
	if err := json.Unmarshal([]byte(shown.stdout), &account); err != nil || account["username"] != "ben" || account["active"] != false {
		t.Errorf("shown %q, error %v", shown.stdout, err)
	}
	boss.run(t.Context(), "users", "delete", "user-2").want(t, 0)
	boss.run(t.Context(), "users", "show", "user-2").want(t, 1, "(user_not_found)")
	boss.password = "short"
	boss.run(t.Context(), "users", "make", "eve").want(t, 1, "A password has at least 8 characters. (invalid_password)")
}

func TestMe_tellsWhatIsLeft(t *testing.T) {
	t.Parallel()

	r := steno(t, gatewaytest.Start(t), "me")

	r.want(t, 0)
	golden(t, "me.txt", r.stdout)
}

func TestStats_tellWhatJobsComeTo(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)

	own := steno(t, server, "stats")
	system := steno(t, server, "stats", "--system")

	own.want(t, 0)
	system.want(t, 0)
	golden(t, "stats.txt", own.stdout)
	golden(t, "stats-system.txt", system.stdout)
}

func TestSteno_answersInJSON(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	steno(t, server, "transcribe", recordings(t, "talk.mp3")[0]).want(t, 0)
	for _, arguments := range [][]string{
		{"status", "task-1"}, {"history"}, {"search", "words"}, {"models"}, {"keys"}, {"keys", "make", "a"}, {"users"},
		{"me"}, {"stats"}, {"stats", "--system"}, {"deliveries", "task-1"},
	} {
		r := steno(t, server, append(arguments, "--json")...)

		r.want(t, 0)
		if !json.Valid([]byte(r.stdout)) || strings.Contains(r.stdout, "0001-01-01") {
			t.Errorf("%v printed %s", arguments, r.stdout)
		}
	}
}
