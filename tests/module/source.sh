#!/bin/sh
# The source of the nginx that is installed, as Debian has it, in the directory DEST/tree. Without it
# a sanitizer sees the modules alone. Where it cannot be had, the reason is printed, and the exit
# status is 77.
#
#	source.sh DEST NGINX_DEV
set -eu

dest=$1 dev=$2
skip() {
	echo "skipped: $*"
	exit 77
}

[ -e "$dest/tree/configure" ] && exit 0
command -v apt-get >/dev/null || skip "there is no apt-get"
[ -e "$dev/conf_flags" ] || skip "nginx-dev is not installed"
version=$(dpkg-query -W -f '${Version}' nginx-dev 2>/dev/null) || skip "nginx-dev is not installed"
. /etc/os-release

# Lists of its own: the host's need not have sources, and stay as they are.
mkdir -p "$dest/lists/partial" "$dest/cache/archives/partial"
dest=$(cd "$dest" && pwd)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
cat >"$dest/sources.list" <<END
deb-src [signed-by=$keys] http://deb.debian.org/debian $VERSION_CODENAME main
deb-src [signed-by=$keys] http://deb.debian.org/debian $VERSION_CODENAME-updates main
deb-src [signed-by=$keys] http://deb.debian.org/debian-security $VERSION_CODENAME-security main
END
apt() {
	apt-get -q -o Dir::Etc::sourcelist="$dest/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$dest/lists" -o Dir::Cache="$dest/cache" -o APT::Sandbox::User= "$@"
}
apt update >"$dest/apt.out" 2>&1 || skip "Debian's lists of sources cannot be had: $dest/apt.out"
rm -rf "$dest/unpack" && mkdir "$dest/unpack" && cd "$dest/unpack"
# Where the mirror has no patches of this version, nginx's own archive and the headers of nginx-dev
# are as near as it gets.
apt source "nginx=$version" >>"$dest/apt.out" 2>&1 || {
	rm -rf ./*
	apt --tar-only source "nginx=$version" >>"$dest/apt.out" 2>&1 ||
		skip "the source of nginx $version cannot be had: $dest/apt.out"
	tar -xf ./*.orig.tar.*
	for tree in nginx-*/; do
		cp -r "$dev/src" "$tree"
	done
	echo "the source of nginx $version is without Debian's patches, which the mirror does not have"
}
mv nginx-*/ "$dest/tree"
