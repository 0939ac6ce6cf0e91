# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Packages and root file systems of any suite of Debian, whatever this machine's
# own sources are: apt with a state of its own, in the cache.

DEBIAN_MIRROR=http://deb.debian.org
# Options of each source: who signs it; and a mirror that lags behind will do, though
# what testing's says of itself holds for a week.
DEBIAN_KEYS="/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no"

# debian_sources SUITE: as in sources.list
debian_sources() {
	local suite=$1 release=${1%-backports}
	local deb="deb [signed-by=$DEBIAN_KEYS] $DEBIAN_MIRROR"

	echo "$deb/debian $release main"
	echo "$deb/debian $release-updates main"
	echo "$deb/debian-security $release-security main"
	[[ $suite == "$release" ]] || echo "$deb/debian $suite main"
}

# debian_apt SUITE TOOL ARG…: apt-get or apt-cache as on a machine of that suite
debian_apt() {
	local suite=$1 tool=$2 dir
	local -a options=()
	shift 2

	dir=$(cache_dir)/apt-$suite
	mkdir -p "$dir"/{lists,archives}/partial
	: >"$dir/status"
	debian_sources "$suite" >"$dir/sources.list"
	# Without this backports are for those who ask by version.
	[[ $suite != *-backports ]] || options=(-o "APT::Default-Release=$suite")
	"$tool" -q -o Dir::Etc::sourcelist="$dir/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Dir::State::status="$dir/status" \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache::archives="$dir/archives" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" \
		"${options[@]}" "$@"
}

# alone CMD…: its mounts and processes are its own, and gone when it or this
# script ends, however that may be
alone() {
	local -a user=()

	[[ $(id -u) == 0 ]] || user=(--map-root-user)
	setpriv --pdeathsig KILL unshare "${user[@]}" --mount --pid --fork --kill-child \
		--mount-proc "$@"
}

# debian_root SUITE DIR PACKAGE…: the root of a minimal system with these
debian_root() {
	local suite=$1 dir=$2 sources=$BUILD/sources.list
	shift 2

	[[ $(id -u) == 0 ]] || die "not root: cannot make a root of Debian $suite in $dir"
	debian_sources "$suite" >"$sources"
	# Headers may ask for the image, but it is not booted from there.
	INITRD=No alone mmdebstrap --mode=root --variant=minbase --quiet \
		--include="$*" --aptopt='Acquire::Languages "none"' \
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		"${suite%-backports}" "$dir" "$sources" >>"$LOG" 2>&1 </dev/null ||
		die "cannot make a root of Debian $suite: $(tail -n 1 "$LOG"); see $LOG"
}

# debian_chroot ROOT DIR CMD…: runs CMD in the folder DIR, which is /mnt there
debian_chroot() {
	# shellcheck disable=SC2016 # the inner shell's
	alone sh -ec '
		root=$1 dir=$2
		shift 2
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount --bind "$dir" "$root/mnt"
		exec chroot "$root" sh -c "cd /mnt && exec \"\$@\"" sh "$@"
	' sh "$@"
}
