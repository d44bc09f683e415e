#!/bin/sh
# Build an nginx and its stream module in DEST, from the source in TREE, configured as nginx-dev says,
# with these flags of the compiler: as the modules expect it, but with a sanitizer or without
# optimizations. Each allocation of a pool is one of its own, so that what is read after it is found.
#
#	nginx.sh TREE DEST NGINX_DEV FLAGS
set -eu

tree=$1 dest=$2 dev=$3 flags=$4

[ -x "$dest/objs/nginx" ] && [ "$(cat "$dest/flags")" = "$flags" ] && exit 0
rm -rf "$dest"
mkdir -p "$dest"
cp -r "$tree/." "$dest"
cd "$dest"
[ -e configure ] || ln -s auto/configure configure
bash -c '. "$1/conf_flags" && ./configure "${NGX_CONF_FLAGS[@]}" --with-stream=dynamic \
	--with-stream_ssl_module --with-cc="$3" \
	--with-cc-opt="$2 -DNGX_DEBUG_PALLOC=1 -Wno-error" --with-ld-opt="$2 -Wl,-E"' \
	- "$dev" "$flags" "${CC:-cc}" >configure.out
make -j"${JOBS:-$(nproc)}" -f objs/Makefile binary modules >make.out 2>&1 || {
	tail -20 make.out
	exit 1
}
echo "$flags" >flags
