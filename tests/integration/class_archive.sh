#!/bin/bash
# class_archive.sh FILE: what the JVM makes of ZooKeeper's classes, of one start of a server
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/zoo.cfg" <<EOF
dataDir=$dir
clientPort=2181
clientPortAddress=127.$((RANDOM % 254 + 1)).$((RANDOM % 254 + 1)).1
admin.enableServer=false
EOF
java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit="$dir/archive" \
	-cp /usr/share/java/zookeeper.jar org.apache.zookeeper.server.quorum.QuorumPeerMain \
	"$dir/zoo.cfg" >"$dir/log" 2>&1 &
# A server writes its first snapshot when it has started.
for ((i = 0; i < 600; i++)); do
	if compgen -G "$dir/version-2/snapshot.*" >"$dir/found"; then
		break
	fi
	kill -0 $! || { cat "$dir/log"; exit 1; }
	sleep 0.1
done
kill $!
wait $! || true
# A JVM that cannot make one does without.
[ -e "$dir/archive" ] || : >"$dir/archive"
mv "$dir/archive" "$1"
