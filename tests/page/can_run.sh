#!/bin/sh
# Can the page be tested here? If not, says why.
set -u

target=$1
skip() {
	echo "$target is skipped: $1"
	exit 1
}

command -v "${CHROMIUM:-chromium}" >/dev/null || skip "there is no chromium"
command -v node >/dev/null || skip "there is no node"
command -v npm >/dev/null || skip "there is no npm"
major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
[ "$major" -ge 18 ] || skip "node $major is too old; playwright-core needs 18"
