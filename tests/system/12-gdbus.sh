#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# GLib's client, through the proxy.
. "${0%/*}/util.sh"

call() { gdbus call --address $address --timeout 20 "$@" 2>&1; }
echo_gdbus() { call --dest $echo_name --object-path $echo_path --method $echo_name."$@"; }

like "ListNames has the driver" "'$driver'" \
    "$(call --dest $driver --object-path $driver_path --method $driver.ListNames)"
like "GetConnectionCredentials of the driver" "'UnixUserID': <uint32 [0-9]+>" \
    "$(call --dest $driver --object-path $driver_path --method $driver.GetConnectionCredentials $driver)"
like "introspection of the driver" "RequestName" \
    "$(gdbus introspect --address $address --dest $driver --object-path $driver_path 2>&1)"
like "introspection of the echo service" "EchoDict" \
    "$(gdbus introspect --address $address --dest $echo_name --object-path $echo_path 2>&1)"

same "a string" "('a b',)" "$(echo_gdbus EchoString "a b")"
same "an array of bytes" "([byte 0x01, 0x02, 0x03],)" "$(echo_gdbus EchoBytes "[byte 1, 2, 3]")"
same "a variant" "(<<int64 -7>>,)" "$(echo_gdbus Echo "<<int64 -7>>")"
dict="({'deep': <[<(1, 'x')>, <@as []>]>, 'name': <'kdbus'>},)"
same "a dictionary of nested variants" "$dict" "$(echo_gdbus EchoDict "${dict:1:-2}")"

gdbus monitor --address $address --dest $echo_name >/run/heard 2>&1 &
listener=$!
check "a listener is there" await 20 grep -q 'is owned by' /run/heard
check "a signal is sent" echo_gdbus Emit "to whom it may concern"
check "the listener hears it" await 20 grep -q "Echoed ('to whom it may concern',)" /run/heard
same "and hears it once" 1 "$(grep -c Echoed /run/heard)"
kill $listener

fails "an unknown method is said to be unknown" "UnknownMethod" echo_gdbus NoSuchMethod
fails "an unknown name is said to be unknown" "ServiceUnknown" \
    call --dest org.example.Nobody --object-path / --method org.example.Nobody.Hello
check "the bus goes on" echo_gdbus EchoString again
finish
