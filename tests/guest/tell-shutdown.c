/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tell-shutdown.c: says what systemd-logind says when the machine is about to shut down
 *
 * usage: tell-shutdown ADDRESS
 *
 * On the bus at ADDRESS it takes the name of logind, sends its signal and ends. Exit
 * status 0: the signal is with the bus, 1: it is not.
 */

#include <gio/gio.h>
#include <stdio.h>

#define NAME "org.freedesktop.login1"

int
main(int argc, char **argv)
{
    g_autoptr(GDBusConnection) bus = NULL;
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GError) error = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: tell-shutdown ADDRESS\n");
        return 1;
    }
    bus = g_dbus_connection_new_for_address_sync(
        argv[1], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
        G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, &error);
    if (bus)
        answer = g_dbus_connection_call_sync(
            bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "RequestName", g_variant_new("(su)", NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
            &error);
    if (!answer ||
        !g_dbus_connection_emit_signal(bus, NULL, "/org/freedesktop/login1", NAME ".Manager",
                                       "PrepareForShutdown", g_variant_new("(b)", TRUE),
                                       &error) ||
        !g_dbus_connection_flush_sync(bus, NULL, &error)) {
        fprintf(stderr, "tell-shutdown: %s\n", error->message);
        return 1;
    }
    return 0;
}
