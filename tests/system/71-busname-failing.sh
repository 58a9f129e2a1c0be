#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bus name units whose services fail, each in its way: the caller hears how.
. "${0%/*}/util.sh"
. "${0%/*}/busname.sh"
leaving=$top_builddir/tests/system/leaving

started() { [ "$(systemctl show -P ActiveState "$1")" != inactive ]; }
has_name() { kdbusctl status "$1" >/dev/null 2>&1; }
answers() { [ "$(call "$1")" = 's "x"' ]; }
refused() { like "$1 is refused with $2" "$2.*$1.*$3" "$(call "$1")"; }

busname t.exit
service t.exit ExecStart=/bin/false
busname t.none
service t.none ExecStart=/bin/true
busname t.kill
service t.kill 'ExecStart=/bin/sh -c "kill -9 $$$$"'
busname t.exec
service t.exec ExecStart=/nowhere/to/be/found
busname t.setup
service t.setup User=no-such-user ExecStart=/bin/true
busname t.slow
service t.slow TimeoutStartSec=2 Type=notify "ExecStart=/bin/sleep 60"
busname t.missing Service=missing.service
busname t.masked
ln -sf /dev/null $units/t.masked.service
busname t.depends
service t.depends "ExecStart=/bin/sleep 60" '[Unit]' Requires=t.exit2.service After=t.exit2.service
service t.exit2 Type=oneshot ExecStart=/bin/false
busname t.remains
service t.remains Type=oneshot RemainAfterExit=yes ExecStart=/bin/true
busname t.unmet
service t.unmet ExecStart=/bin/true '[Unit]' ConditionPathExists=/nowhere
busname t.refused
service t.refused ExecStart=/bin/true '[Unit]' AssertPathExists=/nowhere
busname t.protocol
service t.protocol Type=notify ExecStart=/bin/true
busname t.stop
service t.stop Type=notify "ExecStart=/bin/sleep 60"
busname t.limit
service t.limit ExecStart=/bin/false '[Unit]' StartLimitBurst=2 StartLimitIntervalSec=300
busname t.loop
service t.loop ExecStart=/bin/false Restart=always RestartSec=50ms '[Unit]' StartLimitIntervalSec=120
busname t.crash
service t.crash "ExecStart=$leaving crash t.crash" '[Unit]' StartLimitIntervalSec=0
start_names

# takes the name, and falls over its first message: five times, then no more
refused t.crash "(Spawn.ChildSignaled|LimitsExceeded)" "t.crash.service (was killed by signal 6|took the name 5 times)"
refused t.crash LimitsExceeded "left alone for a while"
service t.crash "ExecStart=$echo_exec --address=$native --name=t.crash"
systemctl daemon-reload

refused t.exit Spawn.ChildExited "t.exit.service exited with status 1"
refused t.none Spawn.Failed "t.none.service ended without taking the name"
refused t.kill Spawn.ChildSignaled "t.kill.service was killed by signal 9"
refused t.exec Spawn.ExecFailed "t.exec.service could not be executed"
refused t.setup Spawn.FailedToSetup "t.setup.service could not be set up"
refused t.slow TimedOut "t.slow.service did not start in time"
refused t.missing ServiceUnknown "missing.service is not available: not-found"
refused t.masked ServiceUnknown "t.masked.service is not available: masked"
refused t.depends Spawn.Failed "a dependency of t.depends.service failed"

refused t.remains Spawn.Failed "t.remains.service is active without having taken the name"
refused t.unmet Spawn.Failed "the conditions of t.unmet.service are not met"
refused t.refused Spawn.Failed "t.refused.service ended: assert"
refused t.protocol Spawn.Failed "t.protocol.service failed: protocol"

# who waits while the name is stopped
call t.stop >/run/t.stop &
await 20 started t.stop.service
systemctl stop t.stop.busname.service
wait
like "t.stop is refused with ServiceUnknown" "ServiceUnknown.*t.stop.*shut down" "$(cat /run/t.stop)"

# where there is no manager to be reached
unshare -m bash -c "mount -t tmpfs none /run && exec /usr/lib/kdbus/kdbus-activator --name=t.alone \
    --service=t.exit.service --allow-world=talk" &
alone=$!
await 20 has_name t.alone
refused t.alone Failed "service manager|systemctl"
kill $alone

# over and over again
refused t.limit Spawn.ChildExited "exited with status 1"
refused t.limit Spawn.ChildExited "exited with status 1"
refused t.limit LimitsExceeded "t.limit.service was started too often"
refused t.limit LimitsExceeded "left alone for a while"
service t.limit "ExecStart=$echo_exec --address=$native --name=t.limit"
for ((i = 0; i < 10; i++)); do
    answer=$(call t.loop)
    [[ $answer == *Spawn.ChildExited* ]] || break
done
like "t.loop, which its unit restarts, is refused with LimitsExceeded" "LimitsExceeded.*t.loop" "$answer"
refused t.loop LimitsExceeded "left alone for a while"
service t.loop "ExecStart=$echo_exec --address=$native --name=t.loop"
systemctl daemon-reload
systemctl reset-failed t.limit.service t.loop.service
sleep 1
same "after reset-failed t.limit gets another chance" 's "x"' "$(call t.limit)"
same "and so does t.loop" 's "x"' "$(call t.loop)"

# by now the service that crashed has been left alone for long enough
await 40 answers t.crash
same "half a minute later t.crash has another chance" 's "x"' "$(call t.crash)"

stop_names
finish
