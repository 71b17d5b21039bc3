#!/bin/sh
# Installs the programs that Stenomesh runs beside its own: ffmpeg and ffprobe.
# Does nothing where they are. On Debian it installs the package; elsewhere, or
# without the right to install, it says what to do.
set -eu

if command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null; then
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "ffmpeg is missing: install ffmpeg 5 or newer with your system's package manager." >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=$(command -v sudo) || { echo "ffmpeg is missing: run 'apt-get install ffmpeg' as root." >&2; exit 1; }
fi
echo "installing ffmpeg"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $sudo apt-get -q update && $sudo apt-get -q -y install --no-install-recommends ffmpeg; } >"$log" 2>&1; then
	cat "$log" >&2
	echo "ffmpeg could not be installed (see above)." >&2
	exit 1
fi
