# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Packages on this machine: those that are missing are installed. LOG is the
# script's that asks for them.

installed() {
	[[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ?i* ]]
}

# missing_packages PACKAGE…
missing_packages() {
	local package

	for package; do
		installed "$package" || printf '%s\n' "$package"
	done
}

# apt_get ARG…: the log has all, the terminal a line per package
apt_get() {
	DEBIAN_FRONTEND=noninteractive \
		apt-get -q -o DPkg::Lock::Timeout=600 "$@" 2>&1 </dev/null |
		tee -a "$LOG" |
		sed -n -u 's/^Setting up \([^ ]*\).*/  \1/p; s/^E: /  apt: /p' >&2
}

# install_packages PACKAGE…: without network and root if none is missing
install_packages() {
	local -a missing

	mapfile -t missing < <(missing_packages "$@")
	((${#missing[@]})) || return 0
	[[ $(id -u) == 0 ]] ||
		die "not root: cannot install ${missing[*]}; run it as root, or install them"
	say "installing ${missing[*]}"
	apt_get update || die "apt-get update failed, see $LOG"
	apt_get install -y --no-install-recommends "${missing[@]}" ||
		die "apt-get install failed, see $LOG; needed: ${missing[*]}"
}
