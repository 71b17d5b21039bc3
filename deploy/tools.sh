#!/bin/sh
# tools.sh [test]: installs the programs that Stenomesh runs beside its own: ffmpeg
# and ffprobe, and for the tests PostgreSQL and Redis, of which each test program
# starts one of its own. Does nothing where they are. On Debian it installs the
# packages, without their servers being started or enabled; elsewhere, or without
# the right to install, it says what to do.
set -eu

has() { command -v "$1" >/dev/null; }
has_postgres() { # Debian keeps the server's programs out of the PATH
	for program in /usr/lib/postgresql/*/bin/postgres; do
		[ ! -x "$program" ] || return 0
	done
	has postgres
}

packages=
if ! has ffmpeg || ! has ffprobe; then packages="$packages ffmpeg"; fi
if [ "${1:-}" = test ]; then
	if ! has_postgres; then packages="$packages postgresql"; fi
	if ! has redis-server; then packages="$packages redis-server"; fi
fi
packages=${packages# }
[ -n "$packages" ] || exit 0

if ! has apt-get; then
	echo "missing: $packages. Install them with your system's package manager (ffmpeg 5, PostgreSQL 15, Redis 7, or newer)." >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=$(command -v sudo) || { echo "missing: $packages. Run 'apt-get install $packages' as root." >&2; exit 1; }
fi
echo "installing $packages"
log=$(mktemp)
policy=/usr/sbin/policy-rc.d # what it refuses, the packages' scripts do not start
ours=
clean() {
	rm -f "$log"
	[ -z "$ours" ] || $sudo rm -f "$policy"
}
trap clean EXIT
trap 'exit 1' INT TERM
if [ ! -e "$policy" ]; then
	ours=1
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 755 "$policy"
fi
# $packages are words.
if ! { $sudo apt-get -q update &&
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $packages; } >"$log" 2>&1; then
	cat "$log" >&2
	echo "$packages could not be installed (see above)." >&2
	exit 1
fi
# Nor do the servers that came with them start with the machine. Those that were
# here before are left as they are.
for package in $packages; do
	case $package in
	postgresql | redis-server) ! has systemctl || $sudo systemctl -q disable "$package" >/dev/null 2>&1 ||
		echo "the service $package could not be disabled; the tests do not need it." >&2 ;;
	esac
done
