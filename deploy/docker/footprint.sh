#!/bin/sh
# Prints what each container of the running mesh takes while nobody asks it for
# anything: memory in MiB and processor time in percent of one core, means over half
# a minute. `make footprint` runs it.
#
# Environment:
#   SECONDS_LONG   how long it looks, default 30
set -eu

cd "$(dirname "$0")/../.."
long=${SECONDS_LONG:-30}
containers=$(docker compose ps --quiet --status running)
[ -n "$containers" ] || { echo "the mesh does not run; run: docker compose up --build -d --wait" >&2; exit 1; }
echo "sampling for $long s" >&2
samples=$(mktemp)
trap 'rm -f "$samples"' EXIT
until=$(($(date +%s) + long))
while [ "$(date +%s)" -lt "$until" ]; do
	# shellcheck disable=SC2086 # a list of words
	docker stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}' $containers >>"$samples"
done
sort "$samples" | awk '
	function mib(text,   n) {
		n = text + 0
		if (text ~ /GiB/) return n * 1024
		if (text ~ /KiB/) return n / 1024
		if (text ~ /[0-9]B/) return n / 1048576
		return n
	}
	function row(name, memory, cpu) { printf "%-32s %8s %8s\n", name, memory, cpu }
	function figures(name, memory, cpu) { row(name, sprintf("%.1f", memory), sprintf("%.2f", cpu)) }
	function flush() {
		if (!n) return
		figures(name, memory / n, cpu / n)
		all_memory += memory / n; all_cpu += cpu / n
	}
	BEGIN { row("container", "MiB", "% core") }
	$1 != name { flush(); name = $1; n = memory = cpu = 0 }
	{ n++; cpu += $2; memory += mib($3) }
	END { flush(); figures("all", all_memory, all_cpu) }'
