#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A name service that hangs holds nobody up: not who speaks, not who comes.
. "${0%/*}/util.sh"

socket=${address#unix:path=}
proxied=$top_builddir/tests/system/proxied
crowd=$top_builddir/tests/system/crowd
conf=/etc/dbus-1/system.d/zz-names.conf
calls_conf=/etc/dbus-1/system.d/zz-calls.conf
library=$(dirname "$(ldd /bin/bash | awk '/libc\.so/ { print $3 }')")

cp "$top_builddir/tests/system/libnss_hang.so.2" "$library/"
sed -i 's/^\(passwd\|group\):.*/\1: files hang/' /etc/nsswitch.conf
reload() { on_bus call $driver $driver_path $driver ReloadConfig; }
may_own() { "$@" "$proxied" "$socket" own | grep -q '^ok'; }
may_not_own() { ! may_own "$@"; }
as_hanging="setpriv --reuid=4242 --regid=4242 --clear-groups"

same "the name service knows somebody" 4242 "$(id -u hanging)"
touch /run/nss-hangs
check "until it hangs" test 124 = "$(timeout 1 id -u hanging >/dev/null; echo $?)"

cat >$calls_conf <<'END_OF_CONF'
<busconfig><policy context="mandatory"><allow send_interface="org.kdbus.Test"/></policy></busconfig>
END_OF_CONF
check "a policy without that name is read" reload
"$crowd" "$socket" 0 calls 8 1000 >/run/calls 2>&1 &
sleep 1
cat >$conf <<'END_OF_CONF'
<busconfig>
  <policy user="root"><allow own="org.kdbus.test.Own"/></policy>
  <policy user="hanging"><allow own="org.kdbus.test.Own"/></policy>
</busconfig>
END_OF_CONF
check "a policy with that name is read" await 10 may_own
check "but for what is said of the name" may_not_own $as_hanging
check "ReloadConfig is answered" reload
wait
results cat /run/calls
check "the journal tells which rule is left out" test -n \
    "$(journalctl -q -o cat -u kdbus-proxy.service --grep 'hanging: the name service does not answer')"
check "a proxy starts" systemctl restart kdbus-proxy.service
check "and serves" may_own

rm /run/nss-hangs
check "when the name service answers again" reload
check "the rule is there" may_own $as_hanging
touch /run/nss-hangs
check "when it hangs once more" reload
check "who was known is still known" may_own $as_hanging
rm /run/nss-hangs $conf $calls_conf
finish
