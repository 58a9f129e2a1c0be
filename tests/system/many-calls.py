#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only shows after many calls of one client: the limits of the bus.

A client of the distribution, over its library's binding. Prints results
without numbers, as tests/system/util.sh takes them.

usage: many-calls.py ADDRESS names MAX
       many-calls.py ADDRESS matches MAX
       many-calls.py ADDRESS starts NAME MAX    NAME0, NAME1 … have activators
"""
import sys

import dbus.bus
import dbus.lowlevel

BUS = 'org.freedesktop.DBus'
PATH = '/org/freedesktop/DBus'
LIMIT = 'org.freedesktop.DBus.Error.LimitsExceeded'
NO_REPLY = 'org.freedesktop.DBus.Error.NoReply'
CALLS = 64  # under way at once from one connection, which may have 128


def same(text, expected, got):
    print(f'ok - {text}' if got == expected else f'not ok - {text}: {got}, not {expected}', flush=True)


def ask(client, method, signature='', *arguments, seconds=60):
    """What the driver answers; the name of an error as a string."""
    try:
        return client.call_blocking(BUS, PATH, BUS, method, signature, arguments, timeout=seconds)
    except dbus.DBusException as error:
        return error.get_dbus_name()


def names(address, most):
    most = int(most)
    client = dbus.bus.BusConnection(address)
    answers = {ask(client, 'RequestName', 'su', f'org.kdbus.test.n{i}', 0) for i in range(most)}
    same(f'one connection can have {most} names', {1}, answers)
    same('one more is too much', LIMIT, ask(client, 'RequestName', 'su', 'org.kdbus.test.more', 0))
    same('one that it has can be had again', 4, ask(client, 'RequestName', 'su', 'org.kdbus.test.n0', 0))
    other = dbus.bus.BusConnection(address)
    same('others can have more', 1, ask(other, 'RequestName', 'su', 'org.kdbus.test.more', 0))
    same('waiting for it counts, too', LIMIT, ask(client, 'RequestName', 'su', 'org.kdbus.test.more', 0))
    same('who gives one back', 1, ask(client, 'ReleaseName', 's', 'org.kdbus.test.n7'))
    same('may wait for another', 2, ask(client, 'RequestName', 'su', 'org.kdbus.test.more', 0))


def matches(address, most):
    most = int(most)
    client = dbus.bus.BusConnection(address)
    answers = {ask(client, 'AddMatch', 's', f"member='M{i}'") for i in range(most)}
    same(f'one connection can have {most} rules', {None}, answers)
    same('one more is too much', LIMIT, ask(client, 'AddMatch', 's', "member='More'"))
    same('so is one it has already', LIMIT, ask(client, 'AddMatch', 's', "member='M0'"))
    same('one of them can be removed', None, ask(client, 'RemoveMatch', 's', "member='M3'"))
    same('and another added', None, ask(client, 'AddMatch', 's', "member='More'"))


def starts(address, name, most):
    most = int(most)
    for first in range(0, most - 1, CALLS):
        client = dbus.bus.BusConnection(address)
        for i in range(first, min(first + CALLS, most - 1)):
            call = dbus.lowlevel.MethodCallMessage(BUS, PATH, BUS, 'StartServiceByName')
            call.append(f'{name}{i}', 0, signature='su')
            client.send_message(call)
        # in order, so the driver has seen the others when it answers this
        same(f'calls from the {first}th on are under way', 32, len(ask(client, 'GetId')))
        starts.clients.append(client)

    client = dbus.bus.BusConnection(address)
    last = f'{name}{most - 1}'
    same(f'{most} services can be starting at once', NO_REPLY,
         ask(client, 'StartServiceByName', 'su', last, 0, seconds=2))
    same('one more is too much', LIMIT, ask(client, 'StartServiceByName', 'su', f'{name}{most}', 0))
    same('one of them may be waited for by others', NO_REPLY,
         ask(client, 'StartServiceByName', 'su', last, 0, seconds=2))
    same('other calls are served', 32, len(ask(client, 'GetId')))


starts.clients = []
globals()[sys.argv[2]](sys.argv[1], *sys.argv[3:])
