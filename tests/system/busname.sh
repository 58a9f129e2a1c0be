# SPDX-License-Identifier: LGPL-2.1-or-later
# Bus name units for the scripts about them; read after util.sh.

units=/etc/systemd/system
native=kernel:path=/sys/fs/kdbus/0-system/bus
echo_exec=/usr/lib/kdbus/examples/kdbus-echo
names=()
mkdir -p $units

# busname NAME LINE…: a bus name unit
busname() {
    local name=$1
    shift
    names+=("$name")
    printf '%s\n' '[BusName]' AllowWorld=talk "$@" >$units/"$name".busname
}

# service UNIT LINE…
service() {
    local unit=$1
    shift
    printf '%s\n' '[Service]' "$@" >$units/"$unit".service
}

# Everything that was made is there.
start_names() {
    local name
    systemctl daemon-reload
    systemctl start busnames.target "${names[@]/%/.busname.service}" ||
        not_ok "the names can be started" "$(systemctl --failed --no-legend --plain)"
}

stop_names() {
    systemctl stop "${names[@]/%/.busname.service}" "${names[@]/%/.service}" 2>/dev/null
    rm -rf $units/t.*
    systemctl daemon-reload
    systemctl reset-failed 't.*'
}

call() { kdbusctl --timeout=100 call "$1" $echo_path $echo_name EchoString s "${2:-x}" 2>&1; }
active() { systemctl -q is-active "$1"; }
inactive() { ! active "$1"; }
