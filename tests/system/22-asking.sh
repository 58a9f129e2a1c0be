#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# kdbusctl's verbs that answer questions: policy check, why-denied, endpoint,
# bench, and what the shells' completion asks.
. "${0%/*}/util.sh"

nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
# answer USER NAME WAY RIGHT: "true RULE" or "false RULE"
answer() {
    kdbusctl policy check "$1" "$2" --json | python3 -c '
import json, sys
for a in json.load(sys.stdin)["answers"]:
    if [a["way"], a["right"]] == sys.argv[1:]:
        print(str(a["allowed"]).lower(), a["rule"])' "$3" "$4"
}

# policy check: what it says is so
like "natively the driver may be talked to, by its unit" "^true AllowWorld=talk in /.*/$driver.busname$" \
    "$(answer nobody $driver native talk)"
check "it may" nobody kdbusctl -q call $driver $driver_path $driver GetId
like "whoever has no unit may not" "^false .*org.kdbus.test.None" "$(answer nobody org.kdbus.test.None native talk)"
like "through the proxy it may, by the rule of its file" "^true /.*/$echo_name.conf:[0-9]+$" \
    "$(answer nobody $echo_name classic talk)"
check "it may" nobody busctl --address=$address call -- $echo_name $echo_path $echo_name EchoString s x
own=$(answer nobody org.kdbus.test.Own classic own)
like "and a name not be owned, by a rule" "^false /.*:[0-9]+$" "$own"
own=${own#false }
like "which is in that line" "<deny own=" "$(sed -n "${own##*:}p" "${own%:*}")"
like "root may" "^true the bus is this user's" "$(answer root $echo_name native own)"
fails "a user that does not exist" "there is no user nobody-at-all" kdbusctl policy check nobody-at-all a.b

# why-denied
nobody "$top_builddir/tests/system/proxied" /run/kdbus/system_bus_socket own >/dev/null 2>&1
denied() { kdbusctl why-denied -n 1 proxied; }
is_denied() { denied | grep -q org.kdbus.test.Own; }
await 20 is_denied
like "a refusal is found in the journal" "proxied\[[0-9]+\] of uid 65534 may not own org.kdbus.test.Own" "$(denied)"
like "with the rule, which is that of policy check" "rule +$own" "$(denied)"
like "and what to change" 'remedy .*<allow own="org.kdbus.test.Own"/>' "$(denied)"
like "for programs, too" '"refusal":"own".*"client_uid":"65534"|"client_uid":"65534".*"refusal":"own"' \
    "$(kdbusctl why-denied -n 1 --json=short org.kdbus.test.Own)"
like "nothing is said to be nothing" "has no refusal that concerns org.kdbus.Nobody" \
    "$(kdbusctl why-denied org.kdbus.Nobody)"

# endpoint
# shellcheck disable=SC2016
inside='kdbusctl --address="$DBUS_SYSTEM_BUS_ADDRESS" names; kdbusctl endpoint list
kdbusctl --address="$KDBUS_ENDPOINT" call '"$echo_name $echo_path $echo_name"' EchoString s through; exit 7'
seen=$(kdbusctl endpoint make tried --talk=$echo_name --own='org.example.*,user=0' -- sh -c "$inside" 2>&1)
same "a command in an endpoint gives its status" 7 $?
like "it sees what was granted" "^$echo_name " "$seen"
same "and nothing else" "" "$(grep "^$driver" <<<"$seen")"
like "it talks" 's "through"' "$seen"
like "the endpoint is in the list" "^0-tried +custom +root +owner" "$seen"
same "and is gone with the command" "" "$(kdbusctl endpoint list | grep tried)"
fails "who does not own the bus makes none" "only the owner" nobody kdbusctl endpoint make tried

# bench
measured=$(kdbusctl bench --timeout=0.2 --json=short)
like "bench measures every size" '^\[(\{"size":[0-9]+,"call_ns":[1-9][0-9]*,"socketpair_ns":[1-9][0-9]*,"ratio_permille":[1-9][^}]*\},?){5}\]$' "$measured"

# completion
echo_call EchoString s x >/dev/null
like "names" "^$driver	" "$(kdbusctl complete call '')"
same "objects" "$echo_path" "$(kdbusctl complete call $echo_name /org/kdbus/)"
like "interfaces" "^$echo_name$" "$(kdbusctl complete call $echo_name $echo_path '')"
like "methods" "^EchoString	s$" "$(kdbusctl complete call $echo_name $echo_path $echo_name '')"
same "signatures" "s" "$(kdbusctl complete call $echo_name $echo_path $echo_name EchoString '')"
like "units" "^$driver$" "$(kdbusctl complete busname show '')"
like "busname speaks to programs, too" "\"name\":\"$driver\"" "$(kdbusctl busname list --json=short)"
finish
