#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# bench/report and bench/rows: figures in, four forms out.
top=${top_srcdir:-$(dirname "$0")/../../..}
bench=$top/bench
. "$top/tests/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT


# check TEXT COMMAND: a line of shell that succeeds
check() {
    eval "$2"
    result $? "$1"
}

# Whether a line of a form has these words in this order.
says() { "$bench/report" "$1" "$work/results" | grep -qE "$2"; }

cat >"$work/results" <<'END'
about kernel 6.1.0-test
count unix-64 10000.0
count unix-4k 12000.0
count pipe-4k 11000.0
count duplex-64 12540.0
count duplex-4k 13560.0
count memory-conns 4096.0
count switches 2.0
again unix-64 10000.0
again duplex-64 12666.0
wall1 unix-64 5000.0
wall1 duplex-64 6000.0
END

check "a ratio is over the unit" 'says text "64 B +12540 +1\.25 +1\.25 +1\.68"'
check "what the table shows as the target meets it" 'says text "^call and answer, 64 B .* met$" && ! says text "64 B .*not met"'
check "what it shows as more does not" 'says text "4 KiB +13560 +1\.36 .*not met"'
check "the best other is the cheapest" 'says text "4 KiB .*1\.10 pipe"'
check "memory is no ratio" 'says text "idle connections +4096 KiB +–"'
check "what was not measured is not there" '! says text "1 MiB"'
check "two runs are compared" 'says text "differs by at most 1\.00 %"'
check "wall time has its own unit" 'says text "64 B +1\.20 +–"'
check "markdown has a table" 'says markdown "^\| call and answer, 64 B \| 12540 \| 1\.25 \|"'
check "the chart has ratios only" 'says plot "4 KiB" && ! says plot "idle"'
check "json has the figures" 'says json "\"key\": \"duplex-4k\".*\"value\": 13560\.0,.*\"met\": false"'
check "json has null for what is not known" 'says json "\"key\": \"duplex-4k\".*\"second_run\": null"'
check "without the unit there is no table" \
    '! { echo "count duplex-64 1" >"$work/none"; "$bench/report" text "$work/none" >"$work/out" 2>&1; } && grep -q unit "$work/out"'
check "every row names a program that is there" \
    '! awk -F"|" "!/^#/ && NF > 6 { gsub(/ /, \"\", \$2); print \$2 }" "$bench/rows" | sort -u | while read -r p; do [ -e "$bench/$p.c" ] || echo "$p"; done | grep .'
check "every other of a row is a row" \
    '! awk -F"|" "!/^#/ && NF > 6 { k = \$1; gsub(/ /, \"\", k); is[k] = 1; o[k] = \$5 \$6 }
        END { for (k in o) { m = split(\$0 = o[k], l, \" \"); for (i = 2; i <= m; i++) if (l[i] != \"-\" && !(l[i] in is)) print k, l[i] } }" "$bench/rows" | grep .'
finish
