#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What docs/*.md name in backquotes has to be there: the tests and their cases, files, functions,
# and pages of the manual.
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 1
export LC_ALL=C
. tests/tap.sh

# check TEXT LEAST COUNT FINDINGS: passed when so many were looked at, and nothing was found
check() {
    if [ "$3" -lt "$2" ]; then not_ok "$1" "only $3"; else clean "$1" "$4"; fi
}

count() { echo "$1" | grep -c .; }

# `FILE`: *case*, which may go on in the next line, becomes "FILE|case".
references=$(tr '\n' ' ' <docs/security.md | tr -s ' ' |
    grep -oE '`tests/[^`]+`: \*[^*]+\*' | sed -E 's/^`([^`]+)`: \*([^*]+)\*$/\1|\2/' | sort -u)
check "docs/security.md names its tests" 50 "$(count "$references")" \
    "$(echo "$references" | while IFS='|' read -r file case; do
        [ -e "$file" ] || file=$file.c
        grep -qF -- "$case" "$file" 2>/dev/null || echo "$file: $case"
    done)"

# "PAGE WORD" for each word in backquotes that PATTERN, an extended expression, fits
words() {
    for page in docs/*.md; do
        tr '\n' ' ' <"$page" | grep -oE '`[^`]+`' | tr -d '`' | tr -s ' ' '\n' |
            grep -E "$1" | sort -u | sed "s|^|$page |"
    done
}

rooms='bench|bus|busname|ctl|daemon|debian|docs|driver|examples|kernel|lib|libkdbus|man|proxy|tests|units'
files=$(words "^($rooms)/|^[a-z0-9/-]+\.(c|h|sh|pml|am)\$")
check "files that pages name are there" 150 "$(count "$files")" \
    "$(echo "$files" | while read -r page file; do
        [ -e "$file" ] || [ -e "$file.c" ] || echo "$page: $file"
    done)"

# defines FUNCTION FILE…
defines() {
    name=${1%()}
    shift
    grep -qE "^(#define |([a-z].*[ *])?)$name\(" /dev/null "$@" 2>/dev/null
}

functions=$(words '^[a-z0-9_]+\(\)$')
check "functions that a page names are in one of the files it names" 100 "$(count "$functions")" \
    "$(echo "$functions" | while read -r page function; do
        # shellcheck disable=SC2046
        defines "$function" $(echo "$files" | sed -n "s|^$page \(.*\.[ch]\)\$|\1|p") || echo "$page: $function"
    done)"

# `FUNCTION()` in `FILE`, or of it
places=$(cat docs/*.md | tr '\n' ' ' | tr -s ' ' | grep -oE '`[a-z0-9_]+\(\)` (in|of) `[^`]+\.[ch]`' | tr -d '`' | sort -u)
check "and in the very one that is said" 50 "$(count "$places")" \
    "$(echo "$places" | while read -r function _ file; do
        defines "$function" "$file" || echo "$file: $function"
    done)"

pages=$(words '^(lib)?kdbus[a-z.-]*\([1-8]\)$')
check "pages of the manual that are named are there" 10 "$(count "$pages")" \
    "$(echo "$pages" | while read -r page name; do
        [ -e "man/$(echo "$name" | sed 's/(\(.\))/.\1/')" ] || echo "$page: $name"
    done)"

# What "make install" brings that has a name of its own to be looked up.
installed=$({
    sed -nE 's/^(bin|kdbuslibexec|systemdsystemgenerator)_PROGRAMS \+?= *([a-z].*)/\2/p' ./*/module.am
    printf '%s\n' units/*.in units/*.target units/user/*.in | sed -e 's|.*/||' -e 's/\.in$//' -e '/\.busname$/d'
} | sort -u)
check "programs and units that are installed have a page" 15 "$(count "$installed")" \
    "$(for name in $installed; do
        grep -qE "^\.Nm (/.*/)?$name( ,)?\$" man/*.[0-9] || echo "$name"
    done)"
finish
