/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-util.h: time, threads, and libvirt's errors as text
 *
 * All times of virt-jobstorm are in nanoseconds of CLOCK_MONOTONIC, as gint64.
 * Mutexes are pthread's, not GLib's, because ThreadSanitizer knows those.
 */

#ifndef STORM_UTIL_H
#define STORM_UTIL_H

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdbool.h>

#define STORM_US G_GINT64_CONSTANT(1000)
#define STORM_MS G_GINT64_CONSTANT(1000000)
#define STORM_S  G_GINT64_CONSTANT(1000000000)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConnect, virConnectClose)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

gint64 storm_now(void);
int storm_compare_times(const void *a, const void *b);
void storm_sleep_until(gint64 when);
bool storm_thread_start(pthread_t *thread, void *(*run)(void *), void *opaque, char **error);
char *storm_last_error(void);
bool storm_parse_time(const char *text, gint64 unit, gint64 *ns);
char *storm_format_time(gint64 ns);

#endif /* STORM_UTIL_H */
