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

# exactly ERROR METHOD ARGUMENT…, with --on=PATH and --as=USER before: the very
# name that dbus-send prints, which sends what it is told
exactly() {
    local error=org.freedesktop.DBus.Error.$1 path=$driver_path as=()
    shift
    while [[ $1 == --* ]]; do
        case $1 in
        --on=*) path=${1#*=} ;;
        --as=*) as=(setpriv --reuid "${1#*=}" --regid nogroup --clear-groups) ;;
        esac
        shift
    done
    local text="$* ${as[*]:1:2}"
    same "${text:0:120} on $path gives $error" "$error" \
        "$("${as[@]}" dbus-send --bus=$address --print-reply --dest=$driver "$path" "$@" 2>&1 |
            sed -n 's/^Error \([^:]*\):.*/\1/p')"
}
peer=org.freedesktop.DBus.Peer
properties=org.freedesktop.DBus.Properties
monitoring=org.freedesktop.DBus.Monitoring
stats=org.freedesktop.DBus.Debug.Stats

# what wants to be called on the object
exactly AccessDenied --on=/ $driver.UpdateActivationEnvironment dict:string:string:
exactly AccessDenied --on=/x $properties.Get string:$driver string:Features
exactly AccessDenied --on=/ $properties.GetAll string:$driver
exactly AccessDenied --on=/ $stats.GetStats
exactly AccessDenied --on=/ $stats.GetAllMatchRules

# who is not privileged
exactly AccessDenied --as=nobody $driver.ReloadConfig
exactly AccessDenied --as=nobody $driver.UpdateActivationEnvironment dict:string:string:A,b
exactly AccessDenied --as=nobody $stats.GetStats
exactly AccessDenied --as=nobody $stats.GetConnectionStats string:$driver
exactly AccessDenied --as=nobody $stats.GetAllMatchRules
exactly AccessDenied --as=nobody $monitoring.BecomeMonitor array:string: uint32:0
# whom the policy does not let own it
exactly AccessDenied --as=nobody $driver.RequestName string:a.b uint32:0

# what monitors must not want: privilege, flags, rules, in this order
exactly InvalidArgs $monitoring.BecomeMonitor array:string:nonsense uint32:1
exactly MatchRuleInvalid $monitoring.BecomeMonitor array:string:nonsense uint32:0
exactly NameHasNoOwner $stats.GetConnectionStats string:no.such.name

# wrong types
exactly InvalidArgs $driver.GetNameOwner uint32:7
exactly InvalidArgs $driver.GetNameOwner
exactly InvalidArgs $driver.GetNameOwner string:a.b string:c
exactly InvalidArgs $driver.RequestName uint32:0 string:a.b
exactly InvalidArgs $driver.ListNames string:x
exactly InvalidArgs $driver.GetId uint32:0
exactly InvalidArgs $driver.AddMatch uint32:7
exactly InvalidArgs $peer.Ping string:x
exactly InvalidArgs $properties.GetAll uint32:1

# too long: a name has 255 characters, a rule 1024
long=$(printf 'x%.0s' {1..1100})
exactly InvalidArgs $driver.RequestName string:a."${long:0:254}" uint32:0
exactly InvalidArgs $driver.ReleaseName string:a."${long:0:254}"
exactly NameHasNoOwner $driver.GetNameOwner string:a."${long:0:254}"
exactly MatchRuleInvalid $driver.AddMatch string:"member='${long:0:256}'"
exactly LimitsExceeded $driver.AddMatch string:"arg0='$long'"
same "a name of 255 characters can be had" "   uint32 1" "$(dbus-send --bus=$address --print-reply --dest=$driver \
    $driver_path $driver.RequestName string:a."${long:0:253}" uint32:0 2>&1 | tail -1)"

rm /etc/dbus-1/system.d/driver-errors.conf
on_bus call $driver $driver_path $driver ReloadConfig
finish
