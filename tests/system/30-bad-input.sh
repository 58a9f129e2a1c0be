#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who does not behave gets a clear answer; all others notice nothing.
. "${0%/*}/util.sh"

check "the echo service answers" echo_call EchoString s hello
gdbus monitor --address $address --dest $echo_name >/run/heard 2>&1 &
bystander=$!
check "a bystander listens" await 20 grep -q 'is owned by' /run/heard

results "$top_builddir/tests/system/misbehave" socket
check "the bus goes on" echo_call EchoString s again
results "$top_builddir/tests/system/refused" "${address#*=}"
results "$top_builddir/tests/system/misbehave" kernel
check "the bus still goes on" echo_call EchoString s again

check "the bystander is spoken to" echo_call Emit s "all is well"
check "the bystander hears it" await 20 grep -q "all is well" /run/heard
kill $bystander
check "the keeper never failed" systemctl -q is-active kdbus-bus.service
same "nor did any other unit" "" "$(systemctl --failed --no-legend --plain)"
finish
