#!/bin/bash
# conf/container, without a container engine: the image is made by the commands of the Containerfile, and
# run twice as compose.yaml says, with one process namespace, one network and the same volumes, and with
# the capabilities that Docker gives. ZooKeeper runs beside them.
#
#	check.sh SUITE DIRECTORY DEBS
#
# Exit status 0 with a line "skipped: REASON" where it cannot run.
set -euo pipefail

suite=$1 directory=$(realpath -m "$2") debs=$(realpath "$3")
here=$(realpath "$(dirname "$0")") top=$(realpath "$(dirname "$0")/../..")
base=$directory/$suite image=$directory/$suite-image pod=$directory/$suite-pod
# shellcheck source=tests/systemd/base.sh
. "$here/../systemd/base.sh"
need debootstrap systemd-nspawn setpriv
export SYSTEMD_NSPAWN_TMPFS_TMP=0 # the recipe copies the package to /tmp

# The RUN commands, one a line.
runs() { sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$top/conf/container/Containerfile" | sed -n 's/^RUN //p'; }

make_image() {
	local run

	say "the image"
	rm -rf "$image"
	cp -a "$base" "$image"
	cp "$debs"/zknginx_*.deb "$image/tmp"
	inside "$image" apt-get -q install --no-install-recommends curl >"$image.log" 2>&1
	runs | while read -r run; do
		logged "$image.log" inside "$image" sh -ec "$run"
	done
}

make_base
make_image
rm -rf "$pod"
mkdir -p "$pod"
exec env IMAGE="$image" POD="$pod" SETTINGS="$top/conf/container/zknginxd.conf" \
	unshare --pid --fork --kill-child --mount --net --mount-proc bash "$here/pod.sh"
