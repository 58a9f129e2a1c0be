#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The machine's own bus stays what it was.
. "${0%/*}/util.sh"

check "the classic bus is there" busctl --system --no-pager call $driver $driver_path $driver GetId
like "the machine's services are on it" "^org.freedesktop.login1 +[0-9]+ systemd-logind" "$(busctl --system --no-pager --no-legend list 2>&1)"
check "the service manager is on it" \
    busctl --system --no-pager call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
    org.freedesktop.DBus.Peer Ping
fails "but the echo service is not" "not provided|ServiceUnknown|not activatable" \
    busctl --system --no-pager call $echo_name $echo_path $echo_name EchoString s x
same "the machine is up and well" running "$(systemctl is-system-running --wait)"
finish
