#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Services that leave after every few calls, with calls that never stop: none
# is lost on the way, and none is carried out by two of them.
. "${0%/*}/util.sh"
. "${0%/*}/busname.sh"

leaving=$top_builddir/tests/system/leaving
calls=$((${KDBUS_TEST_ROUNDS:-2} * 25))

busname t.unit TriggerLimitBurst=0
service t.unit "ExecStart=$leaving serve t.unit /run/t.unit" '[Unit]' StartLimitIntervalSec=0
busname t.forked TriggerLimitBurst=0 Exec="$leaving serve t.forked /run/t.forked"
start_names

check "the service is not running" inactive t.unit.service
results "$leaving" call t.unit /run/t.unit 4 $calls
results "$leaving" call t.forked /run/t.forked 4 $((calls / 4))
check "they leave when nobody calls" await 30 inactive t.unit.service
echo "# started by the service manager: $(journalctl -qu t.unit.service -o cat 2>/dev/null | grep -c ^Started) times"

stop_names
finish
