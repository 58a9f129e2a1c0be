#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# AllowUser=, AllowGroup= and AllowWorld= with each kind of access, tried by
# three users: what is written is what they may do, and nothing else.
. "${0%/*}/util.sh"
. "${0%/*}/busname.sh"

# named NAME LINE…: a bus name unit with no other access than these lines give
named() {
    names+=("$1")
    printf '%s\n' '[BusName]' "Exec=$echo_exec --name=$1 --idle-timeout=60" "${@:2}" >$units/"$1".busname
}

users=(daemon games nobody)
named t.first "AllowUser=daemon see" "AllowGroup=games talk"
named t.second "AllowUser=daemon talk" "AllowGroup=games own"
named t.third "AllowUser=daemon own" "AllowGroup=games see"
named t.fourth "AllowWorld=see" "AllowUser=nobody own"
named t.fifth "AllowWorld=talk"
named t.sixth "AllowWorld=own"
named t.numbers "AllowUser=$(id -u daemon) own" "AllowGroup=$(id -g games) talk"
named t.nothing
start_names

# as USER COMMAND…: with the groups that USER has
as() { setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups "${@:2}" >/dev/null 2>&1; }

# Whether USER may own NAME, which is given back at once.
owns() { as "$2" timeout 20 $echo_exec --address=$native --name="$1" --idle-timeout=0.05; }
sees() { as "$2" kdbusctl status "$1"; }
talks() { as "$2" kdbusctl call "$1" $echo_path $echo_name EchoString s x; }

# On the bus itself everybody sees everything: "see" withholds, and adds nothing.
see=see talk="see talk" own="see talk own"
while read -r name daemon games nobody; do
    # before there is a service that has the name
    declare -A owner=()
    for user in "${users[@]}"; do
        owns "$name" "$user" && owner[$user]=" own"
    done
    for user in "${users[@]}"; do
        can=$(sees "$name" "$user" && echo -n see; talks "$name" "$user" && echo -n " talk")${owner[$user]:-}
        want=${!user}
        same "$name: $user may ${!want}" "${!want}" "$can"
    done
done <<END
t.first    see   talk  see
t.second   talk  own   see
t.third    own   see   see
t.fourth   see   see   own
t.fifth    talk  talk  talk
t.sixth    own   own   own
t.numbers  own   talk  see
t.nothing  see   see   see
END

stop_names
finish
