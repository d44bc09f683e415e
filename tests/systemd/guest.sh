#!/bin/bash
# shellcheck disable=SC2317 # functions are called by name
# Runs in the guest of check.sh at each boot: what is checked there. /check/boot names the boot.
#
# first   the README's commands, as a user with sudo; then the services, one event after the other
# second  after a reboot; it ends as an image: without any state, with a daemon that is not enabled
# image   nginx has started before the daemon has ever run; then the package is removed
set -uo pipefail
export LC_ALL=C.UTF-8 SYSTEMD_PAGER='' SYSTEMD_COLORS=0 TERM=dumb DEBIAN_FRONTEND=noninteractive
cd /home/admin || exit 1
boot=$(cat /check/boot)
state=/var/lib/zknginxd

# --- tools -----------------------------------------------------------------------------------

passed() { echo "ok: $1" && echo >>/check/passed; }
failed() { echo "FAILED: $1" && echo >>/check/failed; }

# check SENTENCE COMMAND...
check() {
	local sentence=$1 output
	shift
	if output=$("$@" 2>&1); then
		passed "$sentence"
	else
		failed "$sentence"
		printf '%s\n' "$output" | tail -n 15 | sed 's/^/    /'
	fi
}

# Until the command succeeds; at most a minute.
await() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "gave up waiting for: $*"; "$@"; return 1; }
		sleep 0.1
	done
}

not() { ! "$@"; }
same() { [ "$1" = "$2" ] || { echo "was $1, is $2"; return 1; }; }
differs() { [ "$1" != "$2" ] || { echo "is $1, as before"; return 1; }; }

property() { systemctl show -P "$2" "$1"; }
pid() { property "${1:-zknginxd}" MainPID; }
master() { cat /run/nginx.pid; }
workers() { cat "/proc/$(master)/task/$(master)/children"; }
nginx_processes() { echo "$(master): $(workers)"; }
field() { grep -o "\"$1\": *\"[^\"]*\"" $state/status.json | head -n 1 | cut -d'"' -f4; }
site() { curl -s --max-time 3 http://127.0.0.1/; }
serves() { same "${1-shop}" "$(site)"; }
is_active() { systemctl is-active --quiet "${1:-zknginxd}" || { systemctl status "${1:-zknginxd}"; return 1; }; }
live() { readlink $state/live; }

# A change of the config arrives in what nginx includes.
edit_arrives() {
	local weight

	weight=$(($(cat /check/weight 2>/dev/null || echo 100) + 1))
	echo $weight >/check/weight
	await set_weight $weight && await grep -q "10.0.0.2:8080 weight=$weight" $state/live/http.conf &&
		await is_applied && await serves
}
set_weight() { echo "weight=$1" | zknginxctl set upstreams/shop/10.0.0.2:8080; }
# The latest deployment that has ended: the link changes before nginx is reloaded and verified.
deployed() {
	tr -d ' \n' <$state/status.json | grep -o '"last":{"at":"[^"]*","generation":[0-9]*' | grep -o '[0-9]*$'
}
is_applied() { same "$(live | tr -dc 0-9)" "$(deployed)"; }

# The README's own commands, typed by a user who answers "y".
readme() {
	local begin=${EPOCHREALTIME/./}

	echo "-- README: $1"
	sed 's/^/    $ /' "/check/steps/$1"
	check "the README's commands work: $1" \
		su - admin -c "export SYSTEMD_PAGER= TERM=dumb
			script -qec 'bash -e /check/steps/$1' /dev/null <<<y"
	echo "-- $1 took $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
}

start_backends() {
	ip link set lo up
	for address in 10.0.0.1 10.0.0.2 10.0.0.3; do
		ip address add $address/32 dev lo 2>/dev/null
		systemctl start "backend@$address"
	done
}

# --- first -----------------------------------------------------------------------------------

follow_readme() {
	check "sudo can be installed" apt-get -q install sudo
	echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin
	local begin=$SECONDS

	readme install
	check "the package starts the daemon" is_active
	check "with an empty configuration" not grep '^[^#]' $state/live/http.conf $state/live/stream.conf
	check "nginx serves Debian's page, as before" sh -c 'curl -s http://127.0.0.1/ | grep -q "Welcome to nginx"'
	start_backends
	readme settings
	check "doctor warns of ZooKeeper's data directory" \
		sh -c 'zknginxctl doctor | grep -q "/tmp/zookeeper, which is emptied at boot"'
	readme zookeeper
	await bash -c 'exec 3<>/dev/tcp/127.0.0.1/2181'
	readme init
	readme nginx
	readme push
	check "the site is served" await serves
	echo "-- from the package to the first served site: $((SECONDS - begin)) s"
	readme set
	readme look
}

check_confinement() {
	check "the unit waits for the daemon's message" same notify "$(property zknginxd Type)"
	check "nginx -t runs in a namespace" same namespace "$(field sandbox)"
	for unit in zknginxd zknginxd-helper; do
		check "$unit has no new privileges" grep -q '^NoNewPrivs:.*1' "/proc/$(pid $unit)/status"
		check "$unit has a filter of system calls" grep -q '^Seccomp:.*2' "/proc/$(pid $unit)/status"
	done
	check "the units have no errors" systemd-analyze verify --man=no zknginxd.service zknginxd-helper.service
}

ready() { curl -sf --max-time 3 --unix-socket /run/zknginxd/metrics.sock http://localhost/readyz; }

check_metrics() {
	echo 'metrics: { listen = "unix:/run/zknginxd/metrics.sock"; };' >>/etc/zknginxd.conf
	check "the settings have a socket for metrics" zknginxd -t
	check "the daemon restarts with it" systemctl restart zknginxd
	check "the socket answers" await ready
	check "nginx's workers may pass through its directory" same 755 "$(stat -c %a /run/zknginxd)"
	kill -KILL "$(pid)"
	check "the socket answers after kill -9" await ready
}

check_reload() {
	local before

	before=$(pid)
	check "systemctl reload works" systemctl reload zknginxd
	cp /etc/zknginxd.conf /root/settings
	echo 'nonsense' >>/etc/zknginxd.conf
	check "systemctl reload fails when the settings are wrong" not systemctl reload zknginxd
	cp /root/settings /etc/zknginxd.conf
	check "it is the same daemon after both" same "$before" "$(pid)"
	check "an edit arrives" edit_arrives
}

check_restart() {
	local daemon nginx

	daemon=$(pid) nginx=$(nginx_processes)
	check "the daemon can be restarted" systemctl restart zknginxd
	check "it is another process" differs "$daemon" "$(pid)"
	check "nginx has the same processes" same "$nginx" "$(nginx_processes)"
	check "an edit arrives" edit_arrives
}

is_replaced() { is_active "$1" && [ "$(pid "$1")" != "$2" ] && [ "$(pid "$1")" != 0 ]; }

check_kill() {
	local daemon helper nginx

	daemon=$(pid) nginx=$(nginx_processes)
	kill -KILL "$daemon"
	check "the daemon is back after kill -9" await is_replaced zknginxd "$daemon"
	check "nginx has the same processes" same "$nginx" "$(nginx_processes)"
	helper=$(pid zknginxd-helper)
	kill -KILL "$helper"
	check "an edit arrives after the helper was killed" edit_arrives
	check "the helper is another process" differs "$helper" "$(pid zknginxd-helper)"
}

check_watchdog() {
	local daemon nginx

	daemon=$(pid) nginx=$(nginx_processes)
	kill -STOP "$daemon"
	check "the watchdog replaces a daemon that does not answer" await is_replaced zknginxd "$daemon"
	check "nginx has the same processes" same "$nginx" "$(nginx_processes)"
	check "an edit arrives" edit_arrives
}

check_order() {
	check "the daemon starts after nginx" sh -c 'systemctl show -P After zknginxd | grep -qw nginx.service'
	systemctl stop nginx
	check "the daemon stays without nginx" is_active
	set_weight 77 >/dev/null
	check "a change goes live while nginx is stopped" await grep -q weight=77 $state/live/http.conf
	check "nginx stays stopped" not is_active nginx
	check "nginx starts" systemctl start nginx
	check "with the change" await serves
	check "an edit arrives" edit_arrives
	systemctl stop zknginxd
	check "nginx restarts without the daemon" systemctl restart nginx
	check "and serves the site" await serves
	check "the daemon starts" systemctl start zknginxd
	check "an edit arrives" edit_arrives
}

check_nginx_upgrade() {
	local before daemon

	before=$(master) daemon=$(pid)
	check "nginx's package can be installed again" apt-get -q install --reinstall nginx
	check "nginx has another master" differs "$before" "$(master)"
	check "it is the same daemon" same "$daemon" "$(pid)"
	check "an edit arrives" edit_arrives
}

# The workers have told the daemon which servers they have, and it may change them.
is_live() { tr -d ' \n' <$state/status.json | grep -q '"update":"live","upstream":"shop"'; }
counter() { grep -o "\"$1\": *[0-9]*" $state/status.json | head -n 1 | tr -dc 0-9; }
more() { [ "$1" -lt "$2" ] || { echo "was $1, is $2"; return 1; }; }
set_server() { echo "$2" | zknginxctl set "upstreams/shop/$1:8080"; }

# Another server takes all requests, which nginx has learnt without a reload, and the first ones again.
change_servers() {
	set_server 10.0.0.3 "" && set_server 10.0.0.1 down && set_server 10.0.0.2 down && await serves third &&
		set_server 10.0.0.1 "" && edit_arrives && set_server 10.0.0.3 down && await serves shop &&
		await grep -q '10.0.0.3:8080.* down' $state/live/http.conf && await is_applied
}

check_live_servers() {
	local nginx reloads updates

	check "an edit arrives" edit_arrives
	check "the daemon may change the servers" await is_live
	nginx=$(nginx_processes) reloads=$(counter reloads) updates=$(counter updates)
	check "nginx takes other servers" change_servers
	check "without a reload: it has the same processes" same "$nginx" "$(nginx_processes)"
	check "the daemon counts no reload" same "$reloads" "$(counter reloads)"
	check "it counts changes of servers" more "$updates" "$(counter updates)"
}

loaded() { grep -o 'ngx_[a-z]*_zknginx_module.so$' "/proc/$(master)/maps" | sort -u | tr '\n' ' '; }
both_are_loaded() { same 'ngx_http_zknginx_module.so ngx_stream_zknginx_module.so ' "$(loaded)"; }
is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" | grep -qx installed; }

# The package PACKAGE, as a later version of nginx with another ABI of modules would have it.
with_another_abi() {
	local deb
	for deb in "/var/cache/apt/archives/$1"_[0-9]*.deb; do
		rm -rf /check/abi && dpkg-deb -R "$deb" /check/abi &&
			sed -i -e 's/nginx-abi-[-.0-9]*/nginx-abi-99-1/' -e '/^Version:/s/$/+abi99/' /check/abi/DEBIAN/control &&
			dpkg-deb -b /check/abi "/check/$1.deb" && return
	done
	return 1
}

check_modules() {
	local deb before

	for deb in modules/*.deb; do
		check "$(basename "$deb") needs nginx's ABI" sh -c "dpkg-deb -f $deb Depends | grep -q nginx-abi"
	done
	before=$(master)
	check "the modules can be installed" apt-get -q install ./modules/*.deb
	check "nginx has loaded them" await both_are_loaded
	check "without a restart" same "$before" "$(master)"
	check_live_servers
	check "nginx's package can be installed again, with the modules" apt-get -q install --reinstall nginx
	check "nginx has another master" differs "$before" "$(master)"
	check "nginx has loaded the modules" both_are_loaded
	check_live_servers
	check "nginx restarts with the modules" systemctl restart nginx
	check "an edit arrives" edit_arrives
	check "there is an nginx with another ABI" eval 'with_another_abi nginx && with_another_abi libnginx-mod-stream'
	check "apt installs it" apt-get -q install /check/nginx.deb /check/libnginx-mod-stream.deb
	check "and removes the HTTP module, which it would refuse" not is_installed libnginx-mod-http-zknginx
	check "and the stream module" not is_installed libnginx-mod-stream-zknginx
	check "nginx is up" is_active nginx
	check "nginx has not loaded them" same "" "$(loaded)"
	check "nginx restarts without them" systemctl restart nginx
	check "an edit arrives" edit_arrives
	check "the module fits no other ABI" not apt-get -q install ./modules/*.deb
}

check_upgrade() {
	local daemon nginx helper

	daemon=$(pid) helper=$(pid zknginxd-helper) nginx=$(nginx_processes)
	check "the package can be installed again" apt-get -q install --reinstall ./zknginx_*.deb
	check "the daemon is another process" differs "$daemon" "$(pid)"
	check "so is the helper" differs "$helper" "$(pid zknginxd-helper)"
	check "nginx has the same processes" same "$nginx" "$(nginx_processes)"
	check "the settings are the same" cmp /root/settings /etc/zknginxd.conf
	check "an edit arrives" edit_arrives
}

priorities() { journalctl -u zknginxd -o json --output-fields=PRIORITY,MESSAGE | grep -o '"PRIORITY":"[0-9]"' | sort -u; }
check_journal() {
	check "the journal has messages of several priorities" [ "$(priorities | wc -l)" -ge 2 ]
	check "no message has its priority in the text" \
		sh -c '! journalctl -u zknginxd -u zknginxd-helper -o cat | grep "^<[0-7]>"'
	check "the units permit what both processes do" \
		sh -c '! journalctl -u zknginxd -u zknginxd-helper -o cat | grep -i "operation not permitted"'
}

first() {
	follow_readme
	check_confinement
	check_metrics
	check_reload
	check_restart
	check_kill
	check_watchdog
	check_order
	check_nginx_upgrade
	check_modules
	check_upgrade
	check_journal
	echo second >/check/boot
	systemctl reboot
}

# --- second ----------------------------------------------------------------------------------

started() { property "$1" ExecMainStartTimestampMonotonic; }

second() {
	start_backends
	check "nginx is up after the reboot" await is_active nginx
	check "the daemon is up after the reboot" await is_active
	check "nginx was started first" [ "$(started nginx)" -lt "$(started zknginxd)" ]
	check "the site is served" await serves
	check "each generation is complete" same "$(find $state/generations -mindepth 1 -maxdepth 1 | wc -l)" \
		"$(find $state/generations -name manifest.json | wc -l)"
	check "an edit arrives" edit_arrives
	check "doctor finds no error" zknginxctl doctor
	systemctl disable zknginxd
	systemctl stop zknginxd nginx
	rm -rf $state
	echo image >/check/boot
	systemctl reboot
}

# --- image -----------------------------------------------------------------------------------

# make GOAL in the sources, with the programs that the package has.
make_source() { make --no-print-directory -C /check/source -o build/zknginxd -o build/zknginxctl "$1"; }

check_make_install() {
	dpkg-deb -x ./zknginx_*.deb /check/package && mkdir /check/source/build &&
		cp /check/package/usr/sbin/zknginxd /check/package/usr/bin/zknginxctl /check/source/build
	check "make can be installed" apt-get -q install make
	check "make install works" make_source install
	check "the service of make install starts" systemctl enable --now zknginxd
	check "make install creates what nginx includes" test -f $state/live/http.conf -a -f $state/live/stream.conf
	check "make uninstall works" make_source uninstall
	check "make uninstall stops the daemon" not is_active
	check "and its helper" not is_active zknginxd-helper.socket
	check "and leaves no unit" same not-found "$(property zknginxd LoadState)"
	check "nor a link to one" same "" "$(find /etc/systemd /usr/lib/systemd -name 'zknginxd*')"
	check "but the settings" test -f /etc/zknginxd.conf
	check "and the state" test -f $state/live/http.conf
}

image() {
	start_backends
	check "nginx starts before the daemon has ever run" await is_active nginx
	check "the daemon was not started" not is_active
	check "the daemon starts with the files of the image" systemctl enable --now zknginxd
	check "the site is served" await serves
	check "the daemon does not take the files for a foreign change" \
		sh -c '! journalctl -b -u zknginxd -o cat | grep -iE "another program|drift|cannot be used"'
	check "an edit arrives" edit_arrives
	check "removing the package asks nothing" apt-get -q remove zknginx
	check "nginx serves the site without the daemon" serves
	check "the package can come back" apt-get -q install ./zknginx_*.deb
	check "an edit arrives" edit_arrives
	check "purging asks nothing" apt-get -q purge zknginx
	check "nginx restarts with what it includes" systemctl restart nginx
	check "and serves the site" await serves
	check "the package can come back with its sample" apt-get -q install ./zknginx_*.deb
	rm /etc/nginx/conf.d/zknginx.conf /etc/nginx/modules-enabled/90-zknginx.conf
	systemctl reload nginx
	echo certificate >$state/site.pem
	check "purging removes the state when nginx does not include it" apt-get -q purge zknginx
	check "but no certificate" same "$state/site.pem" "$(find $state -mindepth 1)"
	check_make_install
	echo "$(wc -l </check/passed) passed, $(wc -l 2>/dev/null </check/failed || echo 0) failed"
	echo "== done"
	systemctl poweroff
}

# A boot that hangs in its checks ends; check.sh misses the last line.
echo "== boot: $boot, systemd $(systemctl --version | awk 'NR == 1 { print $2 }')"
$boot
