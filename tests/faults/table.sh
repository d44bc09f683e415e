#!/bin/sh
# Prints the rows that the programs of check-faults kept (ground.c) as a table. Fails when a case is
# not held, or when a case of the list below has no row: its program ended before.
set -eu

rows=$1
cases="Z1 Z2 Z3 Z4 Z5 Z6 Z7 Z8 Z9 Z10 Z13 Z14 Z15 Z16 Z17 Z18 Z19 Z21 N1 N3
	G1 G2 G3 G4 G5 G6 G7 G8 G11 G13 G15 G18 G19 F1 F2 F3 F4 F5 F7 F8 F12 F13 P1 P2 P4 P5 P6 P8
	B1 B2 B3 B4 B5 B6 B7 B9 B10 B11 B12 O1 O2 O4 O5 O6 O7 O8 C1 W1 W2 A1 A2 A3"
failed=0

printf '%-4s %-9s %7s %8s %8s %6s %8s %7s  %s\n' \
	case result 'detect' 'recover' requests failed slowest reloads 'what: figures'
for id in $cases; do
	row=$(awk -F '\t' -v id="$id" '$1 == id { row = $0 } END { print row }' "$rows")
	if [ -z "$row" ]; then
		printf '%-4s %-9s\n' "$id" 'NO RESULT'
		failed=$((failed + 1))
		continue
	fi
	printf '%s\n' "$row" | awk -F '\t' '{
		printf "%-4s %-9s %7s %8s %8s %6s %8s %7s  %s%s%s\n",
			$1, $2, $3, $4, $5, $6, $7, $8, $9, $10 == "" ? "" : ": ", $10
	}'
	case $row in *"	NOT HELD	"*) failed=$((failed + 1)) ;; esac
done
echo "Times in s, the slowest answer in ms. $(awk -F '\t' '
	$2 == "held" { held++ } $2 == "not tried" { not++ } { all += $5; bad += $6 }
	END { printf "%d held, %d not tried; %d requests, %d failed", held, not, all, bad }' "$rows"
), $failed not held."
test "$failed" = 0
