#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libkdbus as it is installed: what it exports is what its header declares, the
# header is good C and C++, and programs of others can be built with it alone.
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 1
src=$PWD
: "${top_builddir:=$src/build}"
export LC_ALL=C
header=libkdbus/api/kdbus/libkdbus.h
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. tests/tap.sh

# Sorted names of functions: the header's, the version script's, the library's.
code() { sed -e ':a' -e 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' -e '/\/\*/{N;ba' -e '}' $header; }
declared() { code | grep -oE '\bkdbus_[a-z_]+\(' | tr -d '(' | sort -u; }
listed() { sed -n '/^global:/,/^local:/s/^\t\(.*\);$/\1/p' libkdbus/libkdbus.sym | sort; }
exported() { nm -D --defined-only "$1" | sed -n 's/.* T \(.*\)@@LIBKDBUS_0$/\1/p' | sort; }

clean "the version script lists what the header declares" "$(diff <(declared) <(listed))"
clean "the library exports that and nothing else" "$(
    diff <(listed) <(exported "$top_builddir/libkdbus.so.0")
    nm -D --defined-only "$top_builddir/libkdbus.so.0" | grep -v '@@LIBKDBUS_0$\| A LIBKDBUS_0$')"
clean "it is called libkdbus.so.0" "$(
    readelf -d "$top_builddir/libkdbus.so.0" | grep -q 'SONAME.*\[libkdbus.so.0\]' || echo no)"
# sanitizers bring their own
clean "it needs libsystemd and the C library" "$(
    readelf -d "$top_builddir/libkdbus.so.0" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
        grep -vE '^(libsystemd\.so\.0|libc\.so\.6|ld-linux.*|libasan.*|libubsan.*|libgcov.*|libm\.so\.6|libpthread.*)$')"

# A bridge runs beside the program's own threads, so nothing may be shared that
# changes; of the log, which is silent there, all but the level stays unused.
clean "it has no variables that threads could share" "$(
    nm -f sysv "$top_builddir/libkdbus.so.0" | awk -F '|' '
        $7 ~ /^[ ]*\.t?(data|bss)$/ && $4 ~ /OBJECT/ { sub(/([. ].*)$/, "", $1); print $1 }' |
        grep -vxE 'answer|completed|log_level|log_program|n_lost|__TMC_END__|__dso_handle' | grep -v '^__\(asan\|gcov\)')"

for language in c:c99 c:c17 c++:c++11 c++:c++20; do
    compiler=${CC:-cc}
    [ "${language%:*}" = c ] || compiler=${CXX:-c++}
    if ! command -v "${compiler%% *}" >/dev/null; then
        skip "the header alone is good ${language#*:}" "no $compiler"
        continue
    fi
    # shellcheck disable=SC2086
    clean "the header alone is good ${language#*:}" "$(
        echo '#include <kdbus/libkdbus.h>' |
            $compiler -x "${language%:*}" -std="${language#*:}" -pedantic -Wall -Wextra -Werror \
                -Ilibkdbus/api -fsyntax-only - 2>&1)"
done

# Installed elsewhere, and nothing of this tree in sight. A make that runs this
# has told nobody that there is another one below it.
make="env -u MAKEFLAGS -u MFLAGS ${MAKE:-make}"
clean "it can be installed alone" "$(
    $make -s -C "$top_builddir" install-libkdbus DESTDIR="$work/root" 2>&1 >/dev/null)"
libdir=$(dirname "$(find "$work/root" -name libkdbus.pc)")
export PKG_CONFIG_LIBDIR=$libdir
PKG_CONFIG_LIBDIR+=:$(pkg-config --variable pc_path pkg-config 2>/dev/null)
# a sysroot is for all packages, and only ours is in this one
flags=$(pkg-config --define-variable=prefix="$work/root/usr" --cflags --libs libkdbus)
systemd=$(pkg-config --cflags --libs libsystemd)
flags="-I$(dirname "$(dirname "$(find "$work/root" -name libkdbus.h)")") -L${libdir%/pkgconfig} $flags"

# shellcheck disable=SC2086
for example in sum-service sum-client video-camera video-screen sandbox sdbus-service; do
    cp examples/$example.c "$work/"
    more=
    [ $example != sdbus-service ] || more=$systemd
    clean "$example is built with pkg-config's words alone" "$(
        cd "$work" && ${CC:-cc} -Wall -Wextra -Werror -O2 $example.c -o $example $flags $more 2>&1)"
done

# The program in libkdbus(3), as it was before it was written for the formatter.
sed -n '/^\.Bd -literal$/,/^\.Ed$/p' man/libkdbus.3 |
    sed -e '1d' -e '$d' -e "s/\\\\(aq/'/g" -e 's/\\-/-/g' -e 's/\\e/\\/g' >"$work/page.c"
clean "the program of libkdbus(3) is examples/sum-service.c" \
    "$(diff "$work/page.c" examples/sum-service.c 2>&1 | head -n 20)"

# Every function has its place in the page, and every name there is one.
clean "every function is documented" "$(
    declared | while read -r name; do
        grep -qE "^\.Fn $name( |$)" man/libkdbus.3 || echo "$name"
    done
    sed -n 's/^\.Fn \(kdbus_[a-z_]*\).*/\1/p' man/libkdbus.3 | sort -u | while read -r name; do
        declared | grep -qx "$name" || echo "there is no $name"
    done)"
if command -v mandoc >/dev/null; then
    clean "mandoc finds nothing" \
        "$(mandoc -T lint -W style man/libkdbus.3 2>/dev/null | grep -v 'referenced manual not found')"
else
    skip "mandoc finds nothing" "mandoc is not installed"
fi
finish
