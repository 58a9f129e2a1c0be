#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# docs/security.md names a test for each of its claims; each of them has to be there.
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 1
export LC_ALL=C

# `FILE`: *case*, which may go on in the next line, becomes "FILE|case".
references=$(tr '\n' ' ' <docs/security.md | tr -s ' ' |
    grep -oE '`tests/[^`]+`: \*[^*]+\*' | sed -E 's/^`([^`]+)`: \*([^*]+)\*$/\1|\2/' | sort -u)

missing=$(echo "$references" | while IFS='|' read -r file case; do
    [ -e "$file" ] || file=$file.c
    grep -qF -- "$case" "$file" 2>/dev/null || echo "$file: $case"
done)

n=$(echo "$references" | wc -l)
if [ "$n" -lt 50 ]; then
    echo "not ok 1 - docs/security.md names its tests"
    echo "# only $n"
elif [ -n "$missing" ]; then
    echo "not ok 1 - docs/security.md names its tests"
    echo "$missing" | sed 's/^/# /'
else
    echo "ok 1 - docs/security.md names its tests"
fi
echo 1..1
