#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever the proxy refuses is told to the journal: who, by which rule or
# limit, and what could be changed.
. "${0%/*}/util.sh"

socket=${address#unix:path=}
proxied=$top_builddir/tests/system/proxied
limits=$top_builddir/tests/system/limits
conf=/etc/dbus-1/system.d/zz-refusals.conf
who="KDBUS_CLIENT_PID KDBUS_CLIENT_UID KDBUS_CLIENT_COMM KDBUS_CLIENT_UNIT"

# told "FIELD…" FIELD=VALUE…: the newest line with these fields has those as well
told() {
    local line field
    line=$(journalctl -q -o json -n 1 "${@:2}")
    for field in $1; do
        grep -q "\"$field\":\"" <<<"$line" || {
            echo "no $field in: ${line:-nothing}"
            return 1
        }
    done
}
# as_unit NAME COMMAND…
as_unit() { timeout 60 systemd-run -q --wait --unit="$1" -- "${@:2}"; }
reload() { on_bus call $driver $driver_path $driver ReloadConfig; }

cat >$conf <<'END_OF_CONF'
<busconfig>
  <policy user="root">
    <allow own_prefix="org.test"/>
    <allow send_interface="org.test.Interface"/>
  </policy>
  <policy context="default"><deny user="daemon"/></policy>
  <policy context="mandatory">
    <deny receive_type="signal" receive_interface="org.kdbus.Echo1"/>
  </policy>
  <limit name="max_names_per_connection">3</limit>
  <limit name="max_message_unix_fds">2</limit>
</busconfig>
END_OF_CONF
check "the policy is read" reload

as_unit refused-own "$proxied" "$socket" own >/dev/null 2>&1
check "a name: who, which rule, what to change" await 10 \
    told "$who KDBUS_CLIENT KDBUS_NAME KDBUS_RULE_FILE KDBUS_RULE_LINE KDBUS_REMEDY" \
    KDBUS_REFUSAL=own KDBUS_CLIENT_UNIT=refused-own.service KDBUS_CLIENT_COMM=proxied
like "the remedy is a rule" '<allow own="org.kdbus.test.Own"/>' \
    "$(journalctl -q -o cat --output-fields=KDBUS_REMEDY -n 1 KDBUS_REFUSAL=own KDBUS_CLIENT_UNIT=refused-own.service)"

as_unit refused-send "$proxied" "$socket" policy >/dev/null 2>&1
check "a message that is sent" await 10 \
    told "$who KDBUS_SENDER KDBUS_DESTINATION KDBUS_INTERFACE KDBUS_PATH KDBUS_RULE_FILE KDBUS_RULE_LINE KDBUS_REMEDY" \
    KDBUS_REFUSAL=send KDBUS_MEMBER=Forbidden KDBUS_MESSAGE_TYPE=method_call KDBUS_CLIENT_UNIT=refused-send.service

gdbus monitor --address $address --dest $echo_name >/run/heard 2>&1 &
await 20 grep -q 'is owned by' /run/heard
echo_call Emit s secret >/dev/null
check "a message that arrives" await 10 \
    told "$who KDBUS_SENDER KDBUS_PATH KDBUS_RULE_LINE KDBUS_REMEDY" KDBUS_REFUSAL=receive \
    KDBUS_INTERFACE=org.kdbus.Echo1 KDBUS_MESSAGE_TYPE=signal KDBUS_RULE_FILE=$conf KDBUS_CLIENT_COMM=gdbus
kill %1

fails "who may not connect is hung up on" "" setpriv --reuid=daemon --regid=daemon --clear-groups \
    busctl --address=$address list
check "which is told" await 10 told "$who KDBUS_RULE_LINE KDBUS_REMEDY" \
    KDBUS_REFUSAL=connect KDBUS_CLIENT_UID="$(id -u daemon)" KDBUS_RULE_FILE=$conf

as_unit refused-names "$limits" max_names_per_connection "$socket" >/dev/null 2>&1
check "a limit, its value, how to change it" await 10 told "$who KDBUS_REMEDY" KDBUS_REFUSAL=limit \
    KDBUS_LIMIT=max_names_per_connection KDBUS_LIMIT_VALUE=3 KDBUS_CLIENT_UNIT=refused-names.service

same "who is refused is told which limit" "Too many names: max_names_per_connection" "$(python3 - $address <<'END'
import dbus.bus, sys
bus = dbus.bus.BusConnection(sys.argv[1])
try:
    for i in range(4):
        bus.request_name("org.test.Name%d" % i)
except dbus.exceptions.DBusException as error:
    print(error.get_dbus_message())
END
)"

as_unit refused-fds "$limits" max_message_unix_fds "$socket" >/dev/null 2>&1
check "who is disconnected for one" await 10 told "$who KDBUS_REASON KDBUS_REMEDY" KDBUS_REFUSAL=disconnect \
    KDBUS_LIMIT=max_message_unix_fds KDBUS_LIMIT_VALUE=2 KDBUS_CLIENT_UNIT=refused-fds.service

as_unit refused-order "$proxied" "$socket" hello >/dev/null 2>&1
check "or for what it says" await 10 told "$who KDBUS_REASON" KDBUS_REFUSAL=disconnect \
    KDBUS_CLIENT_UNIT=refused-order.service

# Two things that a socket carries and the kernel does not.
said=$(python3 - $address <<'END'
import socket, sys
import dbus.bus, dbus.lowlevel, dbus.mainloop.glib
from gi.repository import GLib

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
service = dbus.bus.BusConnection(sys.argv[1])
client = dbus.bus.BusConnection(sys.argv[1])
loop = GLib.MainLoop()
name = "org.test.Interface"

def answer(bus, message):
    if message.get_member() != "GiveSocket":
        return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
    reply = dbus.lowlevel.MethodReturnMessage(message)
    reply.append(dbus.types.UnixFd(socket.socketpair()[0]), signature="h")
    bus.send_message(reply)
    return dbus.lowlevel.HANDLER_RESULT_HANDLED

def failed(error):
    print(error.get_dbus_name(), error.get_dbus_message())
    loop.quit()

service.add_message_filter(answer)
client.call_async(service.get_unique_name(), "/", name, "GiveSocket", "", (), lambda *got: loop.quit(), failed)
loop.run()
signal = dbus.lowlevel.SignalMessage("/", name, "Large")
signal.append("x" * (3 << 20), signature="s")
client.send_message(signal)
# once this is answered the signal was seen, and its sender is still there to be told of
client.get_name_owner("org.freedesktop.DBus")
END
)
like "who waits for an answer that the kernel refuses is told" 'Error.NotSupported The reply could not be sent' "$said"
check "and the service's user, too" await 10 told "$who" KDBUS_REFUSAL=drop KDBUS_CLIENT_COMM=python3
check "a signal too large for everybody is lost, which is told" await 10 told "$who KDBUS_REMEDY" KDBUS_REFUSAL=limit \
    "KDBUS_LIMIT=bytes of a signal to everybody" KDBUS_LIMIT_VALUE=2097152 KDBUS_MEMBER=Large

rm $conf
check "the policy is as before" reload
finish
