#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The service manager's client, through the proxy.
. "${0%/*}/util.sh"

if [ "${FRESH_GUEST:-0}" = 1 ]; then
    check "nobody has started the driver" driver_is_gone
fi

list=$(on_bus --no-legend list 2>&1)
like "list has the driver" "^$driver +[0-9]+ " "$list"
like "list has the echo service" "^$echo_name " "$list"
like "list has its own connection" "^:1\.[0-9]+ +[0-9]+ busctl +root" "$list"
check "the first call has started the driver" driver_is_active

check "the echo service answers" echo_call EchoString s hello
for name in $driver $echo_name; do
    like "status of $name has its process" '^PID=[0-9]+' "$(on_bus status $name 2>&1)"
    like "status of $name has its owner" '^EUID=[0-9]+' "$(on_bus status $name 2>&1)"
done
like "tree of the driver" "$driver_path" "$(on_bus tree $driver 2>&1)"
like "tree of the echo service" "$echo_path" "$(on_bus tree $echo_name 2>&1)"
like "introspection of the driver" '^\.RequestName +method +su +u' "$(on_bus introspect $driver $driver_path 2>&1)"
like "introspection of the echo service" '^\.EchoBytes +method +ay +ay' \
    "$(on_bus introspect $echo_name $echo_path 2>&1)"

same "a string" 's "a b"' "$(echo_call EchoString s "a b" 2>&1)"
same "an empty string" 's ""' "$(echo_call EchoString s "" 2>&1)"
mapfile -t bytes < <(seq 0 65535 | awk '{ print $1 % 256 }')
same "64 KiB of bytes" "ay 65536 ${bytes[*]}" "$(echo_call EchoBytes ay 65536 "${bytes[@]}" 2>&1)"
mapfile -t numbers < <(seq 1000000000000 1000000131071)
same "1 MiB of numbers" "v at 131072 ${numbers[*]}" "$(echo_call Echo v at 131072 "${numbers[@]}" 2>&1)"

# each: what is typed, and what is printed
while IFS='|' read -r typed printed; do
    eval "typed=($typed)"
    same "a variant of ${typed[0]}" "v $printed" "$(echo_call Echo v "${typed[@]}" 2>&1)"
done <<'END'
y 255|y 255
b true|b true
n -32768|n -32768
q 65535|q 65535
i -2147483648|i -2147483648
u 4294967295|u 4294967295
x -9223372036854775808|x -9223372036854775808
t 18446744073709551615|t 18446744073709551615
d 0.25|d 0.25
s x|s "x"
o /a/b|o "/a/b"
g a{sv}|g "a{sv}"
as 0|as 0
as 2 a ""|as 2 "a" ""
aay 2 1 7 0|aay 2 1 7 0
'(ybs)' 1 no z|(ybs) 1 false "z"
'a(yt)' 2 1 2 3 4|a(yt) 2 1 2 3 4
a{ys} 2 1 a 2 b|a{ys} 2 1 "a" 2 "b"
v v s deep|v v s "deep"
'(sa{sv}v)' x 1 k ai 2 1 -1 '(s)' end|(sa{sv}v) "x" 1 "k" ai 2 1 -1 (s) "end"
END

same "a property" 's "hello"' "$(on_bus set-property $echo_name $echo_path $echo_name Greeting s hello &&
    on_bus get-property $echo_name $echo_path $echo_name Greeting 2>&1)"

fails "an unknown method is said to be unknown" "[Uu]nknown method|has no method" \
    on_bus call $driver $driver_path $driver NoSuchMethod
fails "an unknown name is said to be unknown" "not provided|ServiceUnknown|does not exist|not activatable" \
    on_bus call org.example.Nobody / org.example.Nobody Hello
check "the bus goes on" echo_call EchoString s again
finish
