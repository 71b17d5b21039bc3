#!/bin/sh
# Brings the mesh up in containers, transcribes the bundled recordings through its
# public API, and leaves it running. `make demo-compose` runs it.
set -eu

cd "$(dirname "$0")/../.."
docker compose version >/dev/null 2>&1 || {
	echo "docker with compose is missing: install Docker Engine and its compose plugin." >&2
	exit 1
}
docker compose up --build --detach --wait
# Out of a container whose image has no shell; never in an argument or on the screen.
docker compose cp history:/secrets/admin-password - | tar -xO |
	"${GO:-go}" run ./services/mesh/cmd/demo -url "http://127.0.0.1:8000" -user admin -password-file -
cat <<'END'

The mesh goes on running, on port 8000. The password of admin is shown by
  docker compose cp history:/secrets/admin-password - | tar -xO
It stops with
  docker compose down              and keeps its data, or
  docker compose down --volumes    and forgets everything.
END
