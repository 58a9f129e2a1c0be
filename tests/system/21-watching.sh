#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# kdbusctl's verbs that watch: monitor with its captures, graph, top.
. "${0%/*}/util.sh"

work=$(mktemp -d)
declare -A pids
# watch NAME ARGUMENT…: what it prints is in $work/NAME
watch() {
    kdbusctl "${@:2}" >"$work/$1" 2>"$work/$1.err" &
    pids[$1]=$!
    await 30 grep -q watching "$work/$1.err"
}
# end NAME SIGNAL
end() {
    kill -"$2" "${pids[$1]}"
    wait "${pids[$1]}"
    same "$1 ends well" 0 $?
}
signal_seen() { grep -q member=Seen "$work/text"; }

# All of them at once, and then somebody talks.
watch capture monitor --pcap="$work/pcap" $echo_name
watch text monitor --match=member=Seen --match=member=EchoString
watch drawn graph --timeout=600 --svg="$work/svg"
watch told graph --timeout=600
kdbusctl top --json=short >"$work/top" &
top=$!
await 30 test -s "$work/top"
echo_call EchoString s classic >/dev/null
echo_call Nothing >/dev/null 2>&1
kdbusctl -q call $echo_name $echo_path $echo_name EchoString s native
kdbusctl emit /seen org.example.Watched Seen s text
# somebody with a name that is no UTF-8, and would be no XML
odd=$work/$'odd<\xff\e'
cp "$(command -v kdbusctl)" "$odd"
"$odd" emit /odd org.example.Watched Odd
check "a signal is shown" await 30 signal_seen
end text INT
end drawn INT
end told TERM
end capture TERM

# monitor
like "with time, type, sender and what it is" \
    '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} signal sender=:1\.[0-9]+ path=/seen interface=org.example.Watched member=Seen' \
    "$(<"$work/text")"
like "with credentials" '^  pid=[0-9]+ uid=0 gid=0 comm=kdbusctl unit=' "$(grep -A 1 member=Seen "$work/text")"
same "what matches no rule is not shown" "" "$(grep -E 'method_return|member=(Nothing|NameOwnerChanged)' "$work/text")"
same "no colours but on a terminal" "" "$(grep $'\033' "$work/text")"

# whoever reads has enough after a while
for words in monitor "monitor --json=short" "monitor --pcap" "top --interval=0.1" "top --json --interval=0.1"; do
    # shellcheck disable=SC2086
    (
        timeout 60 kdbusctl -q $words | head -c 1 >/dev/null
        exit "${PIPESTATUS[0]}"
    ) 2>"$work/reader.err" &
    reader=$!
    has_ended() { kdbusctl emit /seen org.example.Watched Seen && ! kill -0 $reader 2>/dev/null; }
    await 30 has_ended
    wait $reader
    same "$words: nobody reads any more, which is no failure" "0:" "$?:$(<"$work/reader.err")"
done

emit_big() {
    kdbusctl emit /seen org.example.Watched Seen s "$(printf '%09000d' 0)"
    ! kill -0 $reader 2>/dev/null
}
timeout 60 kdbusctl -q monitor --json=short 2>"$work/full.err" >/dev/full &
reader=$!
await 30 emit_big
wait $reader
like "a full disk is one" "^1:kdbusctl: cannot .*No space left" "$?:$(<"$work/full.err")"
(
    timeout 60 kdbusctl -q monitor --json=short | head -c 1 >/dev/null
    exit "${PIPESTATUS[0]}"
) 2>"$work/reader.err" &
reader=$!
await 30 emit_big
wait $reader
same "a reader of a large message that has enough is none" "0:" "$?:$(<"$work/reader.err")"

# captures
like "how much was captured" '^[0-9]+ messages in ' "$(tail -n 1 "$work/capture.err")"
if command -v tshark >/dev/null; then
    tshark -r "$work/pcap" >"$work/tshark" 2>/dev/null
    same "tshark sees what was captured" "$(sed -n 's/^\([0-9]*\) messages.*/\1/p' "$work/capture.err")" \
        "$(grep -c 'D-Bus' "$work/tshark")"
    like "calls" "→ $echo_name +D-Bus .* EchoString\(\) @ $echo_path" "$(<"$work/tshark")"
    like "answers" "D-Bus .* -> 's'" "$(<"$work/tshark")"
    like "errors" "D-Bus .* -> org.freedesktop.DBus.Error.UnknownMethod" "$(<"$work/tshark")"
    like "and bodies" "String: native" "$(tshark -V -r "$work/pcap" 2>/dev/null)"
    same "nothing is malformed" "" "$(tshark -r "$work/pcap" -Y _ws.malformed 2>/dev/null)"
else
    ok "tshark sees what was captured # SKIP tshark is not installed"
fi

# graph
check "the picture is XML" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/svg"
like "it has the service" ">$echo_name</text>" "$(<"$work/svg")"
like "calls to it" '>1 call, [0-9.]+(us|ms|s)</text>' "$(<"$work/svg")"
like "errors" '>2 calls, [^<]*1 error</text>|>1 call, [^<]*1 error</text>' "$(<"$work/svg")"
like "and signals to everybody" '>1 signal</text>' "$(<"$work/svg")"
like "whatever senders are called" '>odd&lt;' "$(<"$work/svg")"
same "which steers no terminal" "" "$(grep -aP '\e|\xff' "$work/told")"
fails "nobody watches for a picture that cannot be drawn" "cannot write /nonexistent/x" \
    timeout 60 kdbusctl graph --timeout=600 --svg=/nonexistent/x
like "in the terminal, too" "─→ $echo_name  1 call, [0-9.]+" "$(<"$work/told")"

# top: what its turns say adds up to what was sent
sleep 1.5
kill -TERM $top
wait $top
same "top ends well" 0 $?
counted() {
    python3 - "$work/top" "$echo_name" <<'END'
import json, sys
answers = times = 0
for line in open(sys.argv[1]):
    for row in json.loads(line)["connections"]:
        if row["name"] == sys.argv[2]:
            answers += row["answers"]
            times += row["answer_ns"] > 0 and row["answer_max_ns"] >= row["answer_ns"]
print(answers, times > 0)
END
}
same "top counts every answer, and times them" "3 True" "$(counted)"
like "snapshots for who is no terminal" "SENT/s .* NAME
.* $echo_name" "$(kdbusctl top -n 1 --interval=0.2 | grep -E "SENT|$echo_name")"

# top on a terminal
tmux() { command tmux -L top "$@"; }
shows() { tmux capture-pane -p | grep -q -- "$1"; }
screen() { tmux display -p 'other screen #{alternate_on}, cursor #{cursor_flag}'; }
# quit HOW COMMAND…
quit() {
    tmux send-keys "clear; kdbusctl top; echo status \$?; stty -g >$work/stty.after" Enter
    await 30 shows "SENT/s"
    like "it takes the terminal over" "screen 1, cursor 0" "$(screen)"
    [ "$1" != q ] || { tmux resize-window -x 90 -y 7; await 10 shows "SENT/s"; }
    "${@:2}"
    await 30 shows "status 0"
    same "$1 gives the terminal back" "other screen 0, cursor 1" "$(screen)"
    await 10 test -s "$work/stty.after"
    same "with its settings" "$(<"$work/stty.before")" "$(<"$work/stty.after")"
    rm -f "$work/stty.after"
    tmux resize-window -x 120 -y 15
}
if command -v tmux >/dev/null; then
    tmux new-session -d -x 120 -y 15 'bash --norc'
    tmux send-keys "stty -g >$work/stty.before" Enter
    await 30 test -s "$work/stty.before"
    quit q tmux send-keys q
    quit Ctrl-C tmux send-keys C-c
    quit 'Ctrl-\' tmux send-keys 'C-\'
    quit SIGTERM pkill -TERM -x kdbusctl
    # less is not what top is: with signals of its own
    tmux send-keys "clear; SYSTEMD_LESS=RSXM kdbusctl graph --timeout=0.1" Enter
    await 30 pgrep -x less >/dev/null
    same "the pager of graph takes signals" 0000000000000000 \
        "$(sed -n 's/^SigBlk:\t//p' "/proc/$(pgrep -x less)/status")"
    tmux kill-server
else
    ok "top on a terminal # SKIP tmux is not installed"
fi
rm -r "$work"
finish
