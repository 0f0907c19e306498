/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * test-flags.c: flags, parameters and options
 */

#include "storm-flags.h"
#include "storm-options.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_flags(void)
{
    const struct {
        const char *list;
        unsigned int flags;
    } good[] = {
        { "", 0 },
        { "live", VIR_MIGRATE_LIVE },
        { "live,p2p,tunnelled", VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_TUNNELLED },
        { "direct,verbose", 0 },
        { "persistent,undefinesource,suspend", VIR_MIGRATE_PERSIST_DEST |
          VIR_MIGRATE_UNDEFINE_SOURCE | VIR_MIGRATE_PAUSED },
        { "copy-storage-all", VIR_MIGRATE_NON_SHARED_DISK },
        { "copy-storage-inc", VIR_MIGRATE_NON_SHARED_INC },
        { "unsafe,auto-converge,rdma-pin-all,offline", VIR_MIGRATE_UNSAFE |
          VIR_MIGRATE_AUTO_CONVERGE | VIR_MIGRATE_RDMA_PIN_ALL | VIR_MIGRATE_OFFLINE },
        { "parallel,compressed,abort-on-error,tls", VIR_MIGRATE_PARALLEL |
          VIR_MIGRATE_COMPRESSED | VIR_MIGRATE_ABORT_ON_ERROR | VIR_MIGRATE_TLS },
        { "postcopy,postcopy-resume,zerocopy,change-protection", VIR_MIGRATE_POSTCOPY |
          VIR_MIGRATE_POSTCOPY_RESUME | VIR_MIGRATE_ZEROCOPY | VIR_MIGRATE_CHANGE_PROTECTION },
    };
    const char *const bad[] = { "none", "live,,LIVE", "--live", "postcopy-after-precopy" };
    StormFlags flags;
    guint i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *error = NULL;

        g_assert_true(storm_flags_parse(good[i].list, &flags, &error));
        g_assert_cmpuint(flags.flags, ==, good[i].flags);
        g_assert_false(flags.postcopy_after_precopy);
    }
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *error = NULL;

        g_assert_false(storm_flags_parse(bad[i], &flags, &error));
        g_assert_nonnull(error);
    }
}

static void
test_postcopy_after_precopy(void)
{
    g_autofree char *error = NULL;
    StormFlags flags;

    g_assert_true(storm_flags_parse("postcopy,postcopy-after-precopy", &flags, &error));
    g_assert_cmpuint(flags.flags, ==, VIR_MIGRATE_POSTCOPY);
    g_assert_true(flags.postcopy_after_precopy);
}

static void
test_params(void)
{
    g_autofree char *path = NULL;
    g_autofree char *xml = NULL;
    g_autofree char *error = NULL;
    int fd = g_file_open_tmp(NULL, &path, NULL);
    const char *words[] = { "bandwidth=12", "parallel-connections=3", "uri=tcp://a",
                            "migrate-disks=vda,vdb", "dest-xml=", NULL };
    const char *text;
    StormParams params;
    unsigned long long big;
    int number;

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, "<domain/>", -1, NULL));
    words[4] = xml = g_strdup_printf("dest-xml=%s", path);
    g_assert_true(storm_params_parse(words, &params, &error));
    g_assert_cmpint(params.n, ==, 6);
    g_assert_cmpint(virTypedParamsGetULLong(params.params, params.n, VIR_MIGRATE_PARAM_BANDWIDTH,
                                            &big), ==, 1);
    g_assert_cmpuint(big, ==, 12);
    g_assert_cmpint(virTypedParamsGetInt(params.params, params.n,
                                         VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, &number), ==, 1);
    g_assert_cmpint(number, ==, 3);
    g_assert_cmpint(virTypedParamsGetString(params.params, params.n, VIR_MIGRATE_PARAM_DEST_XML,
                                            &text), ==, 1);
    g_assert_cmpstr(text, ==, "<domain/>");
    /* two of the same name, one after the other */
    g_assert_cmpstr(params.params[4].field, ==, VIR_MIGRATE_PARAM_MIGRATE_DISKS);
    g_assert_cmpstr(params.params[4].value.s, ==, "vdb");
    storm_params_clear(&params);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void
test_bad_params(void)
{
    const char *const bad[] = { "bandwidth", "bandwidth=", "bandwidth=-1", "bandwidth=1x",
                                "parallel-connections=99999999999", "speed=1",
                                "xml=/no/such/file" };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *const words[] = { bad[i], NULL };
        g_autofree char *error = NULL;
        StormParams params;

        g_assert_false(storm_params_parse(words, &params, &error));
        g_assert_nonnull(error);
        storm_params_clear(&params);
    }
}

/* --- calls --- */

static void
test_choices(void)
{
    const char *const lists[] = { "domstats,destroy", "set-memory", NULL };
    const char *const arguments[] = { "set-memory=1024", NULL };
    const char *const bad[] = { "none", "domstats,domstats", "domstats,", "" };
    const char *const bad_arguments[] = { "domstats=1", "set-memory", "set-memory=x",
                                          "dominfo=1", "set-memory=" };
    g_autofree char *error = NULL;
    g_autoptr(GPtrArray) choices = storm_choices_parse(lists, arguments, &error);
    g_autoptr(GPtrArray) fallback = storm_choices_parse(NULL, NULL, &error);
    const StormChoice *choice;
    guint i;

    g_assert_nonnull(choices);
    g_assert_cmpuint(choices->len, ==, 3);
    choice = g_ptr_array_index(choices, 2);
    g_assert_cmpstr(choice->call->name, ==, "set-memory");
    g_assert_cmpuint(choice->number, ==, 1024);
    g_assert_cmpuint(fallback->len, ==, 1);
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *const list[] = { bad[i], NULL };
        g_autofree char *why = NULL;

        g_assert_null(storm_choices_parse(list, NULL, &why));
        g_assert_nonnull(why);
    }
    for (i = 0; i < G_N_ELEMENTS(bad_arguments); i++) {
        const char *const list[] = { bad_arguments[i], NULL };
        g_autofree char *why = NULL;

        g_assert_null(storm_choices_parse(lists, list, &why));
        g_assert_nonnull(why);
    }
}

/* The set of the availability table, each once */
static void
test_call_table(void)
{
    const char *const wanted[] = {
        "domstats", "dominfo", "domblkstat", "domifstat", "dommemstat", "domjobinfo", "vcpuinfo",
        "dumpxml", "domblkinfo", "suspend", "migrate-setmaxdowntime", "migrate-setspeed",
        "domjobabort", "set-memory", "qemu-monitor-command", "destroy",
    };
    guint i, n, there = 0;
    const StormCall *table = storm_call_table(&n);

    g_assert_cmpuint(n, ==, G_N_ELEMENTS(wanted));
    for (i = 0; i < n; i++)
        there += strcmp(table[i].name, wanted[i]) == 0;
    g_assert_cmpuint(there, ==, n);
}

static void
test_times(void)
{
    const struct {
        const char *text;
        gint64 ns;
    } good[] = {
        { "7", 7 * STORM_MS }, { "0", 0 }, { "30s", 30 * STORM_S }, { "2h", 7200 * STORM_S },
        { "1.5s", 1500 * STORM_MS }, { "1h30m", 5400 * STORM_S }, { "250ms", 250 * STORM_MS },
        { "3min", 180 * STORM_S }, { "1d", 86400 * STORM_S }, { "10us", 10 * STORM_US },
    };
    const char *const bad[] = { "", "s", "-1", "-1s", "1x", "1s2", "inf", "nan", "1e99s", "1,5s",
                                " 1s", "1 s", "0x10" };
    gint64 ns;
    guint i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(storm_parse_time(good[i].text, STORM_MS, &ns));
        g_assert_cmpint(ns, ==, good[i].ns);
    }
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_false(storm_parse_time(bad[i], STORM_MS, &ns));
    }
}

static bool
parse(const char *line, StormOptions *options)
{
    g_auto(GStrv) argv = NULL;
    g_autofree char **copy = NULL;
    g_autofree char *error = NULL;
    bool ok;
    int argc;

    g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    copy = g_memdup2(argv, (argc + 1) * sizeof(*argv));
    ok = storm_options_parse(argc, copy, options, &error);
    g_assert_true(ok == !error);
    return ok;
}

static void
test_options(void)
{
    const char *const bad[] = {
        "t", "t -u a", "t -u a -d x", "t -u a -s 1", "t -u a -d x -s 1 -m b",
        "t -u a -d x -m b --readonly", "t -d x -s 1 --call migrate-setspeed --readonly",
        "t -d x -s 1 --fail-if dumpxml.p99>1s", "t -d x -s 1 --fail-if downtime>1s",
        "t -d x -s 1 -c 0 --fail-if p99>1s", "t --watch -m b -u a", "t --watch --check -d x",
        "t --compare a", "t --compare a b c", "t -d x -s 1 --interval 1ms", "t -d x -s 1 --warm-up x", "t -d x -m b -r 10001",
        "t -d x -s 1 --keepalive-count 0", "t -d x -s 1 --keepalive-interval -2",
        "t -u a -d x -s -1", "t -u a -d x -s 0", "t -u a -d x -s nan", "t -u a -d x -s 1 -R -1",
        "t -u a -d x -s 1 -R inf", "t -u a -d x -s 1 -c -1", "t -u a -d x -s 1 extra",
        "t -u a -d x -m a", "t -u a -a -m b", "t -u a -d x -s 1 --from b",
        "t -u a -a -s 1 --check", "t -u a -d x -s 1 --call destroy", "t -u a -d x -m b -r 0",
        "t -u a -d x -m b --flags nonsense", "t -u a -d x -m b --param nonsense=1",
    };
    StormOptions options;
    guint i;

    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_false(parse(bad[i], &options));
        storm_options_clear(&options);
    }
    g_assert_true(parse("t -u a -u b -d x -m b --param bandwidth=5", &options));
    g_assert_cmpstr(options.from, ==, "a");
    g_assert_cmpuint(options.flags.flags, ==, VIR_MIGRATE_LIVE | VIR_MIGRATE_PERSIST_DEST);
    g_assert_cmpint(options.params[1].n, ==, 1);
    g_assert_cmpint(options.access, ==, STORM_READ_ONLY);
    storm_options_clear(&options);
    g_assert_true(parse("t -d x -s 1 --call dominfo,migrate-setspeed", &options));
    g_assert_cmpint(options.access, ==, STORM_READ_WRITE);
    g_assert_cmpstr(options.uris[0], ==, "");
    storm_options_clear(&options);
    g_assert_true(parse("t -u a -d x -s 1 --check --query-timeout 7 --call destroy --disturb",
                        &options));
    g_assert_cmpint(options.drain, ==, 7 * STORM_S);
    storm_options_clear(&options);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    g_test_add_func("/flags/flags", test_flags);
    g_test_add_func("/flags/postcopy-after-precopy", test_postcopy_after_precopy);
    g_test_add_func("/flags/params", test_params);
    g_test_add_func("/flags/bad-params", test_bad_params);
    g_test_add_func("/calls/choices", test_choices);
    g_test_add_func("/calls/table", test_call_table);
    g_test_add_func("/times", test_times);
    g_test_add_func("/options", test_options);
    return g_test_run();
}
