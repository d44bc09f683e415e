#!/bin/bash
# shellcheck disable=SC2317 # functions are called by name
# The pod of check.sh. It is process 1 here, as the init of a container or the pause container of a pod.
set -euo pipefail
export LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin

fail() {
	echo "FAILED: $*"
	tail -n 20 "$POD"/*.log
	exit 1
}

# SENTENCE COMMAND...: until the command succeeds; at most a minute.
expect() {
	local sentence=$1 end=$((SECONDS + 60))
	shift
	until "$@" >"$POD/last" 2>&1; do
		[ $SECONDS -lt $end ] || { cat "$POD/last"; fail "$sentence"; }
		sleep 0.1
	done
	echo "ok: $sentence"
}

# Docker's own list.
capabilities=-all
for name in chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot \
	mknod audit_write setfcap; do
	capabilities=$capabilities,+$name
done

# Named volumes begin with what the image has there.
for volume in var/lib/zknginxd run var/log/nginx; do
	mkdir -p "$POD/volumes/$volume"
	cp -a "$IMAGE/$volume/." "$POD/volumes/$volume"
done

# NAME COMMAND...: a container of the image, with the volumes.
container() {
	local name=$1 root=$POD/$1/root volume
	shift
	mkdir -p "$POD/$name"/{root,upper,work}
	mount -t overlay overlay -o "lowerdir=$IMAGE,upperdir=$POD/$name/upper,workdir=$POD/$name/work" "$root"
	for volume in var/lib/zknginxd run var/log/nginx; do
		mount --bind "$POD/volumes/$volume" "$root/$volume"
	done
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	cp "$SETTINGS" "$root/etc/zknginxd.conf"
	printf '127.0.0.1 localhost zk1 zk2 zk3\n' >"$root/etc/hosts"
	inside_of "$name" "$@" >"$POD/$name.log" 2>&1 &
}

# NAME COMMAND...: in the container that runs.
inside_of() {
	local root=$POD/$1/root
	shift
	unshare --mount chroot "$root" setpriv --bounding-set "$capabilities" "$@"
}

ctl() { inside_of zknginxd zknginxctl "$@"; }
site() { inside_of zknginxd curl -sf --max-time 3 http://127.0.0.1/; }
answers() { [ "$(site)" = "$1" ]; }
status_says() { grep -q "$1" "$POD/volumes/var/lib/zknginxd/status.json"; }

ip link set lo up
mkdir -p "$POD/zookeeper/data"
container zookeeper java -Xmx128m -cp /usr/share/java/zookeeper.jar \
	-Dzookeeper.admin.enableServer=false \
	org.apache.zookeeper.server.quorum.QuorumPeerMain 2181 /tmp/zookeeper-data
container nginx nginx -g 'daemon off;'
expect "nginx starts before the daemon, with the files of the image" test -s "$POD/volumes/run/nginx.pid"
container zknginxd zknginxd
expect "ZooKeeper answers" ctl init
expect "the daemon tests in the fallback" status_says '"sandbox": *"fallback"'
mkdir -p "$POD/zknginxd/root/root/conf/sites"
echo '{"listen": ["80"], "locations": [{"path": "/", "return": {"status": 200, "text": "one"}}]}' \
	>"$POD/zknginxd/root/root/conf/sites/shop.json"
expect "a config can be pushed" ctl push --yes /root/conf
expect "nginx serves it" answers one
sed -i 's/one/two/' "$POD/zknginxd/root/root/conf/sites/shop.json"
expect "another one can be pushed" ctl push --yes /root/conf
expect "nginx serves that" answers two
expect "no copy of a test is left" sh -c "! ls -A '$POD/zknginxd/root/etc/nginx' | grep zknginxd-test"
kill -TERM "$(cat "$POD/volumes/run/nginx.pid")"
expect "the daemon reports that nginx is down" status_says '"state": *"down"'
inside_of nginx nginx -g 'daemon off;' >>"$POD/nginx.log" 2>&1 &
expect "nginx starts again with the live generation" answers two
expect "doctor finds no error" ctl doctor
echo "== done"
