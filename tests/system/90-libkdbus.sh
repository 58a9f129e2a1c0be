#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The examples of libkdbus on the bus of the system, as a newcomer would look at
# them: with busctl, through the proxy.
. "${0%/*}/util.sh"

examples=/usr/lib/kdbus/examples
thermostat=org.example.Thermostat1
thermostat_path=/org/example/Thermostat1
sum=org.example.Sum

cp "${0%/*}/example.conf" /etc/dbus-1/system.d/org.example.conf
has_owner() { on_bus status "$1" >/run/status 2>&1; }

# sd-bus, that is on kdbus

systemd-run -q --unit=thermostat $examples/sdbus-service system
check "the sd-bus service is on the bus" await 30 has_owner $thermostat
like "it is its own process there, and no proxy" "^Comm=sdbus-service|^CommandLine=.*sdbus-service" \
    "$(on_bus status $thermostat 2>&1)"
seen=$(on_bus introspect $thermostat $thermostat_path 2>&1)
like "introspect shows its method" '^\.Warmer +method +d +d' "$seen"
like "introspect shows its writable property" '^\.Target +property +d +20 +emits-change writable' "$seen"
like "introspect shows its other property" '^\.Changes +property +u +0 +' "$seen"
like "introspect shows its signal" '^\.Alarm +signal +s ' "$seen"
like "tree finds its object" "$thermostat_path" "$(on_bus tree $thermostat 2>&1)"

on_bus monitor --match "type='signal',path='$thermostat_path'" >/run/heard 2>&1 &
listener=$!
check "a listener is there" await 20 grep -q 'Monitoring bus message stream' /run/heard
same "its method is called" "d 22.5" \
    "$(on_bus call $thermostat $thermostat_path $thermostat Warmer d 2.5 2>&1)"
check "the listener hears of the change" await 20 grep -q PropertiesChanged /run/heard
kill $listener
fails "its error comes with its text" '30 degrees are the most' \
    on_bus call $thermostat $thermostat_path $thermostat Warmer d 100
check "its property is set" on_bus set-property $thermostat $thermostat_path $thermostat Target d 18
same "its property is read" "d 18" "$(on_bus get-property $thermostat $thermostat_path $thermostat Target 2>&1)"
like "its object manager has it" '"Target" d 18' \
    "$(on_bus call $thermostat /org/example org.freedesktop.DBus.ObjectManager GetManagedObjects 2>&1)"
systemctl stop thermostat
same "it ends well" "Result=success" "$(systemctl show -p Result thermostat 2>&1)"

# the same by libkdbus alone

systemd-run -q --unit=sum $examples/sum-service
check "the native service is on the bus" await 30 has_owner $sum
seen=$(on_bus introspect $sum /org/example/Sum 2>&1)
like "introspect shows its method" '^\.Add +method +ii +x' "$seen"
same "its method is called" "x 5" "$(on_bus call $sum /org/example/Sum $sum Add ii 2 3 2>&1)"
like "a native client talks to it" '^2 \+ 3 = 5' "$($examples/sum-client 2>&1)"
is_over() { ! systemctl -q is-active sum; }
check "it leaves when nobody asks" await 60 is_over
finish
