#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same clients on our bus and on the distribution's broker beside it see
# the same; what differs is listed here, with its reason.
. "${0%/*}/util.sh"

classic=unix:path=/run/dbus/system_bus_socket

ours() { busctl --address=$address --no-pager "$@" 2>&1; }
theirs() { busctl --address=$classic --no-pager "$@" 2>&1; }

# the driver's own description, without the values of its properties
describe() { "$1" --no-legend introspect $driver $driver_path | awk '{ print $1, $2, $3, $NF }'; }
same "busctl introspect shows the same interfaces, methods, signals and properties" \
    "$(describe theirs)" "$(describe ours)"

xml() { gdbus introspect --address "$1" --dest $driver --object-path $driver_path; }
# The values of properties: HeaderFiltering is the proxy's, as the kernel passes
# messages untouched; ActivatableServicesChanged is sent by nobody here; and the
# one has its interfaces in another order than the other.
values='readonly as (Features|Interfaces)|DBus.(Monitoring|Debug.Stats)|HeaderFiltering|SystemdActivation'
same "gdbus introspect shows the same" \
    "$(xml $classic | grep -vE "$values" | sort)" "$(xml $address | grep -vE "$values" | sort)"
features() { busctl --address="$1" get-property $driver $driver_path $driver "$2" | tr ' ' '\n' | grep '"' | sort | xargs; }
same "features: all of the broker's but ActivatableServicesChanged" "HeaderFiltering SystemdActivation" \
    "$(features $address Features)"
same "interfaces: the same" "$(features $classic Interfaces)" "$(features $address Interfaces)"

header() { "$@" | head -1 | xargs; }
for option in "" --unique --acquired --activatable; do
    # shellcheck disable=SC2086
    same "busctl $option list has the same columns" "$(header theirs $option list)" "$(header ours $option list)"
done

# A client on each bus, both started here and in the same way.
gdbus monitor --address $address --dest $driver >/dev/null 2>&1 &
here=$!
gdbus monitor --address $classic --dest $driver >/dev/null 2>&1 &
there=$!
listed() { "$1" --no-legend --unique list | awk -v pid="$2" '$2 == pid'; }
is_listed() { [ -n "$(listed "$@")" ]; }
await 30 is_listed ours $here && await 30 is_listed theirs $there
row() { listed "$@" | sed 's/[:0-9.]\+ /N /g' | xargs; }
same "a client's row is the same" "$(row theirs $there)" "$(row ours $here)"

# Ours knows a little less about a client of the proxy: what its credentials
# do not say (PPID, comm and the like) is read from /proc, for both of them.
status() {
    local name
    name=$(listed "$1" "$2" | awk '{ print $1 }')
    "$1" status "$name" | sed -E 's/^(PID|PPID|UniqueName|CommandLine)=.*/\1=X/'
}
same "a client's status is the same" "$(status theirs $there)" "$(status ours $here)"
kill $here $there

credentials() {
    busctl --address="$1" call $driver $driver_path $driver GetConnectionCredentials s "$2" 2>&1
}
# The proxy makes the connection in its client's name, which has no list of
# groups: it is left out rather than told in part.
like "credentials of the driver have its user and process" '"UnixUserID" u .*"ProcessID" u' \
    "$(credentials $address $driver)"
like "as the broker's have" '"UnixUserID" u' "$(credentials $classic $driver)"
finish
