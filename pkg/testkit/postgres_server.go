package testkit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// postgres is a server in a folder of its own, which holds data, socket and log.
type postgres struct {
	programs string // folder of its programs
	folder   string
	account  *syscall.SysProcAttr
	watcher  *exec.Cmd // nil while it is stopped
	pipe     *os.File  // the watcher's input
	made     atomic.Int64
}

func newPostgres() (*postgres, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "stenomesh-postgres-")
	if err != nil {
		return nil, err
	}
	p := &postgres{programs: programs, folder: folder}
	if p.account, err = postgresAccount(folder); err == nil {
		err = p.initialize()
	}
	if err == nil {
		err = p.start()
	}
	if err != nil {
		_ = os.RemoveAll(folder) // the first error is the one to tell
		return nil, err
	}
	return p, nil
}

// postgresPrograms finds the newest server that is installed.
func postgresPrograms() (string, error) {
	newest, found := -1, ""
	servers, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is sound
	for _, server := range servers {
		folder := filepath.Dir(server)
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
		if err == nil && version > newest {
			newest, found = version, folder
		}
	}
	if found != "" {
		return found, nil
	}
	server, err := exec.LookPath("postgres")
	if err == nil {
		server, err = filepath.EvalSymlinks(server)
	}
	if err != nil {
		return "", fmt.Errorf("PostgreSQL is not installed; run: make test-tools (%w)", err)
	}
	return filepath.Dir(server), nil
}

// postgresAccount says as whom the server runs, and gives the folder to them:
// PostgreSQL refuses to run as root. It has a process group of its own so that
// Ctrl-C is for the tests alone.
func postgresAccount(folder string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		return nil, fmt.Errorf("account %s has ids %s and %s", account.Username, account.Uid, account.Gid)
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, os.Chown(folder, int(uid), int(gid))
}

// initialize makes the files of an empty server.
func (p *postgres) initialize() error {
	data := filepath.Join(p.folder, "data")
	if err := p.run("initdb", "-D", data, "-U", PostgresUser, "-E", "UTF8", "--locale=C", "-A", "trust", "--no-sync"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(logins), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(data, "postgresql.conf"), []byte(settings), 0o600)
}

const logins = "local all " + PostgresUser + " trust\nlocal all all scram-sha-256\n"

// settings make a server small and careless: what it holds need not survive the
// machine, only the server's own end.
const settings = `
listen_addresses = ''
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
shared_buffers = 32MB
max_connections = 200
max_worker_processes = 1
jit = off
timezone = UTC
`

// watch runs a server beside a pipe. A word on the pipe, or its end because the
// test program has ended, stops the server; without a word its files go too.
const watch = `
folder=$1
shift
"$@" >>"$folder/log" 2>&1 </dev/null &
word=
read -r word
kill -QUIT $!
wait
[ -n "$word" ] || rm -rf "$folder"
`

// start returns when the server takes connections.
func (p *postgres) start() error {
	input, pipe, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = input.Close() }() // the watcher has its own
	watcher := p.command("/bin/sh", "-c", watch, "sh", p.folder,
		filepath.Join(p.programs, "postgres"), "-D", filepath.Join(p.folder, "data"), "-k", p.folder)
	watcher.Stdin = input
	if err := watcher.Start(); err != nil {
		_ = pipe.Close() // nobody reads it
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	p.watcher, p.pipe = watcher, pipe
	deadline := time.Now().Add(Patience)
	for p.run("pg_isready", "-q", "-h", p.folder) != nil {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(p.folder, "log")) // empty if there is none
			p.stop("keep\n")
			return fmt.Errorf("PostgreSQL does not start: %s", log)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// stop ends the server; without a word its files go too. It does nothing when the
// server is stopped.
func (p *postgres) stop(word string) {
	if p.watcher == nil {
		return
	}
	_, _ = p.pipe.WriteString(word) // a watcher that is gone has nothing to stop
	_ = p.pipe.Close()
	_ = p.watcher.Wait()
	p.watcher, p.pipe = nil, nil
}

// run runs one of the programs that come with the server.
func (p *postgres) run(program string, args ...string) error {
	if output, err := p.command(filepath.Join(p.programs, program), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, output)
	}
	return nil
}

// command prepares a program as the server's account. Nothing of the machine's own
// settings for PostgreSQL reaches it.
func (p *postgres) command(program string, args ...string) *exec.Cmd {
	command := exec.CommandContext(context.Background(), program, args...) // the watcher ends what lasts
	command.Dir, command.SysProcAttr = p.folder, p.account
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	return command
}
