#!/bin/sh
# Builds the program whisper-engine:
#
#   build.sh OUT [go build flags...]      for example: build.sh bin/whisper-engine -race
set -eu

[ $# -ge 1 ] || { echo "usage: build.sh OUT [go build flags...]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
case $1 in
/*) out=$1 ;;
*) out=$PWD/$1 ;;
esac
shift
cd "$here/../../services"
exec "$here/env.sh" go build -tags whisper "$@" -o "$out" ./transcriber/cmd/whisper-engine
