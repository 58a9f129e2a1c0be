#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bus name units: from a file in /etc to a service that is started by its first
# message and leaves again.
. "${0%/*}/util.sh"
. "${0%/*}/busname.sh"

busname t.good
service t.good "ExecStart=$echo_exec --address=$native --name=t.good --idle-timeout=2"
sed s/$echo_name/t.good/ "${0%/*}/echo.conf" >/etc/dbus-1/system.d/t.good.conf
busname t.slow
service t.slow "ExecStart=/bin/sh -c 'sleep 4; exec $echo_exec --address=$native --name=t.slow'"
names+=(t.policy)
printf '[BusName]\nExec=%s --name=t.policy\n' $echo_exec >$units/t.policy.busname
busname t.many TriggerLimitBurst=0 Exec="$echo_exec --name=t.many --exit-after=3"
busname t.user 'AllowUser=nobody own'
service t.user User=nobody "ExecStart=$echo_exec --address=$native --name=t.user"
busname t.stranger 'AllowUser=nobody talk'
service t.stranger User=nobody "ExecStart=$echo_exec --address=$native --name=t.stranger"
# wrong in every way, and no reason for others not to work
printf 'no section\n[BusName]\nService=x\nAllowWorld=\377\nNoSuchKey=1\n' >$units/t.wrong.busname
mkdir -p $units/t.folder.busname
printf '[BusName]\nName=t.other\n' >$units/t.name.busname
printf '[BusName]\nService=missing.service\n' >$units/t.missing.busname
start_names
systemctl try-reload-or-restart kdbus-proxy.service

check "the generated units are sound" systemd-analyze verify /run/systemd/generator/t.good.busname.service
warnings=$(dmesg | grep kdbus-busname-generator)
for what in "t.wrong.busname:1: no assignment" "t.wrong.busname:3: Service: no name of a service" \
    "t.wrong.busname:4: not UTF-8" "t.wrong.busname:5: unknown key NoSuchKey" \
    "t.folder.busname: cannot be read: Is a directory" "t.name.busname:2: Name: t.other is not" \
    "t.missing.busname: missing.service is nowhere"; do
    like "warned: $what" "/$what" "$warnings"
done

check "the service is not running" inactive t.good.service
same "a call of busctl, through the proxy, starts it and gets its answer" 's "x"' \
    "$(on_bus call t.good $echo_path $echo_name EchoString s x 2>&1)"
check "it runs" active t.good.service
check "left alone, it goes" await 30 inactive t.good.service
same "so does a native call" 's "again"' "$(call t.good again)"
check "and it goes again" await 30 inactive t.good.service
same "a restarted activator goes on" 's "x"' "$(systemctl restart t.good.busname.service; call t.good)"
same "a restarted keeper does, too" 's "x"' "$(systemctl restart kdbus-bus.service; call t.good)"
call t.slow kept >/run/t.slow &
await 20 active t.slow.service
systemctl restart t.slow.busname.service
wait
same "what waits while the activator is restarted gets its answer" 's "kept"' "$(cat /run/t.slow)"

stranger() { setpriv --reuid nobody --regid nogroup --clear-groups kdbusctl call "$1" $echo_path $echo_name EchoString s x 2>&1; }
fails "who is given nothing may not call" "forbids" stranger t.policy
echo AllowWorld=talk >>$units/t.policy.busname
systemctl daemon-reload
systemctl restart t.policy.busname.service
same "after a restart with another policy he may" 's "x"' "$(stranger t.policy)"

for i in {1..20}; do
    answer=$(call t.many "$i")
    [ "$answer" = "s \"$i\"" ] || break
done
same "a service that leaves after every few calls answers all of them" 's "20"' "$answer"

same "a service of another user owns its name when it may" 's "x"' "$(call t.user)"
like "and does not when it may not" "Spawn.ChildExited.*t.stranger" "$(call t.stranger)"

look() { kdbusctl busname "$@" 2>&1; }
like "kdbusctl lists a name with its state and file" "^t.good +(running|waiting) +0 +$units/t.good.busname" "$(look list)"
like "and those that are ignored" "^t.name +ignored +1 +" "$(look list)"
like "it shows the service made of a file" "ExecStart=.*--name=t.good --service=t.good.service" "$(look show t.good)"
fails "it says what is wrong with a file" "t.wrong.busname:5: unknown key NoSuchKey" look verify $units/t.wrong.busname
check "and nothing of one that is right" look verify $units/t.good.busname
fails "a file that is not there is wrong, too" "cannot be read: No such file" look verify /nowhere/a.b.busname
fails "so is a name that has none" "there is no no.such.busname" look show no.such

systemctl stop t.good.busname.service t.good.service
like "a stopped name is unknown" "nobody has the name|ServiceUnknown" "$(call t.good)"

private=$(for pid in $(pgrep -x kdbus-activator); do
    awk '/^Private/ { kib += $2 } END { print kib }' "/proc/$pid/smaps_rollup"
done | sort -n | tail -1)
check "no activator has more than 300 KiB for itself (the largest $private)" test "${private:-999}" -le 300

stop_names
finish
