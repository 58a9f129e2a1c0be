#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A bus of one's own: kdbus-daemon in the place of dbus-daemon, and beside the
# distribution's with the same files.
#
# usage: 80-daemon.sh          all of it, as root
#        80-daemon.sh user     what any user can do
. "${0%/*}/util.sh"

private=$top_builddir/tests/system/private
daemon=/usr/bin/kdbus-daemon
work=$(mktemp -d /tmp/private.XXXXXX)
chmod 755 "$work"
mkdir "$work/services"
name=org.test.Service

session() { timeout 60 dbus-run-session --dbus-daemon=$daemon -- "$@"; }
calling() { busctl --address="$1" --no-pager call "${@:2}"; }
ask() { calling "$1" $name / org.test.Service "${@:2}"; }
bus_call() { calling "$1" $driver $driver_path $driver "${@:2}"; }
my_buses() { find /sys/fs/kdbus -mindepth 1 -maxdepth 1 -name "$(id -u)-daemon-*"; }
no_bus() { [ -z "$(my_buses)" ]; }
children() { pgrep -P "$1" "${@:2}"; }
is_gone() { ! grep -q "^State:[^Z]*\$" "/proc/$1/status" 2>/dev/null; }
all_gone() {
    local pid
    for pid; do is_gone "$pid" || return; done
}

# start OPTION…: a daemon in the background; its pid in $pid, its address in $at
start() {
    local out
    out=$($daemon --fork --print-address --print-pid "$@" 2>"$work/errors") || return
    { read -r at; read -r pid; } <<<"$out"
}
stop() {
    kill "$pid"
    await 20 is_gone "$pid"
}

service_file() {
    printf '[D-BUS Service]\nName=%s\nExec=%s\n%s\n' "$1" "$2" "${3:-}" >"$work/services/$1.service"
}

# config FILE TYPE TEXT
config() {
    cat >"$work/$1" <<END
<busconfig>
  <type>$2</type>
  <listen>unix:path=$work/bus</listen>
  <servicedir>services</servicedir>
  $3
</busconfig>
END
}
open_policy='<policy context="default"><allow send_destination="*"/><allow receive_type="method_call"/>
  <allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/><allow own="*"/>
  <allow user="*"/></policy>'

#
# a session
#
like "busctl lists a session's bus" "^$driver " "$(session busctl --user --no-pager --no-legend list 2>&1)"
like "gdbus calls it" "'$driver'" "$(session gdbus call --session -d $driver -o / -m $driver.ListNames 2>&1)"
like "dbus-send calls it" "string \"$driver\"" \
    "$(session dbus-send --session --print-reply --dest=$driver / $driver.ListNames 2>&1)"
same "the command's status is the session's" 7 "$(session sh -c 'exit 7'; echo $?)"
like "one session has two clients that see each other" 'true' "$(session bash -c "
    gdbus monitor --session --dest $driver >/dev/null & for i in {1..50}; do
    [ \$(busctl --user --no-legend --unique list | grep -c gdbus) = 1 ] && echo true && break; sleep 0.1; done; kill %1")"
check "nothing is left of it" await 10 no_bus

#
# what it prints, and how it ends
#
config session.conf session "$open_policy"
service_file $name "'$private' serve $name"
start --config-file="$work/session.conf"
same "it goes into the background" 0 $?
like "the address has path and guid" "^unix:path=$work/bus,guid=[0-9a-f]{32}\$" "$at"
like "the process id is its own" '^/usr/bin/kdbus-daemon$' "$(readlink "/proc/$pid/exe")"
same "the guid is the id of the bus" "s \"${at##*=}\"" "$(bus_call "$at" GetId 2>&1)"
same "it says nothing else" "" "$(cat "$work/errors")"
mapfile -t those < <(children "$pid")
check "SIGTERM ends it" stop
check "with all its children" await 10 all_gone "${those[@]}"
check "the bus" await 10 no_bus
fails "and the socket" "No such file" ls "$work/bus"

#
# services
#
start --config-file="$work/session.conf"
same "a service is started by its first call" 's "session"' "$(ask "$at" Env s DBUS_STARTER_BUS_TYPE 2>&1)"
same "and knows the address" "s \"$at\"" "$(ask "$at" Env s DBUS_STARTER_ADDRESS 2>&1)"
same "as that of the session, too" "s \"$at\"" "$(ask "$at" Env s DBUS_SESSION_BUS_ADDRESS 2>&1)"
ask "$at" Leave >/dev/null
bus_call "$at" UpdateActivationEnvironment 'a{ss}' 2 KDBUS_TEST 'a b' DBUS_STARTER_BUS_TYPE mine >/dev/null
same "what UpdateActivationEnvironment says reaches it" 's "a b"' "$(ask "$at" Env s KDBUS_TEST 2>&1)"
systemd_has() { systemctl "$1" show-environment 2>/dev/null | grep -q KDBUS_TEST; }
same "but not the service manager" "" "$(systemd_has --system && echo it does)"
# hears RULE: somebody waits for such a signal
hears() {
    "$private" hear "$work/bus" "$1" >"$work/heard" &
    await 10 grep -q listening "$work/heard"
}
changed="ActivatableServicesChanged from $driver"
hears "member='ActivatableServicesChanged'"
service_file org.test.Fails /bin/false
check "a signal tells that a file has appeared" await 10 grep -q "$changed" "$work/heard"
may_start() { bus_call "$at" StartServiceByName su "$1" 0; }
activatable() { bus_call "$at" ListActivatableNames | grep -q "\"$1\""; }
check "a file that appears is seen" await 10 activatable org.test.Fails
fails "who fails to start says so" "exited with status 1" may_start org.test.Fails
hears "sender='$driver',path='$driver_path',interface='$driver',member='ActivatableServicesChanged'"
rm "$work/services/org.test.Fails.service"
check "and that one has gone" await 10 grep -q "$changed" "$work/heard"
not_activatable() { ! activatable "$@"; }
check "one that goes is seen, too" await 10 not_activatable org.test.Fails
service_file org.test.Second "$private serve org.test.Second"
mkdir "$work/more"
mv "$work/services/org.test.Second.service" "$work/more"
await 10 not_activatable org.test.Second
config session.conf session "$open_policy <servicedir>more</servicedir>"
check "a directory that the configuration gains is seen" await 10 activatable org.test.Second
check "ReloadConfig is answered" bus_call "$at" ReloadConfig

#
# children that die
#
proxy=$(children "$pid" -x kdbus-proxy)
kill -9 "$proxy"
check "a killed proxy is replaced" await 20 bus_call "$at" GetId
kill -9 "$(pgrep -x kdbus-driver -P "$(children "$pid" -o -x kdbus-activator)")"
check "a killed driver is replaced" await 20 bus_call "$at" GetId
kill -9 "$(children "$pid" -o -x kdbus-activator)"
check "its killed activator is, too" await 20 bus_call "$at" GetId
kill -HUP "$pid"
check "SIGHUP does no harm" bus_call "$at" GetId
kill_proxies() {
    local i
    for ((i = 0; i < 100; i++)); do
        is_gone "$pid" && return
        pkill -9 -x kdbus-proxy -P "$pid"
        sleep 0.1
    done
    return 1
}
check "a proxy that never stays up ends it all" kill_proxies
check "and nothing is left of that either" await 10 no_bus
fails "not the socket" "No such file" ls "$work/bus"

start --config-file="$work/session.conf"
mapfile -t those < <(children "$pid")
kill -9 "$pid"
check "who kills the daemon has killed its children" await 10 all_gone "${those[@]}"
check "and its bus" await 10 no_bus

#
# beside the distribution's
#
config policy.conf session '<policy context="default">
    <allow own_prefix="org.test"/>
    <deny own="org.test.Denied"/>
    <allow send_destination="*"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <deny send_interface="org.test.Interface" send_member="Denied"/>
    <deny send_path="/denied"/>
    <deny send_type="signal" send_interface="org.test.Interface" send_member="Silent"/>
    <deny receive_interface="org.test.Interface" receive_member="Deaf"/>
  </policy>
  <limit name="max_match_rules_per_connection">5</limit>
  <limit name="max_names_per_connection">3</limit>
  <limit name="max_connections_per_user">12</limit>
  <limit name="max_message_size">20000</limit>'
# beside DAEMON COMMAND…: with a daemon of policy.conf
beside() {
    local out peer
    out=$("$1" --fork --print-address=1 --print-pid=1 --config-file="$work/policy.conf" 2>/dev/null) || return
    { read -r at; read -r peer; } <<<"$out"
    "${@:2}"
    kill "$peer"
    await 20 is_gone "$peer"
    rm -f "$work/bus"
}
theirs=$(beside dbus-daemon "$private" verdicts "$work/bus")
same "there is something to compare" 28 "$(wc -l <<<"$theirs")"
ours=$(beside $daemon "$private" verdicts "$work/bus")
same "policy and limits of a file give the same verdicts" "" "$(diff <(echo "$theirs") <(echo "$ours"))"
config policy.conf session "$open_policy <limit name='max_replies_per_connection'>2000</limit>"
ahead="asked back: Why
tasks in order: 1000, the signal behind them: yes, answered: yes
returns in order: 1000"
same "who calls ahead, and is called back meanwhile, gets all replies" "$ahead" \
    "$(beside dbus-daemon "$private" ahead "$work/bus")"
same "here, too, though the kernel lets 128 wait at once" "$ahead" "$(beside $daemon "$private" ahead "$work/bus")"
service_file org.test.Fails /bin/false
same "that a service fails to start is the bus's to say" "$(beside dbus-daemon "$private" start "$work/bus" org.test.Fails)" \
    "$(beside $daemon "$private" start "$work/bus" org.test.Fails)"
rm "$work/services/org.test.Fails.service"
list_activatable() { bus_call "unix:path=$work/bus" ListActivatableNames | tr ' ' '\n' | grep '"' | sort; }
same "so do directories of services" "$(beside dbus-daemon list_activatable)" "$(beside $daemon list_activatable)"
formats() { sed -E "s/=[0-9a-f]{32}$/=G/; s/^[0-9]+$/N/; s/dbus-[A-Za-z0-9]{10}/dbus-X/"; }
# printed DAEMON OPTION…: what it prints, with what differs each time masked
printed() {
    local out
    out=$("$@" --fork --print-pid=1 --print-address=1 --config-file="$work/policy.conf" 2>&1)
    kill "$(grep -E '^[0-9]+$' <<<"$out")"
    formats <<<"$out"
}
for place in "unix:path=$work/x%20y" "unix:dir=$work" "unix:abstract=$work/a"; do
    same "at $place both say the same" "$(printed dbus-daemon "--address=$place")" \
        "$(printed $daemon "--address=$place")"
done

#
# what cannot be
#
refuses() { timeout 20 $daemon --nofork --config-file="$work/wrong.conf" "$@"; }
fails "no such file" "Cannot open the configuration .*: No such file" $daemon --config-file="$work/none.conf"
echo '<busconfig><listen>' >"$work/wrong.conf"
fails "a file that breaks off" "wrong.conf:[0-9]+: no element found" refuses
echo '<busconfig><lisen>unix:path=/x</lisen></busconfig>' >"$work/wrong.conf"
fails "an element that is none" "wrong.conf:1: <lisen> is not known" refuses
echo '<busconfig/>' >"$work/wrong.conf"
fails "no place to listen" "no <listen>" refuses
fails "a network" "tcp:host=localhost: .*no bus over a network" refuses --address=tcp:host=localhost
fails "a directory that is missing" "Cannot listen on $work/none/dbus-.*: No such file" refuses "--address=unix:dir=$work/none"
config wrong.conf session '<pidfile>'"$work"'/pid</pidfile>'
echo 1 >"$work/pid"
fails "a pid file that is there" "pid file $work/pid exists" refuses
rm "$work/pid"
check "introspection needs no bus" sh -c "$daemon --introspect | grep -q 'method name=\"UpdateActivationEnvironment\"'"
check "nothing is left of all these" await 10 no_bus
same "and no socket" "" "$(find "$work" -type s)"

if [ "${1:-}" = user ]; then
    rm -rf "$work"
    finish
fi

#
# of type system, with users
#
config system.conf system "<user>messagebus</user><pidfile>$work/pid</pidfile><fork/>$open_policy"
service_file $name "$private serve $name" User=daemon
out=$($daemon --config-file="$work/system.conf" --print-address --print-pid)
{ read -r at; read -r pid; } <<<"$out"
same "a daemon of the system writes its process id" "$pid" "$(cat "$work/pid")"
same "its services run as their users" "u $(id -u daemon)" "$(ask "$at" Uid 2>&1)"
same "its proxy as the configured one" messagebus "$(ps -o user= -p "$(children "$pid" -x kdbus-proxy)")"
as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups "$@"; }
check "everybody may connect" as_daemon busctl --address="$at" --no-pager call $driver $driver_path $driver GetId
check "SIGTERM ends that as well" stop
fails "and removes the process id" "No such file" ls "$work/pid"
start --config-file="$work/system.conf"
mapfile -t those < <(children "$pid")
kill -9 "$pid"
check "who kills it has killed the proxy, too, whoever that runs as" await 10 all_gone "${those[@]}"
rm -rf "$work"

finish
