#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Services and clients of the usual libraries, each with each: sd-bus, libdbus
# and GLib over their Python bindings, and the command line tools, and all that
# monitor.
. "${0%/*}/util.sh"

here=${0%/*}
prefix=org.kdbus.Test
path=/org/kdbus/Test
interface=org.kdbus.Test1
export DBUS_SYSTEM_BUS_ADDRESS=$address

cat >/etc/dbus-1/system.d/$prefix.conf <<END
<busconfig>
  <policy user="root">
    <allow own="${prefix}Sd"/><allow own="${prefix}Dbus"/><allow own="${prefix}Gi"/>
    <allow send_interface="$interface"/><allow send_interface="org.freedesktop.DBus.ObjectManager"/>
    <allow send_interface="org.freedesktop.DBus.Properties"/><allow send_interface="org.freedesktop.DBus.Peer"/>
    <allow send_interface="org.freedesktop.DBus.Introspectable"/>
  </policy>
</busconfig>
END
on_bus call $driver $driver_path $driver ReloadConfig

services=()
"$top_builddir/tests/system/sdbus-service" ${prefix}Sd &
services+=($!)
"$here/binding.py" dbus serve ${prefix}Dbus &
services+=($!)
"$here/binding.py" gi serve ${prefix}Gi &
services+=($!)
is_owned() { on_bus call $driver $driver_path $driver NameHasOwner s "$1" 2>&1 | grep -q true; }
for service in Sd Dbus Gi; do
    check "the service of $service comes" await 60 is_owned $prefix$service
done

# those who watch
dbus-monitor --address $address "interface=$interface" >/run/dbus-monitor 2>&1 &
watchers=($!)
gdbus monitor --address $address --dest ${prefix}Sd >/run/gdbus-monitor 2>&1 &
watchers+=($!)
busctl --address=$address monitor ${prefix}Sd >/run/busctl-monitor 2>&1 &
watchers+=($!)
busctl --address=$address capture ${prefix}Sd >/run/capture 2>/run/capture-errors &
watchers+=($!)
check "dbus-monitor begins" await 20 grep -q NameLost /run/dbus-monitor
check "gdbus monitor begins" await 20 grep -q 'is owned by' /run/gdbus-monitor
check "busctl monitor begins" await 20 grep -q 'Monitoring bus' /run/busctl-monitor
check "busctl capture begins" await 20 test -s /run/capture

of() {
    local line
    while read -r line; do
        echo "${line/ - / - $1: }"
    done < <("${@:2}" 2>&1 || echo "not ok - ended with $?")
}
for service in Sd Dbus Gi; do
    for client in dbus gi; do
        results of "$client calls $service" timeout 100 "$here/binding.py" $client call $prefix$service
    done

    name=$prefix$service
    same "busctl calls $service" "v s \"x\"" "$(on_bus call $name $path $interface Echo v s x 2>&1)"
    fails "busctl shows an error of $service" "as you wish" on_bus call $name $path $interface Fail
    same "gdbus calls $service" "(5,)" \
        "$(gdbus call --address $address -d $name -o $path -m $interface.Add 2 3 2>&1)"
    fails "gdbus shows an error of $service" "$interface.Error.Failed: as you wish" \
        gdbus call --address $address -d $name -o $path -m $interface.Fail
    like "dbus-send calls $service" "int32 5" \
        "$(dbus-send --bus=$address --print-reply --dest=$name $path $interface.Add int32:2 int32:3 2>&1)"
    fails "dbus-send shows an error of $service" "$interface.Error.Failed: as you wish" \
        dbus-send --bus=$address --print-reply --dest=$name $path $interface.Fail
    like "busctl introspects $service" "^$interface  *interface" "$(on_bus introspect $name $path 2>&1)"
    like "gdbus introspects $service" "Echo\\(in  v" \
        "$(gdbus introspect --address $address -d $name -o $path 2>&1)"
done

#
# what sd-bus has besides
#
name=${prefix}Sd
busctl_sd() { on_bus call $name $path "$@" 2>&1; }
same "an object is made" "o \"$path/item_3\"" "$(busctl_sd $interface New u 3)"
like "it is in the tree" "$path/item_3" "$(on_bus tree $name 2>&1)"
same "the object manager has it" \
    "a{oa{sa{sv}}} 1 \"$path/item_3\" 4 \"org.freedesktop.DBus.Peer\" 0 \"org.freedesktop.DBus.Introspectable\" 0 \"org.freedesktop.DBus.Properties\" 0 \"$interface.Item\" 1 \"Number\" u 3" \
    "$(busctl_sd org.freedesktop.DBus.ObjectManager GetManagedObjects)"
like "gdbus introspects it with its value" "readonly u Number = 3;" \
    "$(gdbus introspect --address $address -r -d $name -o $path 2>&1)"
check "it is removed" busctl_sd $interface Remove u 3
check "a property is set by busctl" on_bus set-property $name $path $interface Count u 77
same "and read" "u 77" "$(on_bus get-property $name $path $interface Count 2>&1)"
like "busctl shows how properties are told" "\\.Count +property +u +77 +emits-change writable" \
    "$(on_bus introspect $name $path 2>&1)"
like "also by their invalidation" "\\.Secret +property +u +[0-9]+ +emits-invalidation" \
    "$(on_bus introspect $name $path 2>&1)"
fails "a property that is none" "Unknown .*property" on_bus get-property $name $path $interface None
fails "one that cannot be written" "not writable|PropertyReadOnly" on_bus set-property $name $path $interface Secret u 1

#
# what was seen of all that
#
seen() { await 20 grep -qE "$2" "$1"; }
check "dbus-monitor saw calls" seen /run/dbus-monitor "^method call .*interface=$interface; member=Add"
check "and signals" seen /run/dbus-monitor "^signal .*interface=$interface; member=Ticked"
check "gdbus monitor saw signals" seen /run/gdbus-monitor "^$path: $interface.Ticked \\(uint32 42,\\)"
check "and properties" seen /run/gdbus-monitor "PropertiesChanged \\('$interface', \\{'Count': <uint32 77>\\}, @as \\[\\]\\)"
check "and objects that come" seen /run/gdbus-monitor "ObjectManager.InterfacesAdded .*item_3.*<uint32 3>"
check "and go" seen /run/gdbus-monitor "ObjectManager.InterfacesRemoved .*item_3"
check "busctl monitor saw calls to the owner of the name" seen /run/busctl-monitor "Member=ChangeSecret"
check "and errors" seen /run/busctl-monitor "ErrorName=$interface.Error.Failed"
check "and signals" seen /run/busctl-monitor "Member=InterfacesAdded"
kill "${watchers[@]}"
wait "${watchers[@]}"
# a file of captured packets (pcapng): its first word, and in the second block the
# link type of D-Bus
number() { od -An "-t$1" "-j$2" "-N$3" /run/capture | tr -d ' '; }
same "busctl captured a file of packets" "0a0d0d0a 231" \
    "$(number x4 0 4) $(number u2 $(($(number u4 4 4) + 8)) 2)"
like "with what was said" "ChangeSecret" "$(strings /run/capture 2>/dev/null || tr -c '[:print:]' '\n' </run/capture)"
kill "${services[@]}"
check "the bus goes on" echo_call EchoString s again
finish
