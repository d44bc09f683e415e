#!/bin/bash
# Boots a fresh Debian with systemd in a container, installs the packages there, follows the README,
# and checks the services: see guest.sh, which runs inside. The container has no network but its own
# loopback: what apt needs is downloaded before.
#
#	check.sh SUITE DIRECTORY ARCHIVE DEBS
#
# SUITE: bookworm or trixie. DIRECTORY: for the file systems; kept for the next run are a small Debian,
# of which the guest is an overlay, and one that has compiled the packages. ARCHIVE: the source archive.
# DEBS: a directory with packages for this machine's Debian; those for another one are compiled in a
# container of that.
#
# Exit status 0 with a line "skipped: REASON" where it cannot run.
set -euo pipefail

# What is mounted here ends with this script.
[ -n "${OWN_MOUNTS:-}" ] || [ "$(id -u)" != 0 ] || ! unshare --mount true 2>/dev/null ||
	exec env OWN_MOUNTS=1 unshare --mount "$0" "$@"

suite=$1 directory=$(realpath -m "$2") archive=$(realpath "$3") debs=$(realpath "$4")
here=$(realpath "$(dirname "$0")") top=$(realpath "$(dirname "$0")/../..")
base=$directory/$suite builder=$directory/$suite-builder guest=$directory/$suite-guest
name=zknginx-check-$suite-$$

# shellcheck source=tests/systemd/base.sh
. "$here/base.sh"
need debootstrap systemd-nspawn

make_packages() {
	# shellcheck source=/dev/null
	if [ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = "$suite" ]; then
		return 0
	fi
	if [ ! -e "$builder/made" ]; then
		say "a Debian ($suite) that can compile the packages"
		rm -rf "$builder"
		cp -a "$base" "$builder"
		rm "$builder/made"
		# shellcheck disable=SC2086 # one word a package
		logged "$builder.log" inside "$builder" \
			apt-get -q install --no-install-recommends $BUILD_PACKAGES
		touch "$builder/made"
	fi
	say "packages for $suite"
	rm -rf "$builder/build"
	mkdir "$builder/build"
	tar -xzf "$archive" -C "$builder/build" --strip-components=1
	logged "$builder.log" inside "$builder" sh -c 'cd /build && DEB_BUILD_OPTIONS=nocheck make deb'
	debs=$builder/build/build/deb
}

# Download what the commands of the README and of the checks install.
fill_cache() {
	local wanted

	wanted=$(sed -n 's/^sudo apt-get install//p' "$guest/check/steps/install" | tr ' ' '\n' |
		grep -v zknginx | tr '\n' ' ')
	say "downloading: $wanted"
	logged "$guest.log" inside "$guest" sh -c "apt-get -q update && cd /home/admin &&
		apt-get -q install --download-only ./zknginx_*.deb ./modules/*.deb sudo make $wanted"
}

make_guest() {
	local step

	rm -rf "$guest" "$guest.upper" "$guest.work"
	mkdir -p "$guest" "$guest.upper" "$guest.work"
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$guest.upper,workdir=$guest.work" "$guest"
	mkdir -p "$guest/check/steps" "$guest/check/source"
	tar -xzf "$archive" -C "$guest/check/source" --strip-components=1
	for step in install settings zookeeper init nginx push set look; do
		awk -v name=$step -f "$here/commands.awk" "$top/README.md" >"$guest/check/steps/$step" || {
			echo "README.md has no commands for the step $step"
			return 1
		}
	done
	cp "$here/guest.sh" "$here/backend.pl" "$guest/check"
	mkdir "$guest/home/admin/modules"
	cp "$debs"/zknginx_*.deb "$guest/home/admin"
	cp "$debs"/libnginx-mod-*-zknginx_*.deb "$guest/home/admin/modules"
	chown -R --reference="$guest/home/admin" "$guest/home/admin"
	fill_cache
	echo zk-check >"$guest/etc/hostname"
	echo '127.0.0.1 localhost zk-check zk1 zk2 zk3' >"$guest/etc/hosts"
	echo first >"$guest/check/boot"
	cat >"$guest/etc/systemd/system/zknginx-check.service" <<-'UNIT'
		[Unit]
		Description=The checks of zknginx
		[Service]
		Type=idle
		ExecStart=/bin/bash /check/guest.sh
		StandardOutput=append:/check/output
		StandardError=append:/check/output
		[Install]
		WantedBy=multi-user.target
	UNIT
	cat >"$guest/etc/systemd/system/backend@.service" <<-'UNIT'
		[Service]
		ExecStart=/usr/bin/perl /check/backend.pl %i
	UNIT
	ln -s ../zknginx-check.service \
		"$guest/etc/systemd/system/multi-user.target.wants/zknginx-check.service"
}

# The kernel of this machine tells what a filter of system calls or AppArmor has denied.
denials() { { dmesg 2>/dev/null || :; } | grep -cE 'type=1326|apparmor="DENIED"' || :; }

boot() {
	local before console=$guest.console status=133

	before=$(denials)
	say "boot (the console is in $console)"
	: >"$console"
	: >"$guest/check/output"
	# 133: the guest wants to boot again.
	while [ $status = 133 ]; do
		timeout --kill-after=10 "${SYSTEMD_TIMEOUT:-900}" systemd-nspawn --quiet --register=no \
			--keep-unit --boot --private-network --resolv-conf=off --machine="$name" \
			--directory="$guest" </dev/null >>"$console" 2>&1 &
		tail -n 0 -F --pid=$! "$guest/check/output" 2>/dev/null
		status=0
		wait $! || status=$?
	done
	if ! dmesg >/dev/null 2>&1; then
		echo "not looked at: denials in the log of the kernel, which cannot be read here"
	elif [ "$(denials)" -gt "$before" ]; then
		echo "FAILED: the kernel has logged denials:"
		dmesg | grep -E 'type=1326|apparmor="DENIED"' | tail -n 5
		return 1
	fi
}

make_base
make_packages
make_guest
boot
grep -q '^== done$' "$guest/check/output" || {
	echo "the guest did not come to its end"
	tail -n 20 "$guest.console"
	exit 1
}
! grep -q '^FAILED' "$guest/check/output"
