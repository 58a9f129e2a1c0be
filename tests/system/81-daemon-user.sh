#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same as a user, whom session buses are for.
. "${0%/*}/util.sh"

# A place of the user's, with what the script needs: the tree may be closed.
home=$(mktemp -d /tmp/private-home.XXXXXX)
mkdir -p "$home/tests/system"
cp "${0%/*}"/{util.sh,80-daemon.sh} "$top_builddir/tests/system/private" "$home/tests/system"
cp "${0%/*}/../tap.sh" "$home/tests"
chown -R daemon: "$home"

as_user() (
    set -o pipefail
    cd "$home" &&
        HOME=$home XDG_RUNTIME_DIR=$home top_builddir=$home \
            setpriv --reuid=daemon --regid=daemon --clear-groups \
            "$BASH" tests/system/80-daemon.sh user 2>&1 |
        sed -E 's/^(not ok|ok) [0-9]+ - /\1 - /'
)
results as_user
rm -rf "$home"
finish
