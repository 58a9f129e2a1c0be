#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# kdbusctl system-bus and session-bus, on a machine made of files: refused while
# something is missing, thrown with one file, undone without a trace.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/tap.sh"
cd "${top_builddir:-.}" || exit 1
ctl=$PWD/kdbusctl
[ -x "$ctl" ] || { echo '1..0 # SKIP kdbusctl is not built'; exit 0; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export HOME=/home/me XDG_RUNTIME_DIR=/run/user/7
unset XDG_CONFIG_HOME

# says TEXT STATUS PATTERN ARGUMENT…
says() {
    local text=$1 status=$2 pattern=$3 output
    shift 3
    output=$("$ctl" --root="$root" "$@" 2>&1)
    [ $? = "$status" ] && grep -qE -- "$pattern" <<<"$output"
    result $? "$text"
    sed 's/^/# /' <<<"$output"
}
there() { [ -e "$root$1" ]; result $? "$1 is there"; }
gone() { [ ! -e "$root$1" ]; result $? "$1 is not there"; }
# "PATH program" or "NAME unit" of what is said to be missing
missing() {
    "$ctl" --root="$root" $1 status |
        sed -nE 's/^Missing=there is no ([^,]*), the unit .*/\1 unit/p; s/^Missing=there is no ([^,]*), .*/\1 program/p'
}

says "an empty machine is on no bus" 0 '^Now=none$' system-bus status
says "and will not be on ours" 0 '^Next=classic$' system-bus status
says "which is refused with a reason" 1 'cannot be the bus of the system: the kernel .* has no module kdbus; there is no .*/kdbus-bus, the bus keeper; .*kdbus-proxy, the proxy' \
    system-bus enable
gone /etc/kdbus/system-bus
says "for programs, too" 1 '^\{"Works":false,"Reason":"the kernel .* has no module kdbus"\}$' system-bus check --json=short
says "a session is refused, too" 1 'cannot be the bus of the session' session-bus enable
says "disable has nothing to do, and does it" 0 'the classic one' system-bus disable

# what is said to be missing is all that is
mkdir -p "$root/lib/modules/$(uname -r)" "$root/lib/modules/1.2.3"
echo updates/kdbus.ko: >"$root/lib/modules/$(uname -r)/modules.dep"
: >"$root/lib/modules/1.2.3/modules.dep"
for bus in system session; do
    while read -r file kind; do
        [ "$kind" != unit ] || file=/usr/lib/systemd/${bus/session/user}/$file
        mkdir -p "$root${file%/*}"
        : >"$root$file"
        chmod 755 "$root$file"
    done < <(missing $bus-bus)
done
[ -z "$(missing system-bus)$(missing session-bus)" ]
result $? "what was said to be missing is all that was"
says "a machine with everything is still not on kdbus" 0 '^Next=classic$' system-bus status

says "it can be" 0 'The bus of the system is kdbus from the next boot on' system-bus enable
there /etc/kdbus/system-bus
says "not with a kernel that has no module" 0 'Not with the kernel 1.2.3' system-bus enable
before=$(find "$root/etc")
says "twice is as good as once" 0 'is kdbus' system-bus enable
[ "$before" = "$(find "$root/etc")" ]
result $? "and leaves no other files"
says "it is next" 0 '^Next=kdbus$' system-bus status
says "programs are told the same" 0 '"Next":"kdbus","Enabled":true,"KernelCommandLine":null,"Refused":null,"Missing":\[\],"KernelsWithoutModule":\["1.2.3"\]' \
    --json=short system-bus status
says "the session is not concerned" 0 '^Next=classic$' session-bus status

mkdir -p "$root/proc/net"
echo "quiet kdbus=0" >"$root/proc/cmdline"
says "the command line counts more" 0 '^Next=classic$' system-bus status
says "and is told" 0 "But kdbus=0 on the kernel's command line counts more" system-bus enable
echo "quiet kdbus=1" >"$root/proc/cmdline"
says "both ways" 0 "But kdbus=1 on the kernel's command line counts more" system-bus disable
says "which makes it next" 0 '^Next=kdbus$' system-bus status
rm "$root/proc/cmdline"
gone /etc/kdbus/system-bus
says "undone is undone" 0 '^Next=classic$' system-bus status
says "twice, too" 0 'the classic one' system-bus disable

"$ctl" --root="$root" --quiet system-bus enable
ln -s /dev/null "$root/etc/kdbus-bus.service"
mkdir -p "$root/etc/systemd/system"
mv "$root/etc/kdbus-bus.service" "$root/etc/systemd/system"
says "a masked unit makes the classic bus next" 0 '^Next=classic$' system-bus status
says "with the reason" 0 '^Missing=kdbus-bus.service, the unit of the bus keeper, is masked$' system-bus status
says "and cannot be enabled" 1 'is masked$' system-bus enable
rm -r "$root/etc/systemd"

echo "0: 2 0 00010000 0001 01 21 /run/dbus/system_bus_socket" >"$root/proc/net/unix"
says "somebody listens: the classic bus" 0 '^Now=classic$' system-bus status
mkdir -p "$root/run/kdbus"
: >"$root/run/kdbus/system-bus"
says "unless kdbus was chosen" 0 '^Now=kdbus$' system-bus status
rm "$root/run/kdbus/system-bus"
echo "no driver" >"$root/run/kdbus/system-bus-refused"
says "why it was not is told" 0 '^Refused=no driver$' system-bus status

says "a user's session" 0 'The bus of the session is kdbus from the next login on' session-bus enable
there "/home/me/.config/kdbus/session-bus"
says "is its own matter" 0 '^Next=kdbus$' session-bus status
mkdir -p "$root/run/user/7/kdbus"
echo "no proxy" >"$root/run/user/7/kdbus/session-bus-refused"
says "which may be refused" 0 '^Refused=no proxy$' session-bus status
says "and tried again" 0 'is kdbus' session-bus enable
gone /run/user/7/kdbus/session-bus-refused
says "every user's" 0 'from the next login' --global session-bus enable
there /etc/kdbus/session-bus
says "stays when one says no" 0 'But /etc/kdbus/session-bus is there, for every user' session-bus disable
says "and goes with the same word" 0 'the classic one' --global session-bus disable
gone /etc/kdbus/session-bus

rm -rf "$root/etc"
: >"$root/etc"
says "what cannot be written is told" 1 'cannot make .*/etc/kdbus/system-bus: Not a directory' system-bus enable
rm "$root/lib/modules/$(uname -r)/modules.dep"
says "a check begins with what is missing" 1 'cannot be the bus of the system: the kernel .* has no module' system-bus check
finish
