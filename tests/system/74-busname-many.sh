#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hundred names: what their activators weigh, and what the generator costs.
. "${0%/*}/util.sh"
. "${0%/*}/busname.sh"

n_names=100
for ((i = 1; i <= n_names; i++)); do
    busname t.m$i "Service=t.m$i.service" 'AllowUser=root own' 'AllowGroup=adm talk'
    service t.m$i "ExecStart=$echo_exec --address=$native --name=t.m$i --idle-timeout=2"
done

# a few at a time: a busy manager does not answer a hundred requests in time
services=("${names[@]/%/.busname.service}")
systemctl daemon-reload
for ((i = 0; i < n_names; i += 10)); do
    systemctl start "${services[@]:i:10}" 2>/dev/null || systemctl start "${services[@]:i:10}"
done
mapfile -t activators < <(pgrep -f 'kdbus-activator .*--name=t[.]m')
same "$n_names activators run" $n_names ${#activators[@]}

same "a call starts the service of the first name" 's "x"' "$(call t.m1)"
same "and of the last" 's "y"' "$(call t.m$n_names y)"

# what is not shared with anybody, in KiB
weights=$(for pid in "${activators[@]}"; do
    awk '/^Private/ { kib += $2 } END { print kib }' "/proc/$pid/smaps_rollup"
done | sort -n)
largest=$(tail -n 1 <<<"$weights")
check "none has more than 300 KiB for itself (they have $(head -n 1 <<<"$weights") to $largest)" \
    test "${largest:-999}" -le 300

# cpu COMMAND…: its processor time, in milliseconds
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ print int(($1 + $2) * 1000 + 0.5) }'
}

# The service manager's own reader, for units as many, is the measure.
generate() { SYSTEMD_SCOPE=system /usr/lib/systemd/system-generators/kdbus-busname-generator /run/generated; }
verify() { systemd-analyze verify /run/systemd/generator/t.m*.busname.service; }
mkdir /run/generated
ours=$(cpu generate) theirs=$(cpu verify)
made=(/run/generated/t.m*.busname.service)
same "the generator has made $n_names services" $n_names ${#made[@]}
check "for at most half of what systemd-analyze takes to verify them ($ours of $theirs ms)" \
    test $((2 * ours)) -le "$theirs"

stop_names
finish
