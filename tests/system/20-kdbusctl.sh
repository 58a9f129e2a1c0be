#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The native client: no proxy, and no driver for what the kernel knows.
. "${0%/*}/util.sh"

check "the echo service answers" echo_call EchoString s hello
like "list has the driver's name" "$driver" "$(kdbusctl list 2>&1)"
like "status of the echo service has its process" "kdbus-echo" "$(kdbusctl status $echo_name 2>&1)"
like "a call" "hello" "$(kdbusctl call $echo_name $echo_path $echo_name EchoString s hello 2>&1)"

# Debian's base has no program that reads JSON, so one of ours does.
kdbusctl list --json >/run/list.json 2>/run/list.err
same "list --json ends well" "0:" "$?:$(cat /run/list.err)"
results "$top_builddir/tests/system/read-json" /run/list.json id names pid uid comm cgroup
fails "a name nobody has is said to be so" "org.example.Nobody" kdbusctl status org.example.Nobody
finish
