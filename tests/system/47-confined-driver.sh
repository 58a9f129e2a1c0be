#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the driver's unit leaves it, and that this is enough for all it does.
. "${0%/*}/util.sh"

ask() { on_bus call $driver $driver_path "${@}" 2>&1; }
error() {
    dbus-send --bus=$address --print-reply --dest=$driver $driver_path "$@" 2>&1 | sed -n 's/^Error \([^:]*\):.*/\1/p'
}

# The policy of the proxy comes first; let it allow everything to root.
policy=/etc/dbus-1/system.d/confined-driver.conf
cat >$policy <<END
<busconfig><policy user="root"><allow send_destination="$driver"/></policy></busconfig>
END
check "the driver answers" ask $driver ReloadConfig
pid=$(pgrep -x kdbus-driver)
status() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$pid/status"; }

check "it is not root" test "$(status Uid)" -gt 0
check "nor in root's group" test "$(status Gid)" -gt 0
# CAP_IPC_OWNER is number 15
for set in CapPrm CapEff CapBnd; do
    same "$set is CAP_IPC_OWNER alone" 0000000000008000 "$(status $set)"
done
same "it cannot gain more by executing" 1 "$(status NoNewPrivs)"
same "a filter of system calls is installed" 2 "$(status Seccomp)"
like "it runs in the unit of its activator" "/org.freedesktop.DBus.busname.service$" "$(cat "/proc/$pid/cgroup")"
show() { systemctl show --value -p "$1" org.freedesktop.DBus.busname.service; }
for property in NoNewPrivileges DynamicUser PrivateDevices PrivateNetwork ProtectHome RestrictNamespaces; do
    same "$property" yes "$(show $property)"
done
same "it cannot reach the network" "AF_UNIX" "$(show RestrictAddressFamilies)"
like "filtered system calls are refused, not fatal" "EPERM|1" "$(show SystemCallErrorNumber)"
for call in mount init_module ptrace bpf reboot; do
    check "$call is not among those allowed" eval '! show SystemCallFilter | tr " " "\n" | grep -qx '$call
done

# each method that needs more than the bus
like "processes are told, and what is known of them" \
    "'ProcessFD': <handle [0-9]+>.*'org.kdbus.StartTime': <uint64 [0-9]+>" \
    "$(gdbus call --address $address --dest $driver --object-path $driver_path \
        --method $driver.GetConnectionCredentials $driver 2>&1)"
like "units are told" "'org.kdbus.Unit': <'org.freedesktop.DBus.busname.service'>" \
    "$(gdbus call --address $address --dest $driver --object-path $driver_path \
        --method $driver.GetConnectionCredentials $driver 2>&1)"
same "the machine is told" "s \"$(cat /etc/machine-id)\"" "$(ask org.freedesktop.DBus.Peer GetMachineId)"
like "figures are told" '"OutgoingMessages" u [0-9]+ .*"org.kdbus.PoolSize" t [0-9]+' \
    "$(ask org.freedesktop.DBus.Debug.Stats GetConnectionStats s $driver)"
# The manager is not on this bus, and takes no variables from our user.
same "the environment is not for it to change" org.freedesktop.DBus.Error.Failed \
    "$(error $driver.UpdateActivationEnvironment dict:string:string:KDBUS_TEST,x)"
same "the driver has survived all that" "$pid" "$(pgrep -x kdbus-driver)"

kib=$(awk '/^Private_/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")
echo "# $kib KiB of memory are its own, of $(awk '/^Rss/ { print $2 }' "/proc/$pid/smaps_rollup")"
check "less than 1.5 MiB of memory are its own" test "$kib" -lt 1536
same "nothing was refused that it needs" "" \
    "$(journalctl -q -o cat -u org.freedesktop.DBus.busname.service | grep -i 'not permitted')"
rm $policy
ask $driver ReloadConfig
finish
