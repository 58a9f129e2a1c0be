#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# kdbusctl used wrongly: one clear line on standard error, nothing on standard
# output, status 2; what cannot work here ends with status 1.
source=$(realpath "$0")
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/tap.sh"
cd "${top_builddir:-.}" || exit 1
ctl=./kdbusctl
[ -x "$ctl" ] || { echo '1..0 # SKIP kdbusctl is not built'; exit 0; }
trap 'rm -f "$out" "$err"' EXIT
out=$(mktemp)
err=$(mktemp)

# wrong STATUS ARGUMENT…
wrong() {
    want=$1
    shift
    "$ctl" "$@" >"$out" 2>"$err"
    status=$?
    [ "$status" = "$want" ] && [ ! -s "$out" ] && [ "$(wc -l <"$err")" = 1 ] && grep -q '^kdbusctl: ' "$err"
    result $? "$*" "$(cat "$out" "$err"; echo "status $status")"
}

# told ARGUMENT…: where nothing can be written, that is said
told() {
    "$ctl" "$@" >/dev/full 2>"$err"
    status=$?
    [ "$status" = 1 ] && grep -q '^kdbusctl: cannot write: No space left' "$err"
    result $? "$* on a full disk" "status $status: $(cat "$err")"
}

told --help
told --version
told session-bus status

# more than is buffered, to who has gone, and that ends nobody
work=$(mktemp -d)
trap 'rm -rf "$out" "$err" "$work"' EXIT
mkfifo "$work/gone"
mkdir "$work/bus"
for i in $(seq 100); do : >"$work/bus/endpoint-$i"; done
{
    read -r _ <"$work/gone"
    trap '' PIPE
    "$ctl" --address="$work/bus/bus" --json=short endpoint list 2>"$err"
    echo $? >"$work/status"
} | {
    exec <&-
    echo >"$work/gone"
}
[ "$(cat "$work/status")" = 1 ] && grep -q '^kdbusctl: cannot write: Broken pipe' "$err"
result $? "a report to a closed pipe" "status $(cat "$work/status"): $(cat "$err")"
wrong 2 nosuchverb
wrong 2 --nosuchoption
wrong 2 --json=yaml list
wrong 2 list --address
wrong 1 --address /nonexistent list
wrong 1 --address=/nonexistent -jq list
wrong 2 -jx list
wrong 2 -jn list
wrong 2 monitor --timeout soon
wrong 2 monitor --timeout 1e-10
wrong 2 -n3 list
wrong 2 why-denied ''
wrong 2 system-bus --user status
wrong 2 session-bus --address=/x status
wrong 2 session-bus --global status
wrong 2 session-bus --global check
wrong 1 --address= list
wrong 1 --address=kernel: list
wrong 2 --quiet=yes list
wrong 2 --timeout=soon list
wrong 2 --limit-messages=0 monitor
wrong 2 --auto-start=perhaps list
wrong 2 list a.b
wrong 2 names a.b
wrong 2 status a.b c.d
wrong 2 status nodot
wrong 2 status 0
wrong 2 status -1
wrong 1 --address=/nonexistent/bus status 1
wrong 2 tree nodot
wrong 2 call
wrong 2 call a.b / i.f
wrong 2 call nodot / i.f M
wrong 2 call a.b nopath i.f M
wrong 2 call a.b / nodot M
wrong 2 call a.b / i.f no.member
wrong 2 call a.b / i.f M '('
wrong 2 call a.b / i.f M u
wrong 2 call a.b / i.f M u x
wrong 2 call a.b / i.f M u 1 2
wrong 2 call a.b / i.f M as 2 x
wrong 2 emit /
wrong 2 emit nopath i.f M
wrong 2 --destination=nodot emit / i.f M
wrong 2 introspect a.b
wrong 2 introspect a.b nopath
wrong 2 introspect a.b / nodot
wrong 2 get-property a.b / i.f
wrong 2 set-property a.b / i.f P u
wrong 2 set-property a.b / i.f P ss x
wrong 2 monitor nodot
wrong 2 --match='foo=bar' monitor
wrong 2 --match='foo=bar' graph
wrong 2 --match
wrong 2 --limit-messages=3 top
wrong 2 --pcap list
wrong 2 --pcap= monitor
wrong 2 --pcap --json monitor
wrong 2 --unique names
wrong 2 --timeout=5 list
wrong 2 --timeout=-1 monitor
wrong 2 --destination=a.b call a.b / i.f M
wrong 2 --auto-start=no emit / i.f M
wrong 2 top nodot
wrong 2 top -n
wrong 2 top -n 0
wrong 2 top -n many
wrong 2 -n=3 list
wrong 2 --interval=0 top
wrong 2 --interval=1 monitor
wrong 2 graph nodot
wrong 2 --svg list
wrong 2 --svg --json graph
wrong 2 bench now
wrong 2 policy
wrong 2 policy check
wrong 2 policy check root
wrong 2 policy check root nodot
wrong 2 policy check root :1.5
wrong 2 policy check root a.b c.d
wrong 2 policy ask root a.b
wrong 1 policy check no-such-user a.b
wrong 2 why-denied a b
wrong 2 why-denied -n nothing
wrong 2 endpoint
wrong 2 endpoint perhaps
wrong 2 endpoint list all
wrong 2 endpoint make
wrong 2 --talk=a.b endpoint list
wrong 2 --talk=nodot endpoint make x
wrong 2 --talk=a.b,who=me endpoint make x
wrong 2 --talk=a.b,user=0,user=1 endpoint make x
wrong 1 --own=a.b,user=no-such-user endpoint make x
wrong 1 --own=a.b,group=no-such-group endpoint make x
wrong 2 --see= endpoint make x
wrong 2 --access=some endpoint make x
wrong 2 --own=a.b list
wrong 2 busname
wrong 2 busname enable
wrong 2 busname list a.b
wrong 2 busname show
wrong 2 busname show a.b c.d
wrong 2 busname verify
wrong 2 system-bus
wrong 2 system-bus perhaps
wrong 2 system-bus enable now
wrong 2 --root=here system-bus status
wrong 2 --global system-bus enable
wrong 2 session-bus
wrong 1 --address=kernel:path=/nonexistent list
wrong 1 --address=/dev/null list
wrong 1 --address=unix:path=/x list
wrong 1 --address=nonsense list
wrong 1 --address=/nonexistent/bus monitor
wrong 1 --address=/nonexistent/bus --pcap=/dev/null monitor
wrong 1 --address=/dev/null --pcap=/nonexistent/file monitor
wrong 1 --address=/nonexistent/bus top -n 1
wrong 1 --address=/nonexistent/bus graph
wrong 1 --address=/nonexistent/bus bench
wrong 1 --address=/nonexistent/bus endpoint list
wrong 1 --address=/nonexistent/bus --talk=a.b endpoint make x
wrong 1 --address=/nonexistent/bus status
wrong 1 --address=/nonexistent/bus tree
wrong 1 --address=/nonexistent/bus introspect a.b /
wrong 1 --address=/nonexistent/bus emit / i.f M
wrong 1 --address=/nonexistent/bus get-property a.b / i.f P
wrong 1 --address=/nonexistent/bus set-property a.b / i.f P u 1

# No verb has been forgotten.
for verb in $("$ctl" --help | sed -n '/^Verbs:/,/^Options/s/^  \([a-z][a-z-]*\).*/\1/p'); do
    grep -q "^wrong 2 .*\b$verb\b" "$source"
    result $? "wrong usage of $verb is tried"
done

# The manual knows them all, and the options.
manual=${top_srcdir:-..}/man/kdbusctl.1
for word in $("$ctl" --help | sed -n 's/^  \(-\?-\?[a-z][a-z-]*\).*/\1/p'); do
    case $word in
    -*) pattern="\\(Fl\\|,\\) ${word#-}\\( \\|\$\\)" ;;
    *) pattern="^\\.It Cm $word\\( \\|\$\\)" ;;
    esac
    grep -q -- "$pattern" "$manual"
    result $? "the manual has $word"
done
finish
