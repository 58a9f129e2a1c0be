#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Errors of the driver that take more than one call, or somebody else's part,
# through clients of the distribution: limits, peers nobody knows, services
# that do not come, broken configuration.
. "${0%/*}/util.sh"

many_calls=${0%/*}/many-calls.py
odd_peers=$top_builddir/tests/system/odd-peers
native=kernel:path=/sys/fs/kdbus/0-system/bus
prefix=org.kdbus.test

# The policy of the proxy comes first; let it allow everything to root.
policy=/etc/dbus-1/system.d/driver-limits.conf
cat >$policy <<END
<busconfig>
  <policy user="root"><allow own="*"/><allow send_destination="$driver"/></policy>
  <limit name="max_match_rules_per_connection">1024</limit>
</busconfig>
END
check "the policy can be reloaded" on_bus call $driver $driver_path $driver ReloadConfig

# error METHOD ARGUMENT…: the name of the error, as dbus-send prints it
error() {
    dbus-send --bus=$address --print-reply --reply-timeout=60000 --dest=$driver $driver_path "$@" 2>&1 |
        sed -n 's/^Error org\.freedesktop\.DBus\.Error\.\([^:]*\):.*/\1/p'
}
start() { error $driver.StartServiceByName "string:$1" uint32:0; }

# odd TEXT ARGUMENT…: sets $odd
odd() {
    local text=$1
    shift
    "$odd_peers" "$@" >/run/odd 2>&1 &
    odd=$!
    check "$text" await 20 grep -q ready /run/odd
}
end_odd() {
    kill $odd
    wait $odd
}

# limits: of names and starts the kernel's, of rules the bus's
results "$many_calls" $address names 256
results "$many_calls" $address matches 1024
odd "there are activators that start nothing" silent $prefix.start 140
results "$many_calls" $address starts $prefix.start 128
start $prefix.start0 >/run/start &
starting=$!
sleep 1
end_odd
wait $starting
same "when its activator dies, who waits for a service hears of it" Spawn.ChildExited "$(cat /run/start)"
same "and the next that there is no such service" ServiceUnknown "$(start $prefix.start0)"

# somebody of whom nothing is known
odd "there is a connection of nobody knows whom" nobody $prefix.Nobody
same "its user is not known" Failed "$(error $driver.GetConnectionUnixUser string:$prefix.Nobody)"
same "nor is its process" UnixProcessIdUnknown \
    "$(error $driver.GetConnectionUnixProcessID string:$prefix.Nobody)"
same "nor are audit data" AdtAuditDataUnknown "$(error $driver.GetAdtAuditSessionData string:$prefix.Nobody)"
credentials=$(on_bus call $driver $driver_path $driver GetConnectionCredentials s $prefix.Nobody 2>&1)
like "its credentials are told without these" '^a\{sv\} [0-9]+' "$credentials"
same "that is, without these" "" "$(grep -oE 'Unix[A-Za-z]*|Process[A-Z][A-Za-z]*' <<<"$credentials")"
end_odd

# fails_to_start ERROR NAME OPTION…: a service that does not come; by now there is
# room for such calls again
fails_to_start() {
    local expected=$1 name=$2 activator
    shift 2
    /usr/lib/kdbus/kdbus-activator --address=$native --name="$name" --allow-world=talk "$@" 2>/dev/null &
    activator=$!
    await 20 kdbusctl status "$name" >/dev/null 2>&1
    same "$name does not come: $expected" "$expected" "$(start "$name")"
    kill $activator
    wait $activator
}
fails_to_start Spawn.ChildExited $prefix.Exit --exec=/bin/false
fails_to_start Spawn.ExecFailed $prefix.Exec --exec=/nowhere/to/be/found
# shellcheck disable=SC2016
fails_to_start Spawn.ChildSignaled $prefix.Signal --exec=/bin/sh -- -c 'kill -9 $$'
fails_to_start Spawn.Failed $prefix.Ended --exec=/bin/true
fails_to_start TimedOut $prefix.Slow --exec=/bin/sleep --start-timeout=1 -- 60
fails_to_start ServiceUnknown $prefix.Missing --service=no-such-unit.service

# the environment: when nothing valid is left, there is nothing to refuse
same "bad variables are left out" "" \
    "$(error $driver.UpdateActivationEnvironment "dict:string:string:9,x,a-b,c,=,d")"
same "the manager's refusal comes back" Failed "$(error $driver.UpdateActivationEnvironment dict:string:string:A,b)"

# a configuration that cannot be read
echo '<busconfig><policy user="root">' >/etc/dbus-1/system.d/broken.conf
same "a broken configuration is not taken" Failed "$(error $driver.ReloadConfig)"
rm /etc/dbus-1/system.d/broken.conf

# a machine without an id; a driver that has read it remembers it
end_driver() {
    pkill -x kdbus-driver
    await 20 driver_is_gone
}
end_driver
mv /etc/machine-id /run/machine-id
same "there may be no machine id" FileNotFound "$(error org.freedesktop.DBus.Peer.GetMachineId)"
mv /run/machine-id /etc/machine-id
end_driver

rm $policy
check "it is as before" on_bus call $driver $driver_path $driver ReloadConfig
finish
