#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The native client: no proxy, and no driver for what the kernel knows.
. "${0%/*}/util.sh"

check "the echo service answers" echo_call EchoString s hello
like "list has the driver's name" "$driver" "$(kdbusctl list 2>&1)"
like "status of the echo service has its process" "kdbus-echo" "$(kdbusctl status $echo_name 2>&1)"
pid=$(kdbusctl status $echo_name | sed -n 's/^PID=//p')
same "and so has that of its process" "UniqueName=$(kdbusctl names | awk -v n=$echo_name '$1 == n { print $2 }')" \
    "$(kdbusctl status "$pid" | grep ^UniqueName)"
fails "a process that is not on the bus" "the process 2 is not on the bus" kdbusctl status 2
like "a call" "hello" "$(kdbusctl call $echo_name $echo_path $echo_name EchoString s hello 2>&1)"

# Debian's base has no program that reads JSON, so one of ours does.
kdbusctl list --json >/run/list.json 2>/run/list.err
same "list --json ends well" "0:" "$?:$(cat /run/list.err)"
results "$top_builddir/tests/system/read-json" /run/list.json id names pid uid comm cgroup

# JSON of a value is as busctl has it, and what fails prints none
property="get-property $echo_name $echo_path $echo_name Greeting --json=short"
# shellcheck disable=SC2086
same "a property for programs is as busctl's" "$(on_bus $property)" "$(kdbusctl $property)"
like "introspect has it, too" '"name":"Greeting","type":"s","flags":"[^"]*","value":"Hello"' \
    "$(kdbusctl introspect $echo_name $echo_path --json=short)"
same "who is not there has no tree" "" "$(kdbusctl tree org.example.Nobody 2>/dev/null)"
same "nor in JSON" "[]" "$(kdbusctl tree org.example.Nobody --json=short 2>/dev/null)"
same "others have theirs" $'/\n/org\n/org/kdbus\n'$echo_path \
    "$(kdbusctl tree org.example.Nobody $echo_name 2>/dev/null | sed -n 's/^ *└─ //p')"
same "options stand in words of their own, as busctl's" 's "x"' \
    "$(kdbusctl --timeout 5 --address /sys/fs/kdbus/0-system/bus call $echo_name $echo_path $echo_name EchoString s x)"

# kdbusctl(1) has every key, but those of D-Bus's own dictionaries
keys() {
    python3 -c '
import json, sys
def keys(v):
    if isinstance(v, list):
        return [k for e in v for k in keys(e)]
    if not isinstance(v, dict):
        return []
    return [k for n, e in v.items() for k in [n] + (keys(e) if n not in ("data", "value") else [])]
for line in sys.stdin:
    print("\n".join(keys(json.loads(line))))'
}
for words in list names "tree $echo_name" "introspect $echo_name $echo_path" "call $echo_name $echo_path $echo_name EchoString s x" \
    "policy check nobody $driver" "endpoint list" "busname list" "busname show $driver" "system-bus status" \
    "bench --timeout=0.1" "top -n 1 --interval=0.1"; do
    # shellcheck disable=SC2086
    same "the manual has the keys of ${words%% org.*}" "" "$(kdbusctl $words --json=short | keys | sort -u |
        while read -r key; do grep -qE "^\.Va .*\<$key\>" man/kdbusctl.1 || echo "$key"; done)"
done

# what is not there says what to do, whoever looks for it
for words in list monitor "endpoint list" "endpoint make x"; do
    # shellcheck disable=SC2086
    fails "$words: no bus" 'no bus at .*; see "systemctl --user status kdbus-bus.service"' \
        setpriv --reuid nobody --regid nogroup --clear-groups kdbusctl --user $words
done

# output is not lost
like "a pager that is not there" "^$driver " \
    "$(TERM=xterm PAGER=/nonexistent script -qec 'kdbusctl list' /dev/null </dev/null)"
fails "a full disk" "cannot write" sh -c 'kdbusctl busname list >/dev/full'

fails "a name nobody has is said to be so" "org.example.Nobody" kdbusctl status org.example.Nobody
finish
