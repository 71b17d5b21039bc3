#!/bin/sh
# Runs a command with what cgo needs to build and link against libwhisper:
#
#   env.sh go test -tags whisper ./services/transcriber/internal/whisper/
#
# Sets libwhisper up first if need be (setup.sh). With the packages unpacked in
# root/ the program gets that folder's dynamic loader and library path, because
# its libraries need a newer C library than the machine has. Both are absolute:
# after moving the project folder, build again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/root

"$here/setup.sh"

if [ -f "$root/PACKAGES" ]; then
	lib=$(dirname "$(find "$root/usr/lib" -name libwhisper.so | head -n 1)")
	loader=$(find "$lib" -maxdepth 1 -name 'ld-linux*.so.*' | head -n 1)
	[ -n "$loader" ] || { echo "whisper env: no dynamic loader in $lib; delete $root and run setup.sh" >&2; exit 1; }
	cflags="-I$root/usr/include"
	# RPATH and not RUNPATH: it must also serve libwhisper's own libraries and
	# the backends that are opened later. The shared libraries refer to symbols
	# of the newer C library, which only the new loader can resolve.
	ldflags="-L$lib -Wl,--dynamic-linker=$loader -Wl,-rpath,$lib -Wl,--disable-new-dtags -Wl,--allow-shlib-undefined"
else
	cflags=$(pkg-config --cflags whisper)
	ldflags=$(pkg-config --libs-only-L whisper)
fi

export CGO_ENABLED=1
export CGO_CFLAGS="-O2 -g $cflags"
export CGO_LDFLAGS="-O2 -g $ldflags"
exec "$@"
