#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The reference implementation's clients, through the proxy.
. "${0%/*}/util.sh"

send() { dbus-send --bus=$address --print-reply=literal --reply-timeout=20000 "$@" 2>&1; }
echo_send() { send --dest=$echo_name $echo_path $echo_name."$@"; }

like "ListNames has the driver" "$driver" "$(send --dest=$driver $driver_path $driver.ListNames)"
like "ListActivatableNames answers" "array" "$(send --dest=$driver $driver_path $driver.ListActivatableNames)"
like "GetNameOwner of the driver" "$driver" \
    "$(send --dest=$driver $driver_path $driver.GetNameOwner string:$driver)"
like "GetConnectionUnixUser of the driver" "uint32 [0-9]+" \
    "$(send --dest=$driver $driver_path $driver.GetConnectionUnixUser string:$driver)"
like "NameHasOwner of nobody" "boolean false" \
    "$(send --dest=$driver $driver_path $driver.NameHasOwner string:org.example.Nobody)"
like "GetId" "[0-9a-f]{32}" "$(send --dest=$driver $driver_path $driver.GetId)"
like "Introspect" "interface name=.$driver" \
    "$(send --dest=$driver $driver_path org.freedesktop.DBus.Introspectable.Introspect)"

like "a string" "a b" "$(echo_send EchoString string:"a b")"
like "an array of bytes" "1 2 3|01 02 03|array of bytes|\x01\x02\x03" "$(echo_send EchoBytes array:byte:1,2,3)"
like "a variant" "variant +int32 -7" "$(echo_send Echo variant:int32:-7)"
long=$(head -c 65536 /dev/zero | tr '\0' x)
like "64 KiB of text" "^ *$(head -c 200 <<<"$long")" "$(echo_send EchoString string:"$long")"

fails "an unknown method is said to be unknown" "UnknownMethod" echo_send NoSuchMethod
fails "an unknown name is said to be unknown" "ServiceUnknown" \
    send --dest=org.example.Nobody / org.example.Nobody.Hello
check "the bus goes on" echo_send EchoString string:again
finish
