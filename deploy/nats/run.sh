#!/bin/sh
# Starts the server of docker-compose.yml, and has it read the accounts again when
# `stenomesh secrets` has written others: services of a new version may need rights
# that it does not know, and it asks for no restart for that.
set -eu

config=/etc/nats/nats.conf
accounts=/etc/nats/accounts/accounts.conf
# The loop outlives the exec below, as a child of the server, which is process 1.
(
	read_last=$(cksum <"$accounts")
	while sleep 2; do
		now=$(cksum <"$accounts" 2>/dev/null) || continue
		[ "$now" = "$read_last" ] && continue
		read_last=$now
		kill -HUP 1
	done
) &
exec nats-server -c "$config"
