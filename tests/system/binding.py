#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Client and service in Python, over libdbus (dbus) or over GLib (gi).

usage: binding.py dbus|gi serve NAME       until it is killed
       binding.py dbus|gi call NAME        what it does, one result a line,
                                           as tests/system/util.sh takes them

Each serves and calls the interface org.kdbus.Test1 at /org/kdbus/Test, which
tests/system/sdbus-service.c has as well. The bus is DBUS_SYSTEM_BUS_ADDRESS.
"""
import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import Gio, GLib

PATH = '/org/kdbus/Test'
INTERFACE = 'org.kdbus.Test1'
PROPERTIES = 'org.freedesktop.DBus.Properties'
ERROR = INTERFACE + '.Error.Failed'


def result(text, good, why=''):
    print(f'ok - {text}' if good else f'not ok - {text}: {why}', flush=True)


def same(text, expected, got):
    result(text, expected == got, f'{got!r}, not {expected!r}')


def wait_for(condition):
    """Runs the main loop until it is true, twenty seconds at most."""
    context, seconds = GLib.MainContext.default(), []
    GLib.timeout_add(100, lambda: seconds.append(0.1) or len(seconds) < 200)
    while not condition() and len(seconds) < 200:
        context.iteration(True)
    return condition()


def a_file():
    """A descriptor to read "hello" from."""
    reading, writing = os.pipe()
    os.write(writing, b'hello')
    os.close(writing)
    return reading


class DBusService(dbus.service.Object):
    def __init__(self, bus, name):
        self.count = 0
        super().__init__(dbus.service.BusName(name, bus), PATH)

    @dbus.service.method(INTERFACE, 'v', 'v')
    def Echo(self, value):
        return value

    @dbus.service.method(INTERFACE, 'ii', 'i')
    def Add(self, a, b):
        return a + b

    @dbus.service.method(INTERFACE)
    def Fail(self):
        raise dbus.exceptions.DBusException('as you wish', name=ERROR)

    @dbus.service.method(INTERFACE, '', 'h')
    def Open(self):
        fd = a_file()
        try:
            return dbus.types.UnixFd(fd)
        finally:
            os.close(fd)

    @dbus.service.method(INTERFACE)
    def Tick(self):
        self.set_count(self.count + 1)
        self.Ticked(self.count)

    @dbus.service.signal(INTERFACE, 'u')
    def Ticked(self, count):
        pass

    def set_count(self, count):
        self.count = count
        self.PropertiesChanged(INTERFACE, {'Count': dbus.UInt32(count)}, [])

    @dbus.service.method(PROPERTIES, 'ss', 'v')
    def Get(self, interface, name):
        return self.GetAll(interface)[name]

    @dbus.service.method(PROPERTIES, 's', 'a{sv}')
    def GetAll(self, interface):
        return {'Count': dbus.UInt32(self.count)}

    @dbus.service.method(PROPERTIES, 'ssv')
    def Set(self, interface, name, value):
        self.set_count(int(value))

    @dbus.service.signal(PROPERTIES, 'sa{sv}as')
    def PropertiesChanged(self, interface, changed, invalidated):
        pass


def dbus_serve(name):
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    service = DBusService(dbus.SystemBus(), name)
    GLib.MainLoop().run()
    return service


def dbus_call(name):
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    there = bus.get_object(name, PATH, introspect=False)
    test, properties = dbus.Interface(there, INTERFACE), dbus.Interface(there, PROPERTIES)
    ticks, changes, owners = [], [], []
    bus.add_signal_receiver(ticks.append, 'Ticked', INTERFACE, name, PATH)
    bus.add_signal_receiver(lambda i, c, _: changes.append(c.get('Count')), 'PropertiesChanged', PROPERTIES, name, arg0=INTERFACE)
    bus.watch_name_owner(name, owners.append)

    value = dbus.Dictionary({'a': dbus.Array([dbus.Struct((1, 'x', True), signature='isb')], '(isb)')}, 'sv')
    same('a nested value comes back', value, test.Echo(value, signature='v'))
    same('numbers are added', 5, test.Add(2, 3))
    try:
        test.Fail()
        result('an error is raised', False)
    except dbus.exceptions.DBusException as error:
        same('an error is raised', (ERROR, 'as you wish'), (error.get_dbus_name(), error.get_dbus_message()))
    fd = test.Open().take()
    same('a file can be read', b'hello', os.read(fd, 10))
    os.close(fd)
    properties.Set(INTERFACE, 'Count', dbus.UInt32(41), signature='ssv')
    same('a property is what it was set to', 41, properties.Get(INTERFACE, 'Count'))
    same('all properties are got', 41, properties.GetAll(INTERFACE)['Count'])
    test.Tick()
    result('a signal is heard', wait_for(lambda: ticks == [42]), str(ticks))
    result('so is the property that changed', wait_for(lambda: changes[-1:] == [42]), str(changes))
    result('the owner of the name is told', wait_for(lambda: owners == [bus.get_name_owner(name)]), str(owners))
    same('peers are pinged', None, there.Ping(dbus_interface='org.freedesktop.DBus.Peer'))


GI_XML = f'''<node><interface name='{INTERFACE}'>
<method name='Echo'><arg type='v' direction='in'/><arg type='v' direction='out'/></method>
<method name='Add'><arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='i' direction='out'/></method>
<method name='Fail'/><method name='Tick'/><method name='Open'><arg type='h' direction='out'/></method>
<signal name='Ticked'><arg type='u'/></signal>
<property name='Count' type='u' access='readwrite'/>
</interface></node>'''


class GiService:
    def __init__(self, bus, name):
        self.bus, self.count = bus, 0
        interface = Gio.DBusNodeInfo.new_for_xml(GI_XML).interfaces[0]
        bus.register_object(PATH, interface, self.call, lambda *_: GLib.Variant('u', self.count), self.set)
        Gio.bus_own_name_on_connection(bus, name, Gio.BusNameOwnerFlags.NONE, None, None)

    def call(self, _bus, _sender, _path, _interface, method, arguments, invocation):
        if method == 'Echo':
            invocation.return_value(arguments)
        elif method == 'Add':
            invocation.return_value(GLib.Variant('(i)', (sum(arguments.unpack()),)))
        elif method == 'Fail':
            invocation.return_dbus_error(ERROR, 'as you wish')
        elif method == 'Open':
            files = Gio.UnixFDList.new_from_array([a_file()])
            invocation.return_value_with_unix_fd_list(GLib.Variant('(h)', (0,)), files)
        else:
            self.set_count(self.count + 1)
            self.bus.emit_signal(None, PATH, INTERFACE, 'Ticked', GLib.Variant('(u)', (self.count,)))
            invocation.return_value(None)

    def set(self, _bus, _sender, _path, _interface, _name, value):
        self.set_count(value.get_uint32())
        return True

    def set_count(self, count):
        self.count = count
        changed = GLib.Variant('(sa{sv}as)', (INTERFACE, {'Count': GLib.Variant('u', count)}, []))
        self.bus.emit_signal(None, PATH, PROPERTIES, 'PropertiesChanged', changed)


def gi_serve(name):
    service = GiService(Gio.bus_get_sync(Gio.BusType.SYSTEM), name)
    GLib.MainLoop().run()
    return service


def gi_items(bus, name, proxy):
    """An object manager's objects come and go."""
    manager = Gio.DBusObjectManagerClient.new_sync(bus, Gio.DBusObjectManagerClientFlags.NONE, name, PATH, None, None, None)
    seen = []
    manager.connect('object-added', lambda _, item: seen.append('+' + item.get_object_path()))
    manager.connect('object-removed', lambda _, item: seen.append('-' + item.get_object_path()))
    proxy.New('(u)', 7)
    result('an object is added', wait_for(lambda: seen == ['+' + PATH + '/item_7']), str(seen))
    item = manager.get_interface(PATH + '/item_7', INTERFACE + '.Item')
    same('its property came with it', 7, item and item.get_cached_property('Number').unpack())
    proxy.Remove('(u)', 7)
    result('and removed', wait_for(lambda: seen[1:] == ['-' + PATH + '/item_7']), str(seen))
    secrets = []
    proxy.connect('g-properties-changed', lambda _, changed, invalid: secrets.extend(invalid))
    proxy.ChangeSecret()
    result('a property is invalidated', wait_for(lambda: secrets == ['Secret']), str(secrets))


def gi_call(name):
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    proxy = Gio.DBusProxy.new_sync(bus, Gio.DBusProxyFlags.NONE, None, name, PATH, INTERFACE, None)
    ticks, changes = [], []
    proxy.connect('g-signal', lambda _, sender, signal, value: ticks.append((signal, value.unpack())))
    proxy.connect('g-properties-changed', lambda _, changed, invalid: changes.append(changed.unpack().get('Count')))

    value = GLib.Variant('a{sv}', {'a': GLib.Variant('a(isb)', [(1, 'x', True)])})
    same('a nested value comes back', value.unpack(), proxy.Echo('(v)', value))
    same('numbers are added', 5, proxy.Add('(ii)', 2, 3))
    try:
        proxy.Fail()
        result('an error is raised', False)
    except GLib.Error as error:
        same('an error is raised', ERROR, Gio.DBusError.get_remote_error(error))
    value, files = proxy.call_with_unix_fd_list_sync('Open', None, Gio.DBusCallFlags.NONE, -1, None, None)
    fd = files.get(value.unpack()[0])
    same('a file can be read', b'hello', os.read(fd, 10))
    os.close(fd)
    proxy.call_sync(PROPERTIES + '.Set', GLib.Variant('(ssv)', (INTERFACE, 'Count', GLib.Variant('u', 41))),
                    Gio.DBusCallFlags.NONE, -1, None)
    result('a property is what it was set to', wait_for(lambda: proxy.get_cached_property('Count').unpack() == 41))
    proxy.Tick()
    result('a signal is heard', wait_for(lambda: ticks == [('Ticked', (42,))]), str(ticks))
    result('so is the property that changed', wait_for(lambda: changes[-1:] == [42]), str(changes))
    same('the proxy knows the owner', True, (proxy.get_name_owner() or '').startswith(':1.'))
    if 'ChangeSecret' in proxy.call_sync('org.freedesktop.DBus.Introspectable.Introspect', None, Gio.DBusCallFlags.NONE, -1, None).unpack()[0]:
        gi_items(bus, name, proxy)


if __name__ == '__main__':
    if len(sys.argv) != 4 or sys.argv[1] not in ('dbus', 'gi') or sys.argv[2] not in ('serve', 'call'):
        sys.exit(__doc__)
    globals()[f'{sys.argv[1]}_{sys.argv[2]}'](sys.argv[3])
