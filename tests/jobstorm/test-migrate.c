/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * test-migrate.c: a migration on a host that does not answer
 */

#include "storm-migrate.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* No test wants anything within a time; this is for what hangs. */
#define LIMIT (100 * STORM_S)

/* Listens at @path, takes connections (as the kernel does), and never answers. */
static int
listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof(address.sun_path)), <,
                     sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 10), ==, 0);
    return fd;
}

/* It is given up, as nobody would end it. */
static void
test_no_answer(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *path = g_build_filename(folder, "socket", NULL);
    g_autofree char *uri = g_strdup_printf("qemu+unix:///system?socket=%s", path);
    g_autofree char *error = NULL;
    const StormFlags flags = { 0 };
    const StormParams params = { 0 };
    const unsigned char uuid[VIR_UUID_BUFLEN] = { 1 };
    gint64 deadline = storm_now() + LIMIT;
    StormMigration *migration;
    StormMigrated result;
    int fd = listen_at(path);

    migration = storm_migration_start(&(StormMigrateOptions) {
                                          .source = uri, .destination = uri, .uuid = uuid,
                                          .flags = &flags, .params = &params,
                                          .timeout = 20 * STORM_MS, .grace = 20 * STORM_MS,
                                      }, &error);
    g_assert_nonnull(migration);
    while (storm_migration_running(migration)) {
        g_assert_cmpint(storm_now(), <, deadline);
        storm_sleep_until(storm_now() + STORM_MS);
    }
    g_assert_false(storm_migration_finish(migration, STORM_MS, &result));
    g_assert_nonnull(result.error);
    g_free(result.error);
    /* Its threads are in libvirt until the host is gone. */
    close(fd);
    g_assert_cmpint(g_unlink(path) + g_rmdir(folder), ==, 0);
    g_assert_true(storm_migration_finish(migration, LIMIT, &result));
    g_assert_nonnull(result.error);
    g_free(result.error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    g_test_add_func("/migrate/no-answer", test_no_answer);
    return g_test_run();
}
