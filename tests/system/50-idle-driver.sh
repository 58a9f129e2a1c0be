#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The driver comes when it is called and goes when it is not.
. "${0%/*}/util.sh"

check "a call has the driver started" on_bus call $driver $driver_path $driver GetId
check "it is there" driver_is_active
check "left alone, it goes" await 75 driver_is_gone
check "its name is still there" grep -q "$driver" <(kdbusctl list 2>&1)
check "which did not bring it back" driver_is_gone
check "the next call does" on_bus call $driver $driver_path $driver GetId
check "it is there again" driver_is_active
same "no unit has failed" "" "$(systemctl --failed --no-legend --plain)"
finish
