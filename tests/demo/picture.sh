#!/bin/bash
# The picture in the README: runs the demo on a network of its own, with round numbers for ports,
# and prints what a terminal shows of it as SVG. To be run as root.
set -euo pipefail

here=$(dirname "$0")
daemon=${1:?usage: picture.sh ZKNGINXD ZKNGINXCTL}
command=${2:?usage: picture.sh ZKNGINXD ZKNGINXCTL}

demo() {
	DEMO_ONCE=1 DEMO_PORTS="2181 8080 8081 8082" unshare --net --uts sh -ec '
		ip link set lo up
		hostname web1
		exec "$@"' sh "$here/demo.sh" "$daemon" "$command"
}

# A test compares the digest: another demo needs another picture.
digest=$(sha256sum <"$here/demo.sh" | cut -c1-64)
transcript=$(demo)
awk -v digest="$digest" -f "$here/picture.awk" <<<"$transcript"
