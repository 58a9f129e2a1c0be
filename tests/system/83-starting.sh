#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Services that come, fail, or never come: kdbus-daemon and the distribution's
# daemon with the same files, line by line. And programs in a session of it.
. "${0%/*}/util.sh"

here=${0%/*}
work=$(mktemp -d /tmp/starting.XXXXXX)
chmod 755 "$work"
mkdir "$work/services"
"$here/starting.py" make "$work/services" "$top_builddir/tests/system/private"
cat >"$work/bus.conf" <<END
<busconfig>
  <type>session</type>
  <listen>unix:path=$work/bus</listen>
  <servicedir>services</servicedir>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    <deny own="org.test.Denied"/>
    <deny send_destination="org.test.Unsendable"/>
    <deny send_destination="org.test.Waited" send_interface="org.test.Service" send_member="Waited"/>
  </policy>
  <limit name="service_start_timeout">5000</limit>
</busconfig>
END

is_gone() { ! kill -0 "$1" 2>/dev/null; }
# lines DAEMON: what comes of the services there
lines() {
    local out at peer
    out=$("$1" --fork --print-address=1 --print-pid=1 --config-file="$work/bus.conf" 2>/dev/null) || return
    { read -r at; read -r peer; } <<<"$out"
    timeout 120 "$here/starting.py" ask "$at" 2>&1
    kill "$peer"
    await 20 is_gone "$peer"
    rm -f "$work/bus"
}
theirs=$(lines dbus-daemon)
same "there is something to compare" 98 "$(wc -l <<<"$theirs")"
ours=$(lines kdbus-daemon)
same "services come and fail alike" "" "$(diff <(echo "$theirs") <(echo "$ours"))"

limit_of() { sed -n 's/^Max open files *\([0-9]*\) .*/\1/p' "/proc/$1/limits"; }
out=$(ulimit -Sn 1024 && ulimit -Hn 4096 && kdbus-daemon --fork --print-pid=1 --config-file="$work/bus.conf" 2>/dev/null)
same "the daemon has descriptors for many clients" 65536 "$(limit_of "$out")"
same "its services have what it had" 1024 "$(limit_of "$(pgrep -o -x kdbus-activator -P "$out")")"
kill "$out"
await 20 is_gone "$out"
rm -f "$work/bus"

# a program that uses the session's bus
session() { timeout 60 dbus-run-session --dbus-daemon=/usr/bin/kdbus-daemon -- "$@"; }
echoes() {
    cat <<'END'
export DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS
"$0" gi serve org.kdbus.TestGi &
for i in {1..100}; do
    dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
        string:org.kdbus.TestGi | grep -q true && break
    sleep 0.1
done
"$0" dbus call org.kdbus.TestGi
kill %1
END
}
results session bash -c "$(echoes)" "$here/binding.py"
rm -rf "$work"
finish
