#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same clients on our bus and on the distribution's broker beside it see
# the same. What differs is listed here, each line with its reason: a
# difference that is not listed fails, and so does one that is no more.
. "${0%/*}/util.sh"

classic_socket=/run/dbus/system_bus_socket
our_socket=${address#unix:path=}
classic=unix:path=$classic_socket
holder=$top_builddir/tests/system/hold-name
held=org.kdbus.test.Held

ours() { busctl --address=$address --no-pager "$@" 2>&1; }
theirs() { busctl --address=$classic --no-pager "$@" 2>&1; }

# differ TEXT EXPECTED THEIRS OURS: lines that only one has, "<" theirs, ">" ours
differ() {
    same "$1" "$2" "$(diff <(printf '%s\n' "$3") <(printf '%s\n' "$4") | grep '^[<>]')"
}

# The driver's own description.
describe() { "$1" --no-legend introspect $driver $driver_path | awk '{ print $1, $2, $3, $NF }' | sort; }
differ "busctl introspect shows the same interfaces, methods, signals and properties" "" \
    "$(describe theirs)" "$(describe ours)"

# Sorted, because each has its interfaces in an order of its own; the values of
# the properties are below.
xml() {
    gdbus introspect --address "$1" --dest $driver --object-path $driver_path |
        awk '/readonly as/ { print $1, $2, $3; value = 1 } !value; /;$/ { value = 0 }' | sort
}
differ "gdbus introspect shows the same" "" "$(xml $classic)" "$(xml $address)"

# Units are started through the service manager by the driver's activators, also
# where the broker is not configured to.
property() { busctl --address="$1" get-property $driver $driver_path $driver "$2" | tr ' ' '\n' | grep '"' | sort; }
differ "features are the same" "" \
    "$(property $classic Features)" "$(property $address Features)"
differ "interfaces are the same" "" "$(property $classic Interfaces)" "$(property $address Interfaces)"

header() { "$@" | head -1 | xargs; }
for options in "" --unique --acquired --activatable "--acquired --unique --activatable"; do
    # shellcheck disable=SC2086
    differ "busctl $options list has the same columns" "" "$(header theirs $options list)" \
        "$(header ours $options list)"
done

# The same clients on both: one that listens, one that owns a name, and one
# that waits for it.
gdbus monitor --address $address --dest $driver >/dev/null 2>&1 &
here=$!
gdbus monitor --address $classic --dest $driver >/dev/null 2>&1 &
there=$!
cat >/etc/dbus-1/system.d/held.conf <<END
<busconfig><policy user="root"><allow own="$held"/></policy></busconfig>
END
reloaded() { ours call $driver $driver_path $driver ReloadConfig && theirs call $driver $driver_path $driver ReloadConfig; }
check "both take a policy that lets the name be owned" reloaded
declare -A pid
for side in our classic; do
    socket=${side}_socket
    "$holder" "${!socket}" $held >/run/held.$side 2>&1 &
    pid[$side]=$!
    check "the name is owned on the $side bus" await 20 test -s /run/held.$side
    "$holder" "${!socket}" $held queue >/run/queued.$side 2>&1 &
    pid[queued-$side]=$!
    check "and waited for" await 20 test -s /run/queued.$side
done

listed() { "$1" --no-legend --unique list | awk -v pid="$2" '$2 == pid'; }
is_listed() { [ -n "$(listed "$@")" ]; }
await 30 is_listed ours $here && await 30 is_listed theirs $there
# ids, numbers of processes and the width of columns are nobody's promise
numbers() { sed -E 's/:1\.[0-9]+/:1.N/g; s/ [0-9]+ / N /g' | tr -s ' ' | sed 's/ $//'; }
differ "busctl list: a client's row is the same" "" "$(listed theirs $there | numbers)" \
    "$(listed ours $here | numbers)"
owner() { "$1" --no-legend "${@:2}" list | awk -v name=$held '$1 == name' | numbers; }
for option in "" --acquired; do
    # shellcheck disable=SC2086
    differ "busctl $option list: an owner's row is the same" "" "$(owner theirs $option)" "$(owner ours $option)"
done
same "and it is there" 1 "$(owner ours --acquired | wc -l)"

# What a process says of itself is the same wherever it is connected, but for
# what tells the two processes apart, and their two connections.
status() {
    "$1" status "$2" | sed -E 's/^(PID|PPID|UniqueName|CommandLine)=.*/\1=X/'
}
unique() { listed "$1" "$2" | awk '{ print $1 }'; }
differ "busctl status: of a client the same" "" "$(status theirs "$(unique theirs $there)")" \
    "$(status ours "$(unique ours $here)")"
differ "busctl status: of an owner, by its name, the same" "" "$(status theirs $held)" "$(status ours $held)"

# what is asked by hand, about the owner
ask() { busctl --address="$1" call $driver $driver_path $driver "${@:2}" 2>&1; }
unnumbered() { sed -E 's/:1\.[0-9]+/:1.N/g'; }
for question in GetNameOwner NameHasOwner ListQueuedOwners GetConnectionUnixUser; do
    differ "$question: the same answer" "" "$(ask $classic $question s $held | unnumbered)" \
        "$(ask $address $question s $held | unnumbered)"
done
for question in "GetNameOwner s no.body" "ListQueuedOwners s no.body" "GetConnectionUnixProcessID s no.body" \
    "StartServiceByName su no.body 0" "RequestName su nodots 0" "ReleaseName s no.body" "NoSuchMethod"; do
    # shellcheck disable=SC2086
    error() { dbus-send --bus="$1" --print-reply --dest=$driver $driver_path $driver."$2" "${@:3}" 2>&1 | sed -n 's/^Error \([^:]*\):.*/\1/p'; }
    read -r method types arguments <<<"$question"
    words=()
    for argument in $arguments; do
        case $types in s*) words+=("string:$argument") ;; *) words+=("uint32:$argument") ;; esac
        types=${types#?}
    done
    differ "$question: the same error" "" "$(error $classic "$method" "${words[@]}")" \
        "$(error $address "$method" "${words[@]}")"
done

# Ours knows the process for certain and says more, under names with a dot; the
# proxy connects in its client's name, and passes the groups on only where it
# is told them: half a list would be taken for the whole.
keys() { ask "$1" GetConnectionCredentials s "$2" | grep -oE '"(Unix|Process|Linux)[A-Za-z]*"' | sort; }
differ "credentials of an owner" '> "ProcessFD"
< "UnixGroupIDs"' "$(keys $classic $held)" "$(keys $address $held)"
like "credentials have more, with dots" '"org\.kdbus\.StartTime" t [0-9]+' \
    "$(ask $address GetConnectionCredentials s $held)"

kill $here $there "${pid[@]}"
rm /etc/dbus-1/system.d/held.conf
reloaded
finish
