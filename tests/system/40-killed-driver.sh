#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The driver dies in the middle of a call: the caller is told, the next call
# finds a new one.
. "${0%/*}/util.sh"

get_id() { on_bus call $driver $driver_path $driver GetId; }
caller_is_done() { ! kill -0 $caller 2>/dev/null; }

check "the driver answers" get_id
victim=$(pgrep -x kdbus-driver)

# Stopped, it can take the call but not answer it.
kill -STOP "$victim"
dbus-send --bus=$address --print-reply --reply-timeout=60000 --dest=$driver \
    $driver_path $driver.GetId >/run/answer 2>&1 &
caller=$!
sleep 2
check "the call waits" kill -0 $caller
kill -KILL "$victim"
if await 30 caller_is_done; then
    ok "the caller gets an answer when the driver dies"
else
    not_ok "the caller gets an answer when the driver dies"
    kill $caller
fi
wait $caller
# Not yet taken by the driver, the call is taken by its successor instead.
like "it is NoReply, or the next driver's reply" "NoReply|[0-9a-f]{32}" "$(cat /run/answer)"

check "the next call works" get_id
check "by a new driver" test "$(pgrep -x kdbus-driver)" != "$victim"

# The echo service in the middle of a call, surely taken.
dbus-send --bus=$address --print-reply --reply-timeout=60000 --dest=$echo_name \
    $echo_path $echo_name.Sleep uint32:50000 >/run/answer 2>&1 &
caller=$!
sleep 2
check "a call is being served" kill -0 $caller
pkill -KILL -x kdbus-echo
await 30 caller_is_done || kill $caller
wait $caller
like "whose service dies gets NoReply" "NoReply" "$(cat /run/answer)"
check "and is started again by the next call" echo_call EchoString s again
finish
