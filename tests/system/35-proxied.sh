#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Message by message through the proxy, and what its log says of refusals.
. "${0%/*}/util.sh"

socket=${address#unix:path=}
proxied=$top_builddir/tests/system/proxied
policy=/etc/dbus-1/system.d/org.kdbus.test.conf

may_own() { "$proxied" "$socket" own | grep -q '^ok'; }
may_not_own() { ! may_own; }
# logged FIELD=VALUE…: there is such a line, with all these fields
logged() { [ -n "$(journalctl -q -o cat "$@")" ]; }

check "the system's policy says no" may_not_own
check "and the log says by which rule" await 10 logged KDBUS_REFUSAL=own KDBUS_NAME=org.kdbus.test.Own \
    KDBUS_CLIENT_COMM=proxied KDBUS_CLIENT_UID=0 KDBUS_RULE_FILE=/usr/share/dbus-1/system.conf

cat >$policy <<'END'
<busconfig>
  <policy user="root">
    <allow own_prefix="org.kdbus.test"/>
    <allow send_interface="org.kdbus.Test"/>
  </policy>
</busconfig>
END
check "a policy that appears is seen" await 10 may_own
echo '<busconfig><policy user="root">' >/etc/dbus-1/system.d/broken.conf
sleep 1
check "a broken one changes nothing" may_own
rm /etc/dbus-1/system.d/broken.conf

results "$proxied" "$socket" hello names signals replies cookies headers fds sizes monitor policy moving \
    stalled burst farewell noise crowd
check "a refused call was logged" await 10 logged KDBUS_REFUSAL=send KDBUS_MEMBER=Forbidden KDBUS_CLIENT_UID=4242
check "a disconnect was logged" logged KDBUS_REFUSAL=disconnect KDBUS_CLIENT_COMM=proxied
check "the bus goes on" echo_call EchoString s again

rm $policy
check "without the policy it is as before" await 10 may_not_own
check "on standard input and output" busctl --no-legend \
    --address=unixexec:path=/usr/lib/kdbus/kdbus-proxy,argv1=--stdio list
finish
