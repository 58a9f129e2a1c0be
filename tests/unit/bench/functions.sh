#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# bench/functions: blocks of code become functions, of the kernel and of programs.
top=${top_srcdir:-$(dirname "$0")/../../..}
bench=$top/bench
. "$top/tests/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT


# check TEXT COMMAND: a line of shell that succeeds
check() {
    eval "$2"
    result $? "$1" "$(cat "$work/counts.0.txt")"
}

says() { grep -qE "^ +$1\$" "$work/counts.0.txt"; }

# Two functions of the kernel and a module's; data is no function. A program of
# which nothing is known but where it lies.
cat >"$work/symbols" <<'END'
ffffffff81000000 T first
ffffffff81000100 t second
ffffffff81000180 d some_data
ffffffffc0000000 t in_module	[kdbus]
555500001000-555500002000 r-xp 00001000 00:00 1 /nowhere/program
END
cat >"$work/counts.0" <<'END'
rounds 10
ffffffff81000000 5 10
ffffffff81000020 7 20
ffffffff81000190 3 10
ffffffffc0000000 4 20
ffffffffc0000008 1 20
555500001800 6 10
444400000000 2 10
END

top_builddir=$work "$bench/functions" "$work/symbols" "$work/counts.0"
check "all of it is the sum" 'says "40\.0 +1\.00 +\= all of 10 rounds"'
check "blocks belong to the function they begin in" 'says "19\.0 +1\.00 +first"'
check "data do not begin a function" 'says "3\.0 +0\.00 +second"'
check "a module is like the kernel" 'says "10\.0 +2\.00 +in_module"'
check "what is not known of a program is the program's" 'says "6\.0 +0\.00 +\[program\]"'
check "what is nowhere is user space" 'says "2\.0 +0\.00 +\(user-space\)"'
check "the dearest comes first" 'sed -n 2p "$work/counts.0.txt" | grep -q first'
finish
