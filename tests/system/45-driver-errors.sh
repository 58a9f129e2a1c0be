#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every bad input to the driver's methods, by a client of the distribution:
# the exact name of the error.
. "${0%/*}/util.sh"

# The policy of the proxy comes first; let it allow everything to root.
cat >/etc/dbus-1/system.d/driver-errors.conf <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root">
    <allow own="*"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
</busconfig>
END
check "the policy can be reloaded" on_bus call $driver $driver_path $driver ReloadConfig

# Rows: METHOD|ARGUMENTS|ERROR, methods without a dot are those of the bus.
while IFS='|' read -r method arguments error; do
    [[ $method == *.* ]] || method=$driver.$method
    eval "arguments=($arguments)"
    output=$(gdbus call --address $address --dest $driver --object-path $driver_path \
        --method "$method" "${arguments[@]}" 2>&1)
    like "$method ${arguments[*]:-} gives $error" "org.freedesktop.DBus.Error.$error:" "$output"
done <<'END'
RequestName|nodots 0|InvalidArgs
RequestName|'""' 0|InvalidArgs
RequestName|a..b 0|InvalidArgs
RequestName|a.1b 0|InvalidArgs
RequestName|:1.1 0|InvalidArgs
RequestName|org.freedesktop.DBus 0|InvalidArgs
RequestName|org.freedesktop.DBus.Local 0|InvalidArgs
RequestName|a.b 8|InvalidArgs
ReleaseName|nodots|InvalidArgs
ReleaseName|:1.1|InvalidArgs
ReleaseName|org.freedesktop.DBus|InvalidArgs
GetNameOwner|no.such.name|NameHasNoOwner
GetNameOwner|nodots|NameHasNoOwner
GetNameOwner|:1.99999|NameHasNoOwner
GetNameOwner|:1.01|NameHasNoOwner
ListQueuedOwners|no.such.name|NameHasNoOwner
ListQueuedOwners|nodots|NameHasNoOwner
StartServiceByName|no.such.name 0|ServiceUnknown
StartServiceByName|nodots 0|ServiceUnknown
GetConnectionUnixUser|no.such.name|NameHasNoOwner
GetConnectionUnixProcessID|no.such.name|NameHasNoOwner
GetConnectionCredentials|no.such.name|NameHasNoOwner
GetConnectionSELinuxSecurityContext|no.such.name|NameHasNoOwner
GetConnectionSELinuxSecurityContext|org.freedesktop.DBus|SELinuxSecurityContextUnknown
GetAdtAuditSessionData|no.such.name|NameHasNoOwner
GetAdtAuditSessionData|org.freedesktop.DBus|AdtAuditDataUnknown
AddMatch|nonsense|MatchRuleInvalid
AddMatch|"type='nothing'"|MatchRuleInvalid
AddMatch|"arg64='x'"|MatchRuleInvalid
RemoveMatch|nonsense|MatchRuleInvalid
RemoveMatch|"type='signal',member='NeverAdded'"|MatchRuleNotFound
NoSuchMethod||UnknownMethod
no.such.Interface.Method||UnknownInterface
org.freedesktop.DBus.Properties.Get|no.such.Interface Features|UnknownInterface
org.freedesktop.DBus.Properties.Get|org.freedesktop.DBus Nothing|UnknownProperty
org.freedesktop.DBus.Properties.Set|org.freedesktop.DBus Features "<'x'>"|PropertyReadOnly
org.freedesktop.DBus.Properties.GetAll|no.such.Interface|UnknownInterface
END

# what wants to be called on the object
for method in $driver.UpdateActivationEnvironment:'a{ss} 0' org.freedesktop.DBus.Properties.GetAll:"s $driver" \
    org.freedesktop.DBus.Debug.Stats.GetStats: ; do
    name=${method%%:*}
    # shellcheck disable=SC2086
    like "$name on / gives AccessDenied" "[Aa]ccess denied|AccessDenied|can be called on" \
        "$(on_bus call $driver / "${name%.*}" "${name##*.}" ${method#*:} 2>&1)"
done

# who is not privileged
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@" 2>&1; }
for method in $driver.ReloadConfig org.freedesktop.DBus.Debug.Stats.GetStats; do
    like "$method by somebody else gives AccessDenied" "org.freedesktop.DBus.Error.AccessDenied:" \
        "$(as_nobody gdbus call --address $address --dest $driver --object-path $driver_path --method $method)"
done
# wrong types: gdbus would convert them, busctl sends what it is told
like "wrong arguments give InvalidArgs" "takes arguments of type|[Ii]nvalid arg" \
    "$(on_bus call $driver $driver_path $driver GetNameOwner u 7 2>&1)"
rm /etc/dbus-1/system.d/driver-errors.conf
on_bus call $driver $driver_path $driver ReloadConfig
finish
