# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# What tests that are scripts say, as TAP. Sourced; each test ends with "finish".
n=0

ok() {
    n=$((n + 1))
    echo "ok $n - $1"
}

# not_ok TEXT [DETAILS]
not_ok() {
    n=$((n + 1))
    echo "not ok $n - $1"
    [ -z "${2:-}" ] || printf '%s\n' "$2" | cut -c 1-500 | sed -n '1,40s/^/# /p'
}

skip() { ok "$1 # SKIP $2"; }

# result STATUS TEXT [DETAILS]: of what was just done
result() {
    if [ "$1" = 0 ]; then ok "$2"; else not_ok "$2" "${3:-}"; fi
}

# clean TEXT FINDINGS: nothing was found
clean() {
    if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi
}

finish() {
    echo "1..$n"
    exit 0
}
