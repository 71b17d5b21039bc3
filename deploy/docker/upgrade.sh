#!/bin/sh
# Brings the running mesh up to this folder's version while it is in use, replica by
# replica: `docker compose up` would replace all replicas of a service at once.
# `make upgrade-compose` runs it. What answers requests gets its successor before it
# goes; workers finish what they have in hand first. It may run again at any time.
set -eu

cd "$(dirname "$0")/../.."
# A service whose profile is off has none.
count() { docker compose ps --quiet "$1" 2>/dev/null | wc -l; }
[ "$(count haproxy)" -gt 0 ] || { echo "the mesh does not run; run: docker compose up --build -d --wait" >&2; exit 1; }

# replicas SERVICE N: N of them, without touching those that there are.
replicas() { docker compose up --detach --wait --no-deps --no-recreate --scale "$1=$2" "$1"; }

end() {
	docker stop "$1" >/dev/null
	docker rm "$1" >/dev/null
}

# Who is interrupted in the middle of a service leaves as many replicas as there were.
service=
trap '[ -z "$service" ] || replicas "$service" "$wanted"' EXIT
trap 'exit 1' INT TERM

echo "images"
docker compose build --quiet

echo "keys and rights, streams, tables"
docker compose run --rm --no-deps secrets
docker compose exec -T nats sh -c 'kill -HUP 1' # one that runs already may not look for new rights by itself
docker compose run --rm --no-deps provision
docker compose run --rm --no-deps migrate

for each in history cache metrics dispatcher audio-preprocess transcriber transcriber-gpu api-gateway; do
	wanted=$(count "$each")
	[ "$wanted" -gt 0 ] || continue
	service=$each
	for old in $(docker compose ps --quiet "$service"); do
		echo "$service $old"
		case $service in
		history | cache | metrics | api-gateway)
			replicas "$service" $((wanted + 1))
			end "$old"
			;;
		*)
			end "$old"
			replicas "$service" "$wanted"
			;;
		esac
	done
	service=
done

echo "what they stand on, where it has changed"
docker compose up --detach --wait --no-deps nats postgres redis haproxy prometheus alertmanager grafana otel-collector
