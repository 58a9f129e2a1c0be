# SPDX-License-Identifier: LGPL-2.1-or-later
# What the scripts of the system ring are told in. Each ends with "finish".

address=unix:path=/run/kdbus/system_bus_socket
driver=org.freedesktop.DBus
driver_path=/org/freedesktop/DBus
echo_name=org.kdbus.Echo1
echo_path=/org/kdbus/Echo1
. "${BASH_SOURCE[0]%/*}/../tap.sh"

# a megabyte of arguments wants room
ulimit -s 65536

# check TEXT COMMAND…: the command succeeds
check() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        ok "$text"
    else
        not_ok "$text" "$*: ${output:-nothing}"
    fi
}

# fails TEXT PATTERN COMMAND…: the command fails and says so
fails() {
    local text=$1 pattern=$2 output
    shift 2
    if output=$("$@" 2>&1); then
        not_ok "$text" "succeeded: $output"
    elif grep -qE -- "$pattern" <<<"$output"; then
        ok "$text"
    else
        not_ok "$text" "$output"
    fi
}

# same TEXT EXPECTED ACTUAL
same() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1" "expected: ${2:0:500}
got: ${3:0:500}"
    fi
}

# like TEXT PATTERN ACTUAL
like() {
    if grep -qE -- "$2" <<<"$3"; then
        ok "$1"
    else
        not_ok "$1" "expected something like: $2
got: $3"
    fi
}

# results COMMAND…: the results of a program, as ours
results() {
    local line
    while read -r line; do
        case $line in
        "ok "*) ok "${line#ok - }" ;;
        "not ok "*) not_ok "${line#not ok - }" ;;
        *) echo "# $line" ;;
        esac
    done < <("$@" 2>&1 || echo "not ok - $* ended with $?")
}

# await SECONDS COMMAND…
await() {
    local i
    for ((i = $1 * 10; i > 0; i--)); do
        "${@:2}" && return
        sleep 0.1
    done
    return 1
}

on_bus() { busctl --address=$address --no-pager "$@"; }
echo_call() { on_bus call -- $echo_name $echo_path $echo_name "$@"; }

driver_is_active() { pgrep -x kdbus-driver >/dev/null; }
driver_is_gone() { ! driver_is_active; }
bus_is_there() { [ -e /sys/fs/kdbus/0-system/bus ]; }

# The echo service is an example and not part of an installed system.
start_echo() {
    systemctl -q is-active $echo_name.busname.service && return
    mkdir -p /etc/dbus-1/system.d
    cp "${BASH_SOURCE[0]%/*}/echo.conf" /etc/dbus-1/system.d/$echo_name.conf
    cp /usr/lib/kdbus/examples/$echo_name.busname.service /run/systemd/system/
    systemctl daemon-reload
    systemctl start $echo_name.busname.service
}

await 20 bus_is_there || not_ok "the bus is there" "$(systemctl --no-pager status kdbus-bus.service)"
start_echo || not_ok "the echo service's name is on the bus" \
    "$(systemctl --no-pager status $echo_name.busname.service)"
