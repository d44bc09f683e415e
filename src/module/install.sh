#!/bin/sh
# Installs the modules of nginx from a build, or takes away all that it has installed. The Makefile
# calls it, and sets DESTDIR, MODULESDIR, MODULESENABLEDDIR and NGINX:
#
#	install.sh install BUILD VERSION-SIGNATURE
#	install.sh uninstall
#
# The modules for each nginx are in a directory of their own, so those of an nginx that still runs stay.
# A file is renamed into place, and what nginx loads is named last and forgotten first: nginx starts
# whenever it is started meanwhile.
set -eu

all=$MODULESDIR/zknginx
lines=$MODULESENABLEDDIR/80-zknginx-module.conf
here=$(dirname "$0")

fail() {
	echo "the modules of nginx: $*" >&2
	exit 1
}

# Into a package no nginx of this host is of interest.
on_this_host() {
	test -z "$DESTDIR" && test -x "$NGINX"
}

put() {
	install -m 644 "$1" "$2.new"
	mv -f "$2.new" "$2"
}

write_lines() {
	rm -f "$1"
	sed "s|@DIRECTORY@|$directory|" "$here/../../conf/modules-enabled/80-zknginx-module.conf" >"$1"
	chmod 644 "$1"
}

install_files() {
	install -d "$DESTDIR$directory"
	for file in ngx_http_zknginx_module.so ngx_stream_zknginx_module.so http.so stream.so; do
		put "$1/$file" "$DESTDIR$directory/$file"
	done
}

# The lines of before, if there were any, come back when nginx does not accept the new ones.
enable() {
	now=$DESTDIR$lines
	rm -f "$now.before"
	write_lines "$now.new"
	test ! -e "$now" || cp -p "$now" "$now.before"
	mv -f "$now.new" "$now"
	if ! on_this_host || "$NGINX" -t -q; then
		rm -f "$now.before"
		return
	fi
	if [ -e "$now.before" ]; then
		mv -f "$now.before" "$now"
	else
		rm -f "$now"
	fi
	fail "nginx refuses $lines, which is as it was before"
}

install_module() {
	directory=$all/$2
	test ! -e "$DESTDIR$MODULESDIR/ngx_http_zknginx_module.so" ||
		fail "$MODULESDIR has the module of the package libnginx-mod-http-zknginx"
	! on_this_host || "$NGINX" -t -q ||
		fail "nginx -t fails already, so nothing is installed"
	install_files "$1"
	if [ -d "$DESTDIR$MODULESENABLEDDIR" ] || [ -n "$DESTDIR" ]; then
		install -d "$DESTDIR$MODULESENABLEDDIR"
		enable
		echo "installed for nginx $2; nginx loads it at its next reload"
	else
		echo "installed for nginx $2. Add these lines at the top of nginx.conf, and reload nginx:"
		echo "load_module \"$directory/http.so\";"
		echo "load_module \"$directory/stream.so\";"
	fi
}

# Where there is no directory for the lines, somebody has written them into nginx.conf.
uninstall_module() {
	rm -f "$DESTDIR$lines"
	! grep -rqs "^[^#]*load_module[^#]*$all/" "$(dirname "$DESTDIR$MODULESENABLEDDIR")" ||
		fail "$all is kept: remove the lines load_module that name it first"
	rm -rf "$DESTDIR$all"
}

case $1 in
install) install_module "$2" "$3" ;;
uninstall) uninstall_module ;;
esac
