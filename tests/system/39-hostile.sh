#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Clients of another user who do all they can to be a nuisance: everybody else is
# served as before, and what they took is given back.
#
# With KDBUS_TEST_ROUNDS=100 each attack goes on for a minute.
. "${0%/*}/util.sh"

socket=${address#unix:path=}
hostile=$top_builddir/tests/system/hostile
conf=/etc/dbus-1/system.d/zz-hostile.conf
seconds=1
[ "${KDBUS_TEST_ROUNDS:-1}" -lt 100 ] || seconds=60
# of the proxy, which leaves when nobody is there
pid() {
    on_bus call $driver $driver_path $driver GetId >/dev/null
    systemctl show -P MainPID kdbus-proxy.service
}

cat >$conf <<'END_OF_CONF'
<busconfig>
  <policy context="mandatory">
    <allow send_interface="org.kdbus.Test"/>
    <allow own_prefix="org.example"/>
  </policy>
</busconfig>
END_OF_CONF
check "the policy is read" on_bus call $driver $driver_path $driver ReloadConfig
since=$(date '+%F %T')
before=$(pid)
results "$hostile" "$socket" "$before" $seconds
same "it is the same proxy" "$before" "$(pid)"
count() { journalctl -q -o cat --since "$since" "KDBUS_CLIENT_UID=$1" | wc -l; }
check "who was refused is in the journal" await 10 test "$(count 12345)" -gt 0
echo "# $(count 12345) lines; some of them:"
journalctl -q -o cat --since "$since" KDBUS_CLIENT_UID=12345 | sed 's/[0-9]\+/N/g' | sort | uniq -c | sort -rn | head -n 15 | sed 's/^/# /'
same "nobody else was refused anything" 0 "$(count 0)"
rm $conf
same "no unit has failed" "" "$(systemctl --failed --no-legend --plain)"
finish
