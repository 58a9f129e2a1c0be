#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What comes of services that are started, well or badly, a line each.

The same lines from two daemons with the same files mean the same behaviour.

usage: starting.py make FOLDER PRIVATE      service files to begin with
       starting.py ask ADDRESS              the lines
"""
import sys
import time

import dbus.bus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

BUS, BUS_PATH = 'org.freedesktop.DBus', '/org/freedesktop/DBus'
SERVICES = {
    'Good': '{private} serve org.test.Good',
    'False': '/bin/false',
    'Absent': '/no/such/program',
    'NoProgram': '/etc/passwd',
    'Killed': '/bin/sh -c "kill -9 $$"',
    'Slow': '/bin/sleep 100',
    'Nothing': '/bin/true',
    'Elsewhere': '{private} serve org.test.Different',
    'Denied': '{private} serve org.test.Denied',
    'Unsendable': '{private} serve org.test.Unsendable',
    'Quoted': "'{private}' 'serve' \"org.test.Quoted\"",
    'Forking': '/bin/sh -c "{private} serve org.test.Forking & exit 0"',
    'Twice': '{private} serve org.test.Twice',
}
# those for which the bus waits in vain
NEVER = ['Slow', 'Nothing', 'Elsewhere', 'Denied']


def make(private, folder):
    def put(file, text):
        with open(f'{folder}/{file}.service', 'w', encoding='utf-8') as out:
            out.write(text)

    for name, command in SERVICES.items():
        put(f'org.test.{name}', f'[D-BUS Service]\nName=org.test.{name}\nExec={command.format(private=private)}\n')
    put('org.test.NoExec', '[D-BUS Service]\nName=org.test.NoExec\n')
    put('org.test.NoName', f'[D-BUS Service]\nExec={private} serve org.test.NoName\n')
    put('org.test.WrongGroup', f'[Service]\nName=org.test.WrongGroup\nExec={private} serve org.test.WrongGroup\n')
    put('org.test.Garbage', 'this is no file of that kind')
    put('other-file', f'[D-BUS Service]\nName=org.test.OtherFile\nExec={private} serve org.test.OtherFile\n')


def send(bus, name, member='Pid', interface='org.test.Service', path='/', signature='', arguments=(), auto_start=True):
    message = dbus.lowlevel.MethodCallMessage(name, path, interface, member)
    message.append(signature=signature, *arguments)
    message.set_auto_start(auto_start)
    done = []
    bus.send_message_with_reply(message, done.append, timeout_s=60)
    return done


def result_of(bus, done):
    """Numbers of processes differ, so a return is only one."""
    bus.flush()
    while not done:
        GLib.MainContext.default().iteration(True)
    reply = done[0]
    if isinstance(reply, dbus.lowlevel.ErrorMessage):
        return reply.get_error_name()
    return 'answered'


def ask(bus):
    heard = []
    bus.add_signal_receiver(lambda name, old, new: name.startswith('org.test.') and heard.append(
        f'{name}: {"somebody" if old else "nobody"} to {"somebody" if new else "nobody"}'),
        'NameOwnerChanged', BUS, BUS, BUS_PATH)

    def tell(what, done):
        print(f'{what}: {result_of(bus, done)}', flush=True)

    def start(name):
        return send(bus, BUS, 'StartServiceByName', BUS, BUS_PATH, 'su', (name, 0))

    def probe(name):
        """All at once: whoever starts it, all get what comes of it."""
        return [(f'{name} {how}', done) for how, done in (
            ('without being started', send(bus, name, auto_start=False)), ('started', start(name)),
            ('called', send(bus, name)), ('pinged', send(bus, name, 'Ping', 'org.freedesktop.DBus.Peer')))]

    others = ['NoExec', 'NoName', 'WrongGroup', 'Garbage', 'OtherFile', 'Unknown']
    names = sorted(str(name) for name in bus.get_object(BUS, BUS_PATH).ListActivatableNames(dbus_interface=BUS))
    print('activatable:', ' '.join(name for name in names if 'test' in name or '.' not in name))
    for name in [name for name in list(SERVICES) + others if name not in NEVER]:
        for what, done in probe(f'org.test.{name}'):
            # that it has no owner we say after the policy, not before
            if what != 'org.test.Unsendable without being started':
                tell(what, done)
    # who never comes takes its time, so all of them at once
    for what, done in [line for name in NEVER for line in probe(f'org.test.{name}')]:
        tell(what, done)
    tell('a name that is none', start('none'))
    tell('a unique name', start(':1.99999'))
    tell('wrong arguments', send(bus, BUS, 'StartServiceByName', BUS, BUS_PATH, 's', ('org.test.Good',)))
    tell('an unknown method', send(bus, BUS, 'NoSuchMethod', BUS, BUS_PATH))
    tell('an unknown interface', send(bus, BUS, 'Hello', 'org.test.None', BUS_PATH))
    tell('Hello again', send(bus, BUS, 'Hello', BUS, BUS_PATH))

    # who waits for a name has it in the eyes of the policy
    other = dbus.bus.BusConnection(sys.argv[2])
    for owner in bus, other:
        owner.request_name('org.test.Waited')
    for owner in bus, other:
        tell('to one of those who want the name', send(bus, owner.get_unique_name(), 'Waited'))

    # many wait for one start, well or badly
    tell('leaving', send(bus, 'org.test.Twice', 'Leave'))
    while bus.name_has_owner('org.test.Twice'):
        time.sleep(0.1)
    waiting = [send(bus, 'org.test.Twice') for _ in range(10)] + [start('org.test.Twice')]
    print('together, good:', [result_of(bus, done) for done in waiting])
    waiting = [send(bus, 'org.test.False') for _ in range(3)] + [start('org.test.False')]
    print('together, bad:', [result_of(bus, done) for done in waiting])
    bus.get_object(BUS, BUS_PATH).GetId(dbus_interface=BUS)
    # among several there is no order
    for line in sorted(heard, key=lambda line: line.split(':')[0]):
        print(line)


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == 'ask':
        dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
        ask(dbus.bus.BusConnection(sys.argv[2]))
    elif len(sys.argv) == 4 and sys.argv[1] == 'make':
        make(sys.argv[3], sys.argv[2])
    else:
        sys.exit(__doc__)
