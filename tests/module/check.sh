#!/bin/sh
# The tests of nginx's modules with an nginx that was built for them, under AddressSanitizer and
# UndefinedBehaviorSanitizer ("asan") or under Valgrind ("valgrind"). What they find ends a worker, and
# so fails the test; but what the second one finds in nginx itself is no failure. NGINX_TREE: where
# nginx's source is.
#
#	check.sh asan|valgrind BUILD NGINX_DEV
set -eu

kind=$1 build=$(cd "$2" && pwd) dev=$3
here=$(dirname "$0") out=$build/module-$kind
nginx=$build/nginx-$kind

case $kind in
asan) flags="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined" ;;
valgrind) flags="-g -O1" ;;
esac

if [ -z "${NGINX_TREE:-}" ]; then
	NGINX_TREE=$build/nginx-source/tree
	"$here/source.sh" "$build/nginx-source" "$dev" || { [ $? -eq 77 ] && exit 0 || exit 1; }
fi
"$here/nginx.sh" "$NGINX_TREE" "$nginx" "$dev" "$flags"
mkdir -p "$out"
${MAKE:-make} --no-print-directory B="$out" FORTIFY= LDFLAGS="$flags" \
	CFLAGS="$flags -fno-sanitize-recover=undefined" \
	"$out/module/test/ngx_http_zknginx_module.so" "$out/module/test/ngx_stream_zknginx_module.so"

reports=$out/reports
rm -rf "$reports"
mkdir -p "$reports"
export RIG_NGINX="$nginx/objs/nginx" RIG_STREAM_MODULE="$nginx/objs/ngx_stream_module.so"
export ZKNGINX_MODULES="$out/module/test"
export ASAN_OPTIONS="detect_odr_violation=0:detect_leaks=0" UBSAN_OPTIONS="print_stacktrace=1"
if [ "$kind" = valgrind ]; then
	cat >"$out/nginx" <<-END
		#!/bin/sh
		exec valgrind --quiet --error-exitcode=99 \\
			--log-file=$reports/report.%p $nginx/objs/nginx "\$@"
	END
	chmod +x "$out/nginx"
	export RIG_NGINX="$out/nginx"
fi

failed=
for test in test_module test_module_load; do
	"$build/tests/integration/$test" || failed="$failed $test"
done
find "$reports" -type f -size +0 -exec head -n 30 {} +
[ -z "$(find "$reports" -type f -size +0)" ] || failed="$failed reports"
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
