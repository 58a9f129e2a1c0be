#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bus name units whose services fail, each in its way: the caller hears how.
. "${0%/*}/util.sh"
. "${0%/*}/busname.sh"

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
busname t.limit
service t.limit ExecStart=/bin/false '[Unit]' StartLimitBurst=2 StartLimitIntervalSec=300
start_names

refused t.exit Spawn.ChildExited "t.exit.service exited with status 1"
refused t.none Spawn.Failed "t.none.service ended without taking the name"
refused t.kill Spawn.ChildSignaled "t.kill.service was killed by signal 9"
refused t.exec Spawn.ExecFailed "t.exec.service could not be executed"
refused t.setup Spawn.FailedToSetup "t.setup.service could not be set up"
refused t.slow TimedOut "t.slow.service did not start in time"
refused t.missing ServiceUnknown "missing.service is not available: not-found"
refused t.masked ServiceUnknown "t.masked.service is not available: masked"
refused t.depends Spawn.Failed "a dependency of t.depends.service failed"

refused t.limit Spawn.ChildExited "exited with status 1"
refused t.limit Spawn.ChildExited "exited with status 1"
refused t.limit LimitsExceeded "t.limit.service was started too often"
refused t.limit LimitsExceeded "left alone for a while"
service t.limit "ExecStart=$echo_exec --address=$native --name=t.limit"
systemctl daemon-reload
systemctl reset-failed t.limit.service
sleep 1
same "after reset-failed it gets another chance" 's "x"' "$(call t.limit)"

stop_names
finish
