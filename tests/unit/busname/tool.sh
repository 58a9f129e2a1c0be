#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# kdbus-busname's command line: what is wrong with it is said once and clearly.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/tap.sh"
cd "${top_builddir:-.}" || exit 1
tool=./kdbus-busname
[ -x "$tool" ] || { echo '1..0 # SKIP kdbus-busname is not built'; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CONFIG_HOME="$work" XDG_RUNTIME_DIR="$work"

# wrong STATUS TEXT OUTPUT ARGUMENT…
wrong() {
    want=$1 text=$2 output=$3
    shift 3
    "$tool" --user "$@" >"$output" 2>"$work/err"
    status=$?
    [ "$status" = "$want" ] && grep -q "$text" "$work/err"
    result $? "$*, to ${output##*/}" "status $status: $(cat "$work/err")"
}

mkdir -p "$work/systemd/user"
# more than is buffered
for i in $(seq 100); do
    printf '[BusName]\nAllowWorld=talk\n' >"$work/systemd/user/org.example.N$i.busname"
done
"$tool" --user --json=short list >"$work/list"
[ "$(grep -o org.example.N100.busname "$work/list" | wc -l)" = 1 ]
result $? "units are listed for programs"
wrong 2 Usage: "$work/out" list all
wrong 2 'not short or pretty: yaml' "$work/out" --json=yaml list
[ ! -s "$work/out" ]
result $? "and nothing is printed then"
wrong 1 'No space left' /dev/full list
wrong 1 'No space left' /dev/full --json=short list
wrong 1 'No space left' /dev/full --json=pretty show org.example.N1
finish
