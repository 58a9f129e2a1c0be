#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holds the manual against what it describes: the header, the table of
# commands, the errors of the kernel, and the example.
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 1
export LC_ALL=C
pages=$(ls man/kdbus.7 man/kdbus.*.7)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. tests/tap.sh

# The program in the page, as it was before it was written for the formatter.
example() {
    sed -n '/^\.Bd -literal$/,/^\.Ed$/p' man/kdbus.7 | sed -e '1d' -e '$d' \
        -e "s/\\\\(aq/'/g" -e 's/\\(ga/`/g' -e 's/\\(ha/^/g' -e 's/\\(ti/~/g' \
        -e 's/\\-/-/g' -e 's/\\e/\\/g'
}

example >"$work/example.c"
clean "the example is examples/kdbus-hello.c" \
    "$(diff "$work/example.c" examples/kdbus-hello.c 2>&1 | head -n 20)"

compiler=${CC:-cc}
if command -v "${compiler%% *}" >/dev/null; then
    # $compiler may be several words
    clean "it compiles with nothing but the header" \
        "$($compiler -Wall -Wextra -Werror -O2 -D_GNU_SOURCE -Ikernel/uapi \
            -o "$work/example" "$work/example.c" 2>&1 | head -n 20)"
else
    skip "it compiles with nothing but the header" "no $compiler"
fi

# Constants of the header; those with an underscore that only mark where a
# range begins are for the header itself.
constants() {
    sed -e 's|/\*.*\*/||' kernel/uapi/linux/kdbus.h |
        grep -oE '^(#define|	)[ 	]*_?KDBUS_[A-Z0-9_]+' | grep -oE '_?KDBUS_[A-Z0-9_]+' |
        grep -vE '^_KDBUS_(ITEM_(NULL|[A-Z]*_BASE)|POLICY_ACCESS_NULL)$|^KDBUS_IOCTL_MAGIC$' | sort -u
}

clean "every constant of the header is documented" \
    "$(constants | while read -r name; do
        # shellcheck disable=SC2086
        grep -qw -- "$name" $pages || echo "$name"
    done)"

clean "every structure of the header is documented" \
    "$(sed -n 's/^struct \(kdbus_[a-z_]*\) {/\1/p' kernel/uapi/linux/kdbus.h | while read -r name; do
        # shellcheck disable=SC2086
        grep -qw -- "struct $name" $pages || echo "struct $name"
    done)"

# struct NAME FILE: its members as they are declared there
members() { sed -n "/^struct $1 {/,/^}/p" "$2" | sed -e 1d -e '$d'; }
clean "structures have the members that the pages show" \
    "$(grep -o '^struct kdbus_[a-z_]* {' man/kdbus.[a-z]*.7 | grep -v 'struct kdbus_item ' |
        sed 's/^\(.*\):struct \(.*\) {/\1 \2/' | while read -r page name; do
        members "$name" kernel/uapi/linux/kdbus.h >"$work/header"
        members "$name" "$page" | diff "$work/header" - | sed -n "s|^[<>]|$page: struct $name:|p"
    done)"

# What is documented exists.
clean "every constant in the manual is one" \
    "$(# shellcheck disable=SC2086
    grep -ohE '\b_?KDBUS_[A-Z0-9_]+' $pages | sort -u | while read -r name; do
        grep -qw -- "$name" kernel/uapi/linux/kdbus.h || echo "$name"
    done)"

# Errors that the code returns; a few never reach a caller.
errors() {
    cat kernel/*/*.c | sed -e 's|/\*.*\*/||' | grep -vE '^ \*|WARN' |
        grep -oE -- '-E[A-Z0-9]+\b' | cut -c2- | sort -u |
        grep -vxE 'ECHILD|EINPROGRESS|ERESTARTSYS'
}
clean "every error of the kernel is documented" \
    "$(errors | while read -r name; do
        # shellcheck disable=SC2086
        grep -qE "^\.(It Bq )?Er (.* )?$name\b|Bq Er .*\b$name\b" $pages || echo "$name"
    done)"

# "COMMAND: ITEM, ITEM required, ITEM many" of an array of accepted items
accepts_code() {
    sed -n "/kdbus_args_item $2\[\]/,/^}/p" "$3" |
        sed -n 's/^	{ \(KDBUS_ITEM_[A-Z_]*\),*[	 ]*\([A-Z_]*\).*/\1 \2/p' |
        sed -e 's/KDBUS_ITEM_MANY$/many/' -e 's/MANY$/many/' -e 's/MUST$/required/' -e 's/ $//' |
        sort | sed "s/^/$1: /"
}
accepts_page() {
    sed -n '/^\.Sh WHAT ACCEPTS WHAT/,/^\.Sh ON/p' man/kdbus.item.7 | awk -v command="$1" '
        /^\.It / { inside = index($0 " ", command " ") }
        inside && /^\.Dv KDBUS_ITEM/ && !/NEGOTIATE/ {
            sub(/^\.Dv /, ""); sub(/ [,;]$/, ""); sub(/ Em /, " "); print command ": " $0
        }' | sort
}
clean "what commands accept is what kdbus.item(7) says" \
    "$(while read -r command array file; do
        accepts_code "$command" "$array" "$file" >"$work/code"
        accepts_page "$command" >"$work/page"
        [ -s "$work/code" ] || echo "$file has no $array"
        diff "$work/code" "$work/page" | sed -n 's/^</the code:/p;s/^>/the page:/p'
    done <<END
KDBUS_CMD_BUS_MAKE bus_make_items kernel/entry/commands.c
KDBUS_CMD_ENDPOINT_MAKE endpoint_make_items kernel/entry/commands.c
KDBUS_CMD_ENDPOINT_UPDATE endpoint_update_items kernel/entry/commands.c
KDBUS_CMD_HELLO hello_items kernel/entry/commands.c
KDBUS_CMD_UPDATE update_items kernel/entry/commands.c
KDBUS_CMD_CONN_INFO conn_info_items kernel/entry/commands.c
KDBUS_CMD_LIST list_items kernel/entry/commands.c
KDBUS_CMD_SEND send_items kernel/entry/commands.c
KDBUS_CMD_NAME_ACQUIRE name_items kernel/entry/commands.c
KDBUS_CMD_NAME_RELEASE name_items kernel/entry/commands.c
KDBUS_CMD_MATCH_ADD match_add_items kernel/entry/commands.c
KDBUS_CMD_MATCH_REMOVE match_remove_items kernel/entry/commands.c
message msg_items kernel/flow/draft.c
END
)"

# Pages that refer to each other, or that the code refers to, exist.
clean "the pages of this manual that are referred to exist" \
    "$({
        sed -n 's/^\.Xr \(kdbus[^ ]*\) \([0-9]\).*/\1.\2/p' man/*.[0-9]
        grep -rhoE --include='*.[ch]' 'kdbus(\.[a-z]+)?\(7\)' kernel | sed 's/(7)/.7/'
    } | sort -u | while read -r page; do
        [ -e "man/$page" ] || echo "$page"
    done)"

clean "every page is installed" \
    "$(for page in $pages; do
        grep -q "${page}\b" man/module.am || echo "$page"
    done)"

if command -v mandoc >/dev/null; then
    # whether pages of others are installed here is not the question
    # shellcheck disable=SC2086
    clean "mandoc finds nothing" \
        "$(mandoc -T lint -W style $pages 2>/dev/null | grep -v 'referenced manual not found')"
else
    skip "mandoc finds nothing" "mandoc is not installed"
fi
finish
