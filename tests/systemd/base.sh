# What check.sh and tests/container/check.sh share: a small Debian of one suite, made once, and commands in
# it. The caller sets suite, directory (for the file systems) and base.
# shellcheck shell=bash disable=SC2154

skip() {
	echo "skipped: $*"
	exit 0
}

say() { printf '== %s\n' "$*"; }

# NAME...: programs that are needed.
need() {
	local tool

	[ "$(id -u)" = 0 ] || skip "only root can start a container"
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	unshare --mount --net --pid --fork true 2>/dev/null || skip "this machine permits no namespaces"
	# shellcheck disable=SC2016 # apt's own variable
	mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)}
	[ -n "$mirror" ] || skip "apt has no source of packages; set MIRROR"
	mkdir -p /run/systemd "$directory"
}

# A command in a Debian that does not run, with the network of this machine.
inside() {
	local root=$1
	shift
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --directory="$root" \
		--resolv-conf=off --setenv=DEBIAN_FRONTEND=noninteractive --setenv=LC_ALL=C.UTF-8 \
		"$@" </dev/null
}

# Run a command with its output in a file, and show the end of that when it fails.
logged() {
	local log=$1
	shift
	"$@" >>"$log" 2>&1 || {
		tail -n 20 "$log"
		return 1
	}
}

# Done once; a copy that was cut short has no mark.
make_base() {
	[ ! -e "$base/made" ] || return 0
	say "a small Debian ($suite)"
	rm -rf "$base"
	logged "$base.log" debootstrap --variant=minbase --include=systemd-sysv "$suite" "$base" "$mirror"
	# A person types "y".
	echo 'APT::Get::Assume-Yes "true";' >"$base/etc/apt/apt.conf.d/90check"
	# ZooKeeper is there before the README begins; its service is not started here.
	logged "$base.log" inside "$base" sh -c 'apt-get -q update &&
		apt-get -q install --no-install-recommends zookeeperd && apt-get clean &&
		useradd --create-home --shell /bin/bash admin'
	touch "$base/made"
}
