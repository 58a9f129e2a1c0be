#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Reads the #include lines and checks the picture of the house: arrows point
# down, and nothing goes round in a circle.
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 1
export LC_ALL=C
. tests/tap.sh

sources() { find "$@" -type f -name '*.[ch]' ! -name '*.mod.c' | sort; }

# "FROM TO" for each of our own includes, relative to the folder given. A file
# and its header are one.
includes() (
    cd "$1" || exit
    shift
    sources "$@" | while read -r file; do
        sed -n 's/^#include "\(.*\)".*/\1/p' "$file" | while read -r header; do
            [ ! -e "$header" ] || echo "${file%.[ch]} ${header%.h}"
        done
    done | awk '$1 != $2' | sort -u
)

# The members of a circle, if there is one.
circles() { tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([^ ]*\)$/\1/p' | sort -u; }

# The files of one noun (pool.c, pool-pages.c) may know each other.
nouns() { sed 's/-[a-z0-9-]*//g' | awk '$1 != $2' | sort -u; }

rooms=$(ls -d lib libkdbus driver busname bus ctl daemon proxy examples bench 2>/dev/null)
kernel_includes=$(includes kernel entry flow object util)
userland_includes=$(includes . $rooms)

clean "kernel: entry sees flow, flow sees object, object sees util" "$(
    echo "$kernel_includes" | awk '
        function floor(path) {
            split(path, part, "/")
            return index("util object flow entry", part[1])
        }
        NF && floor($1) < floor($2)')"

clean "kernel: in flow, steps know no verb that takes them" "$(
    echo "$kernel_includes" | awk '
        BEGIN { n = split("draft deliver route permit watch await notice", step); while (n) is["flow/" step[n--]] = 1 }
        ($1 in is) && $2 ~ /^flow/ && !($2 in is) && index($2, $1 "-") != 1')"

clean "kernel: no file leads back to itself" "$(echo "$kernel_includes" | nouns | circles)"

clean "userland: rooms see lib and not each other, but libkdbus a bridge of the proxy" "$(
    echo "$userland_includes" | awk '
        { split($1, from, "/"); split($2, to, "/") }
        from[1] == "libkdbus" && $2 == "proxy/bridge" { next }
        NF && from[1] != to[1] && to[1] != "lib"')"

clean "examples of libkdbus include nothing of this tree" "$(
    grep -l '<kdbus/libkdbus.h>' examples/*.c | xargs grep -n '^#include "')"

# (in lib/ a large header brings its parts, and each part brings the whole)
clean "userland: no header leads back to itself" "$(
    for header in $(sources $rooms | grep -v '^lib/' | grep 'h$'); do
        sed -n "s|^#include \"\(.*\)\".*|$header \1|p" "$header"
    done | circles)"

clean "kernel: compat.h alone names a kernel version" "$(
    sources kernel | xargs grep -l 'LINUX_VERSION_CODE\|KERNEL_VERSION' | grep -vx 'kernel/compat.h')"

clean "userland: one door per library" "$(
    for door in json-c:lib/report.c sys/capability:lib/caps.c expat:proxy/xml-parse.c criterion:none; do
        sources $rooms | xargs grep -l "^#include <${door%%:*}[/.]" | grep -vx "${door#*:}"
    done)"

clean "kernel: no function over 100 lines, no file over 900" "$(
    sources kernel | xargs awk '
        FNR == 1 { begin = 0 }
        /^{/ { begin = FNR }
        /^}/ { if (begin && FNR - begin > 100) print FILENAME ": the function that ends in line " FNR; begin = 0 }
        FNR == 901 { print FILENAME " is longer than 900 lines" }')"

clean "kernel: module.am lists every file" "$(
    { sources kernel; echo kernel/Kbuild; } | while read -r file; do
        grep -q "[[:space:]]$file\( \\\\\)\?$" kernel/module.am || echo "$file"
    done)"

# A twin in tests/unit, or else the names of programs that are there.
twins() {
    local file line program
    for file in $(sources kernel | grep '\.c$'); do
        file=${file#kernel/}
        line=$(sed -n "s|^    $file  *\([0-9].*\)|\1|p" kernel/README)
        if [ -e "tests/unit/kernel/$(dirname "$file")/test-$(basename "$file")" ]; then
            [ -z "$line" ] || echo "kernel/$file has two twins"
        elif [ -z "$line" ]; then
            echo "kernel/$file has no twin"
        fi
        for program in $(echo "$line" | grep -o '[0-9][0-9]*-[a-z-]*'); do
            [ -e "tests/vm/$program.c" ] || echo "tests/vm/$program is not there"
        done
    done
}
clean "kernel: every file has a twin, or a line in README" "$(twins)"

clean "every source says its licence first" "$(
    sources kernel tests $rooms | while read -r file; do
        case $file in
        kernel/uapi/*) want='.* WITH Linux-syscall-note' ;;
        kernel/*) want='GPL-2.0-only' ;;
        *) want='LGPL-2.1-or-later\|GPL-2.0-only' ;;
        esac
        head -n 1 "$file" | grep -q "SPDX-License-Identifier: \($want\)" || echo "$file"
    done)"

finish
