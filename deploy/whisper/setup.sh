#!/bin/sh
# Makes libwhisper usable for building whisper-engine.
#
#   setup.sh [BACKEND...]     BACKEND: vulkan, blas, ... (packages libggml0-backend-*)
#
# A libwhisper that pkg-config knows is used as it is, with the backends that are
# installed beside it. Otherwise Debian's own packages are downloaded by apt,
# which checks their signatures, and unpacked into the folder root/ beside this
# script; nothing is installed on the machine and no rights are needed. A second
# run is instant, and adds to the backends of the first. To get newer packages,
# delete root/ and run it again.
#
# Environment:
#   DEBIAN_MIRROR   archive to use, for example http://deb.debian.org/debian;
#                   default: the one in this machine's apt sources
#   DEBIAN_SUITE    suite to take the packages from; default forky
#   WHISPER_LOCAL   1: unpack packages even if the system has a libwhisper
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/root
suite=${DEBIAN_SUITE:-forky}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
oldest=1.9

say() { echo "whisper setup: $*"; }
die() { echo "whisper setup: $*" >&2; exit 1; }

# What is unpacked goes before the system's: env.sh builds with it.
system_has_whisper() {
	[ "${WHISPER_LOCAL:-0}" != 1 ] && [ ! -f "$root/PACKAGES" ] && command -v pkg-config >/dev/null &&
		pkg-config --exists "whisper >= $oldest"
}

# root/ appears by one rename, with its PACKAGES, so the list tells what is complete.
is_complete() {
	[ -f "$root/PACKAGES" ] || return 1
	for backend in "$@"; do
		grep -q "^libggml0-backend-$backend " "$root/PACKAGES" || return 1
	done
}

# use_system BACKEND...: with the system's libwhisper go the system's backends.
use_system() {
	for backend in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "libggml0-backend-$backend" 2>/dev/null)" = installed ] ||
			die "the system's libwhisper is used, and $backend is not installed for it." \
				"Run: apt-get install libggml0-backend-$backend (or run this with WHISPER_LOCAL=1, which unpacks packages of our own)."
	done
	say "using the system's libwhisper $(pkg-config --modversion whisper)"
}

# unpacked_backends prints the backends that root/ has already.
unpacked_backends() {
	[ ! -f "$root/PACKAGES" ] || sed -n 's/^libggml0-backend-\([^ ]*\) .*/\1/p' "$root/PACKAGES"
}

check_tools() {
	for tool in apt-get apt-cache apt-config dpkg dpkg-deb; do
		command -v "$tool" >/dev/null || die "$tool is missing: this machine is not Debian-like." \
			"Install whisper.cpp $oldest or newer so that 'pkg-config whisper' finds it."
	done
	[ -r "$keyring" ] || die "$keyring is missing: install the package debian-archive-keyring."
}

# mirror prints the archive this machine's own Debian comes from.
mirror() {
	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		echo "$DEBIAN_MIRROR"
		return
	fi
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
		awk -v own="$codename" '
			$1 == own || $1 ~ /^(oldoldstable|oldstable|stable|testing|unstable|sid)$/ {
				if ($2 ~ /security/ || $2 ~ /ubuntu/) next
				print $2; exit
			}'
}

# write_apt_conf FILE: an apt of our own that shares with the machine's apt only
# how to reach the network (proxies, time-outs), never its state. Signatures
# stay required whatever the machine allows.
write_apt_conf() {
	apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' >"$1" || :
	cat >>"$1" <<-CONF
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "/dev/null";
		Dir::Etc::sourcelist "$work/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$work/state";
		Dir::State::status "$work/status";
		Dir::Cache "$work/cache";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Install-Recommends "false";
		APT::Get::AllowUnauthenticated "false";
		APT::Update::Error-Mode "any";
		Acquire::AllowInsecureRepositories "false";
		Acquire::AllowWeakRepositories "false";
		Acquire::AllowDowngradeToInsecureRepositories "false";
		Acquire::Languages "none";
		Acquire::PDiffs "false";
	CONF
}

# advice prints what to do about the errors of apt-get update in $work/log.
advice() {
	if grep -Eq 'Release file .* is (expired|not valid yet)' "$work/log"; then
		echo "The mirror is behind or this machine's clock is wrong: check the clock, or set DEBIAN_MIRROR to another archive."
	else
		echo "If a public key is missing, upgrade the package debian-archive-keyring; if the archive cannot be reached, set DEBIAN_MIRROR."
	fi
}

# fetch BACKEND...: downloads libwhisper and all it needs into $work/cache.
fetch() {
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
	: >"$work/status"
	echo "deb [signed-by=$keyring] $archive $suite main" >"$work/sources.list"
	write_apt_conf "$work/apt.conf"
	export APT_CONFIG="$work/apt.conf"

	say "reading the package index of $suite from $archive"
	apt-get -q update >"$work/log" 2>&1 || { cat "$work/log" >&2; die "cannot read $suite from $archive (see above)." "$(advice)"; }

	version=$(apt-cache show --no-all-versions libwhisper1 2>/dev/null | sed -n 's/^Version: //p')
	[ -n "$version" ] || die "$archive $suite has no package libwhisper1 for $arch."
	dpkg --compare-versions "$version" ge "$oldest" || die "libwhisper1 $version in $suite is older than $oldest."

	packages="libwhisper1 libwhisper-dev"
	for backend in "$@"; do packages="$packages libggml0-backend-$backend"; done
	say "downloading libwhisper $version and what it needs"
	# shellcheck disable=SC2086 # a list of words
	apt-get -q -y --download-only install $packages >"$work/log" 2>&1 || {
		cat "$work/log" >&2; die "cannot download the packages (see above)."; }
}

# unpack: $work/cache -> root/, complete or not at all.
unpack() {
	fresh=$(mktemp -d "$here/root.XXXXXX")
	for deb in "$work"/cache/archives/*.deb; do
		dpkg-deb -x "$deb" "$fresh"
		sum=$(sha256sum "$deb")
		echo "$(dpkg-deb -f "$deb" Package) $(dpkg-deb -f "$deb" Version) ${sum%% *}" >>"$fresh/list"
	done
	chmod 755 "$fresh"
	mv "$fresh/list" "$fresh/PACKAGES"
	rm -rf "$root"
	mv -T "$fresh" "$root"
}

cleanup() { rm -rf "$work" ${fresh:+"$fresh"}; }

if is_complete "$@"; then
	exit 0
fi
if system_has_whisper; then
	use_system "$@"
	exit 0
fi
check_tools
arch=$(dpkg --print-architecture)
archive=$(mirror)
[ -n "$archive" ] || die "no Debian archive among this machine's apt sources: set DEBIAN_MIRROR, for example http://deb.debian.org/debian"
work=$(mktemp -d)
fresh=
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work" # apt downloads as its own user
# shellcheck disable=SC2046 # a list of words
fetch "$@" $(unpacked_backends)
unpack
say "$(wc -l <"$root/PACKAGES") packages in $root"
