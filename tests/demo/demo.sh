#!/bin/bash
# The show behind `make demo`: a standalone ZooKeeper, two small backends, an nginx
# and zknginxd, all on loopback and in one temporary directory; then the configuration
# is changed with zknginxctl, and the answer of nginx changes.
#
# With DEMO_ONCE set it ends by itself, with 0 only if the edit reached nginx.
# Without, it stays up for you to play with until Ctrl-C.
# DEMO_PORTS has the ports of ZooKeeper, nginx, blue and green; without it they are free ones.
set -euo pipefail
umask 022 # the daemon refuses settings that others may write
PATH=$PATH:/usr/sbin:/sbin # nginx is there, and a user's PATH often lacks it

daemon=${1:?usage: demo.sh ZKNGINXD ZKNGINXCTL}
command=${2:?usage: demo.sh ZKNGINXD ZKNGINXCTL}
daemon=$(realpath "$daemon")
command=$(realpath "$command")
dir=$(mktemp -d /tmp/zknginx-demo-XXXXXX)
chmod 755 "$dir"
pids=()

finish() {
	local status=$?
	[ -f "$dir/nginx.pid" ] && kill -QUIT "$(cat "$dir/nginx.pid")" 2>/dev/null || true
	[ -f "$dir/backends.pid" ] && kill -QUIT "$(cat "$dir/backends.pid")" 2>/dev/null || true
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	if [ "$status" -ne 0 ] && [ "$status" -ne 130 ] && [ -f "$dir/zknginxd.log" ]; then
		echo "--- the daemon's log:" && tail -n 20 "$dir/zknginxd.log"
	fi
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# A loopback port that nobody listens on.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 20000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}

# Wait until a command succeeds; give up after a minute.
await() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "gave up waiting for: $*" >&2; return 1; }
		sleep 0.1
	done
}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Run a command, and show it as a user would type it; its exit status is this one's.
show() {
	local word line=''
	for word in "$@"; do
		case $word in
		*' '*) line="$line \"$word\"" ;;
		*) line="$line $word" ;;
		esac
	done
	printf '  $%s\n' "$line"
	"$@" 2>&1 | sed 's/^/    /'
}

ports=${DEMO_PORTS:-$(free_port) $(free_port) $(free_port) $(free_port)}
read -r zk_port web_port blue_port green_port <<<"$ports"

say "1. A standalone ZooKeeper on 127.0.0.1:$zk_port"
mkdir "$dir/zookeeper"
cat >"$dir/zoo.cfg" <<CFG
tickTime=1000
dataDir=$dir/zookeeper
clientPort=$zk_port
clientPortAddress=127.0.0.1
admin.enableServer=false
CFG
java -Xmx128m -cp /usr/share/java/zookeeper.jar \
	org.apache.zookeeper.server.quorum.QuorumPeerMain "$dir/zoo.cfg" >"$dir/zookeeper.log" 2>&1 &
pids+=($!)
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }
await listens "$zk_port"

say "2. Two small backends: blue on $blue_port, green on $green_port"
cat >"$dir/backends.conf" <<CFG
pid $dir/backends.pid;
error_log $dir/backends.log;
events {}
http {
    access_log off;
    client_body_temp_path $dir/b1; proxy_temp_path $dir/b2; fastcgi_temp_path $dir/b3;
    uwsgi_temp_path $dir/b4; scgi_temp_path $dir/b5;
    server { listen 127.0.0.1:$blue_port; return 200 "blue\n"; }
    server { listen 127.0.0.1:$green_port; return 200 "green\n"; }
}
CFG
nginx -c "$dir/backends.conf" -e "$dir/backends.log"

say "3. zknginxd, then the nginx it looks after, on 127.0.0.1:$web_port"
cat >"$dir/zknginxd.conf" <<CFG
zookeeper: { hosts = "127.0.0.1:$zk_port"; };
nginx: { config = "$dir/nginx.conf"; pid = "$dir/nginx.pid"; log_directory = "$dir"; };
state: { directory = "$dir/state"; };
cluster: { host = "demo"; };
CFG
cat >"$dir/nginx.conf" <<CFG
pid $dir/nginx.pid;
error_log $dir/nginx.log;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_shutdown_timeout 10s;
events {}
http {
    access_log off;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    include $dir/state/live/http.conf;
}
stream {
    include $dir/state/live/stream.conf;
}
CFG
# `zknginxctl` alone means this demo's settings, here and for whoever plays with it later.
mkdir "$dir/bin"
printf '#!/bin/sh\nexec "%s" -c "%s" "$@"\n' "$command" "$dir/zknginxd.conf" >"$dir/bin/zknginxctl"
chmod 755 "$dir/bin/zknginxctl"
PATH=$dir/bin:$PATH

printf '  $ zknginxctl init\n'
zknginxctl init | grep '^created' | sed 's/^/    /'
"$daemon" -c "$dir/zknginxd.conf" 2>"$dir/zknginxd.log" &
pids+=($!)
await test -e "$dir/state/live/http.conf"
nginx -c "$dir/nginx.conf" -e "$dir/nginx.log"

answer() { curl -s --max-time 2 "http://127.0.0.1:$web_port/"; }
answers() { [ "$(answer)" = "$1" ]; }
# Both servers take turns while both are in: only several answers in a row say that one is gone.
answers_only() { answers "$1" && answers "$1" && answers "$1" && answers "$1"; }

say "4. A directory becomes the configuration: an upstream with one server, and a site"
mkdir -p "$dir/conf/upstreams/shop" "$dir/conf/sites"
echo '{"balance": "least_conn"}' >"$dir/conf/upstreams/shop.json"
: >"$dir/conf/upstreams/shop/127.0.0.1:$blue_port"
cat >"$dir/conf/sites/shop.json" <<JSON
{
  "listen": ["127.0.0.1:$web_port"],
  "locations": [{"path": "/", "proxy": "shop"}]
}
JSON
cd "$dir"
show zknginxctl push --yes --message "the shop opens" conf
await answers blue
say "   before:"
show curl -s "http://127.0.0.1:$web_port/"

say "5. The edit: green in, blue out"
printf '  $ echo weight=5 | zknginxctl set upstreams/shop/127.0.0.1:%s\n' "$green_port"
echo weight=5 | zknginxctl set "upstreams/shop/127.0.0.1:$green_port" | sed 's/^/    /'
show zknginxctl rm --yes "upstreams/shop/127.0.0.1:$blue_port"
await answers_only green
say "   after:"
show curl -s "http://127.0.0.1:$web_port/"

say "6. A bad znode is refused"
echo '{"listen": ["127.0.0.1:80"], "locations": [{"path": "/", "proxy": "shopp"}]}' >oops.json
if show zknginxctl set sites/oops oops.json; then exit 1; fi
say "   if it is written all the same, it blocks nobody:"
show zknginxctl set --force sites/oops oops.json
names_oops() { { zknginxctl status || true; } | grep -q 'sites/oops'; }
await names_oops
show zknginxctl status || true
show curl -s "http://127.0.0.1:$web_port/"
answers_only green
show zknginxctl rm --yes sites/oops

say "What nginx was given ($dir/state/live/http.conf):"
sed 's/^/    /' "$dir/state/live/http.conf"

say "7. The fleet: one host, and all is well"
show zknginxctl status --wait --timeout 1m

if [ -n "${DEMO_ONCE:-}" ]; then
	say "The edit reached nginx."
	exit 0
fi
trap 'echo; exit 0' INT TERM # the expected end
say "It stays up for you. Ctrl-C ends it and removes everything."
cat <<TXT
  curl http://127.0.0.1:$web_port/
  PATH=$dir/bin:\$PATH
  zknginxctl status --watch
  zknginxctl edit sites/shop
  java -cp /usr/share/java/zookeeper.jar org.apache.zookeeper.ZooKeeperMain -server 127.0.0.1:$zk_port
  tail -f $dir/zknginxd.log
TXT
wait "${pids[0]}"
