#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the shells offer is what the program has: verbs and options as --help
# lists them, and only those of the verb that is being typed.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/tap.sh"
cd "${top_builddir:-.}" || exit 1
ctl=./kdbusctl source=${top_srcdir:-..}/ctl
[ -x "$ctl" ] || { echo '1..0 # SKIP kdbusctl is not built'; exit 0; }

# same TEXT EXPECTED ACTUAL
same() {
    clean "$1" "$(diff <(echo "$2") <(echo "$3"))"
}

# of --help: the verbs; all options, or those for a verb
verbs() { "$ctl" --help | sed -n '/^Verbs:/,/^Options/s/^  \([a-z][a-z-]*\).*/\1/p' | sort; }
options() {
    "$ctl" --help | sed -n '/^Options/,$s/^  \(-[a-z-]*\)\(=\?\)\([^[]*\|\[=[^[]*\)\(\[.*\]\)\?$/\1\2 \4/p' |
        tr '[]' '  ' | awk -v verb="$1" 'NF == 1 || index($0 " ", " " verb " ") { print $1 }' | sort
}

# bash: TEXT so far, as the shell calls the function
# shellcheck disable=SC1091
. "$source/bash/kdbusctl"
in_bash() {
    # shellcheck disable=SC2034
    COMP_LINE="kdbusctl $1" COMP_POINT=$((${#1} + 9))
    _kdbusctl "$ctl"
    printf '%s\n' "${COMPREPLY[@]}" | sort
}

COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
same "the verbs" "$(verbs)" "$(in_bash '')"
same "those that begin so" "$(printf '%s\n' get-property graph)" "$(in_bash g)"
for verb in $(verbs); do
    same "options of $verb" "$(options "$verb")" "$(in_bash "$verb -")"
done
same "the words of a verb" "$(printf '%s\n' check disable enable status)" "$(in_bash 'system-bus ')"
same "the words after another" check "$(in_bash 'policy ')"
same "nothing where nothing can come" "" "$(in_bash 'list x ')"
same "the values of an option, behind its =" "$(printf '%s\n' off pretty short)" "$(in_bash 'list --json=')"
same "or in the next word" "$(printf '%s\n' group owner world)" "$(in_bash 'endpoint make x --access ')"
same "which is no argument" check "$(in_bash 'policy --timeout 5 ')"
same "nor is that of -n" check "$(in_bash 'policy -n 3 ')"
same "and not where it need not be" "$(printf '%s\n' check disable enable status)" "$(in_bash 'system-bus --json ')"
same "files" "kdbusctl" "$(cd "$(dirname "$ctl")" && in_bash 'busname verify kdbusct')"
same "users" "root" "$(in_bash 'policy check root' | grep -x root)"
same "no bus is no reason to speak" "" "$(in_bash '--address=/nonexistent status ' 2>&1)"

if command -v zsh >/dev/null; then
    in_zsh() {
        zsh -fc '
            compset() { : }; _files() { print :files }
            _describe() { print -rl -- ${(P)2} | sed -e "s/\([^\\\\]\):.*/\1/" }
            words=('"$ctl"' "${@[2,-1]}") CURRENT=$(($# + 0))
            . "$1"' zsh "$source/zsh/_kdbusctl" "$@" | sort
    }
    same "zsh: the verbs" "$(verbs)" "$(in_zsh '')"
    same "zsh: options of monitor" "$(options monitor)" "$(in_zsh monitor -)"
else
    skip zsh "zsh is not installed"
fi
finish
