#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each <limit> of a configuration: beside the distribution's daemon with the
# same file, at one socket and at two of the same bus.
. "${0%/*}/util.sh"

limits=$top_builddir/tests/system/limits
daemon=/usr/bin/kdbus-daemon
work=$(mktemp -d /tmp/limits.XXXXXX)
mkdir "$work/services"
for i in 1 2; do
    printf '[D-BUS Service]\nName=org.test.Slow%s\nExec=/bin/sleep 100\n' $i >"$work/services/slow$i.service"
done

cat >"$work/limits" <<'END_OF_LIMITS'
max_incoming_bytes 1000
max_incoming_unix_fds 3
max_outgoing_bytes 50000
max_outgoing_unix_fds 3
max_message_size 20000
max_message_unix_fds 2
max_completed_connections 3
max_incomplete_connections 2
max_connections_per_user 3
max_names_per_connection 3
max_match_rules_per_connection 3
max_replies_per_connection 3
max_pending_service_starts 1
auth_timeout 400
pending_fd_timeout 400
reply_timeout 400
END_OF_LIMITS

# try DAEMON LIMIT SOCKET…
try() {
    local out pid
    out=$("$1" --fork --print-pid=1 --config-file="$work/bus.conf" 2>&1) || { echo "$out"; return; }
    pid=$(grep -E '^[0-9]+$' <<<"$out")
    timeout 60 "$limits" "${@:2}" 2>&1
    kill "$pid"
    await 10 gone "$pid"
}
gone() { [ ! -e "/proc/$1" ]; }

while read -r limit value; do
    cat >"$work/bus.conf" <<END_OF_CONF
<busconfig>
  <type>session</type>
  <listen>unix:path=$work/one</listen>
  <listen>unix:path=$work/two</listen>
  <servicedir>services</servicedir>
  <policy context="default"><allow send_destination="*"/><allow receive_type="method_call"/>
    <allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
    <allow own="*"/><allow user="*"/></policy>
  <limit name="$limit">$value</limit>
  <limit name="service_start_timeout">3000</limit>
</busconfig>
END_OF_CONF
    expected=$(try dbus-daemon "$limit" "$work/one")
    same "$limit of $value" "$expected" "$(try $daemon "$limit" "$work/one")"
    case $limit in
    *connections*) same "and at two sockets together" "$expected" "$(try $daemon "$limit" "$work/one" "$work/two")" ;;
    esac
done <"$work/limits"
rm -rf "$work"
finish
