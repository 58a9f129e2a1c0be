#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many clients of the proxy at once, one who does not read, and a proxy that is
# killed while everybody speaks.
#
# With KDBUS_TEST_ROUNDS=100: 2000 clients, 200 of them in the storm, and a
# hundred kills.
. "${0%/*}/util.sh"

socket=${address#unix:path=}
crowd=$top_builddir/tests/system/crowd
rounds=${KDBUS_TEST_ROUNDS:-4}
conf=/etc/dbus-1/system.d/zz-crowd.conf
if [ "$rounds" -ge 100 ]; then
    storm="2000 200 500" flood=20 back=1000
else
    # on a machine that has other things to do, too
    storm="300 30 200" flood=2 back=5000
fi
# of the proxy, which leaves when nobody is there
pid() {
    on_bus call $driver $driver_path $driver GetId >/dev/null
    systemctl show -P MainPID kdbus-proxy.service
}
lines() { journalctl -q -o cat "$@" | wc -l; }
# what all lines together say that the deaf one lost
count_lost() {
    journalctl -q -o json --since "$since" KDBUS_REFUSAL=drop KDBUS_CLIENT_NAME=org.kdbus.test.Deaf |
        grep -oE '"KDBUS_(N_LOST|UNTOLD)" *: *"[0-9]+"' | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'
}
told() { [ "$1" -gt 0 ] && [ "$(count_lost)" = "$1" ]; }

cat >$conf <<'END_OF_CONF'
<busconfig>
  <policy context="mandatory">
    <allow send_interface="org.kdbus.Test"/>
    <allow own_prefix="org.kdbus.test"/>
  </policy>
  <limit name="max_outgoing_bytes">300000</limit>
  <limit name="max_completed_connections">4096</limit>
</busconfig>
END_OF_CONF
check "the policy is read" on_bus call $driver $driver_path $driver ReloadConfig

# shellcheck disable=SC2086
results "$crowd" "$socket" "$(pid)" storm $storm
before=$(pid)
since=$(date '+%F %T')
"$crowd" "$socket" "$before" stalled $flood >/run/stalled 2>&1 || echo "not ok - it ended with $?" >>/run/stalled
results cat /run/stalled
same "it is the same proxy" "$before" "$(pid)"
lost=$(sed -n 's/^# lost: //p' /run/stalled)
check "what was lost is counted, and told with the name" await 10 told "$lost"
echo "# lost: $lost, told: $(count_lost)"
journalctl -q -o cat --since "$since" KDBUS_REFUSAL=drop | head -n 10 | sed 's/^/# /'
same "nobody else lost anything" "" "$(journalctl -q -o json --since "$since" KDBUS_REFUSAL=drop | grep -v org.kdbus.test.Deaf)"
same "in few lines" 1 "$(($(lines KDBUS_REFUSAL=drop) < 10))"

results "$crowd" "$socket" "$(pid)" killed "$rounds" $back
check "the bus goes on" echo_call EchoString s again
rm $conf
same "no unit has failed" "" "$(systemctl --failed --no-legend --plain)"
finish
