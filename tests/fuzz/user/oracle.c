// SPDX-License-Identifier: LGPL-2.1-or-later
/* What libdbus says. */
#include <dbus/dbus.h>
#include <string.h>

#include "tests/fuzz/user/oracle.h"

bool oracle_signature(const char *text)
{
	return dbus_signature_validate(text, NULL);
}

bool oracle_single(const char *text)
{
	return dbus_signature_validate_single(text, NULL);
}

bool oracle_path(const char *text)
{
	return dbus_validate_path(text, NULL);
}

bool oracle_interface(const char *text)
{
	return dbus_validate_interface(text, NULL);
}

bool oracle_error_name(const char *text)
{
	return dbus_validate_error_name(text, NULL);
}

bool oracle_member(const char *text)
{
	return dbus_validate_member(text, NULL);
}

bool oracle_bus_name(const char *text)
{
	return dbus_validate_bus_name(text, NULL);
}

bool oracle_utf8(const char *text)
{
	return dbus_validate_utf8(text, NULL);
}

bool oracle_address(const char *text)
{
	DBusAddressEntry **entries;
	int n;

	if (!dbus_parse_address(text, &entries, &n, NULL))
		return false;
	dbus_address_entries_free(entries);
	return true;
}

bool oracle_message(const void *data, size_t size)
{
	DBusMessage *message = dbus_message_demarshal(data, size, NULL);

	if (!message)
		return false;
	dbus_message_unref(message);
	return true;
}
