/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-call.c: the API calls that can be chosen
 *
 * Nothing here needs a lock; each thread has its own StormAsk.
 */

#include "storm-call.h"
#include "storm-text.h"

#include <libvirt/libvirt-qemu.h>
#include <stdlib.h>
#include <string.h>

/* What libvirt itself sets unless it is told otherwise: no limit */
#define DEFAULT_SPEED_MIB (G_GINT64_CONSTANT(0x7fffffffffffffff) / (1024 * 1024))
#define DEFAULT_DOWNTIME_MS 300
#define DEFAULT_MONITOR_COMMAND "{\"execute\":\"query-status\"}"

#define MAX_VCPUS 512
#define MAX_MEMORY_STATS 32

static int
call_domstats(StormAsk *ask)
{
    virDomainPtr list[] = { ask->domain, NULL };
    virDomainStatsRecordPtr *records = NULL;
    unsigned int flags = ask->nowait ? VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT : 0;
    int n = ask->domain ? virDomainListGetStats(list, 0, &records, flags)
                        : virConnectGetAllDomainStats(ask->conn, 0, &records, flags);

    /* The call leaves out domains that the host does not know. */
    if (ask->domain && n == 0)
        ask->absent = true;
    if (ask->domain && n > 0) {
        ask->off = storm_stats_off(records[0]);
        if (ask->shape)
            ask->problem = storm_shape_check(ask->shape, records[0]);
    }
    if (records)
        virDomainStatsRecordListFree(records);
    return n < 0 ? -1 : 0;
}

static int
call_dominfo(StormAsk *ask)
{
    virDomainInfo info;

    if (virDomainGetInfo(ask->domain, &info) < 0)
        return -1;
    ask->off = info.state == VIR_DOMAIN_SHUTOFF || info.state == VIR_DOMAIN_SHUTDOWN;
    return 0;
}

static int
call_domblkstat(StormAsk *ask)
{
    const char *disk = ask->choice->text ? ask->choice->text : ask->target->disk;
    virDomainBlockStatsStruct stats;

    return virDomainBlockStats(ask->domain, disk, &stats, sizeof(stats));
}

static int
call_domifstat(StormAsk *ask)
{
    const char *name = ask->choice->text ? ask->choice->text : ask->target->interface;
    virDomainInterfaceStatsStruct stats;

    return virDomainInterfaceStats(ask->domain, name, &stats, sizeof(stats));
}

static int
call_dommemstat(StormAsk *ask)
{
    virDomainMemoryStatStruct stats[MAX_MEMORY_STATS];

    return virDomainMemoryStats(ask->domain, stats, MAX_MEMORY_STATS, 0) < 0 ? -1 : 0;
}

static int
call_domjobinfo(StormAsk *ask)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int type;
    int result = virDomainGetJobStats(ask->domain, &type, &params, &nparams, 0);

    virTypedParamsFree(params, nparams);
    return result;
}

static int
call_vcpuinfo(StormAsk *ask)
{
    virVcpuInfo info[MAX_VCPUS];

    return virDomainGetVcpus(ask->domain, info, MAX_VCPUS, NULL, 0) < 0 ? -1 : 0;
}

static int
call_dumpxml(StormAsk *ask)
{
    char *xml = virDomainGetXMLDesc(ask->domain, 0);
    int result = xml ? 0 : -1;

    free(xml);
    return result;
}

static int
call_domblkinfo(StormAsk *ask)
{
    const char *disk = ask->choice->text ? ask->choice->text : ask->target->disk;
    virDomainBlockInfo info;

    return virDomainGetBlockInfo(ask->domain, disk, &info, 0);
}

static int
call_suspend(StormAsk *ask)
{
    return virDomainSuspend(ask->domain);
}

static int
undo_suspend(StormAsk *ask)
{
    return virDomainResume(ask->domain);
}

static int
call_setmaxdowntime(StormAsk *ask)
{
    guint64 ms = ask->choice->text ? ask->choice->number : DEFAULT_DOWNTIME_MS;

    return virDomainMigrateSetMaxDowntime(ask->domain, ms, 0);
}

static int
call_setspeed(StormAsk *ask)
{
    guint64 mib = ask->choice->text ? ask->choice->number : DEFAULT_SPEED_MIB;

    return virDomainMigrateSetMaxSpeed(ask->domain, mib, 0);
}

static int
call_domjobabort(StormAsk *ask)
{
    return virDomainAbortJob(ask->domain);
}

static int
call_set_memory(StormAsk *ask)
{
    guint64 kib = ask->choice->text ? ask->choice->number : ask->target->memory;

    return virDomainSetMemoryFlags(ask->domain, kib, VIR_DOMAIN_AFFECT_LIVE);
}

static int
call_monitor_command(StormAsk *ask)
{
    const char *command = ask->choice->text ? ask->choice->text : DEFAULT_MONITOR_COMMAND;
    char *answer = NULL;
    int result = virDomainQemuMonitorCommand(ask->domain, command, &answer, 0);

    free(answer);
    return result;
}

static int
call_destroy(StormAsk *ask)
{
    return virDomainDestroy(ask->domain);
}

#define DISTURBS (STORM_DISTURBS | STORM_WRITES | STORM_MAY_REFUSE)

static const StormCall table[] = {
    { "domstats", "virDomainListGetStats", STORM_WHOLE_HOST | STORM_TELLS_STATE, NULL,
      call_domstats, NULL },
    { "dominfo", "virDomainGetInfo", STORM_TELLS_STATE, NULL, call_dominfo, NULL },
    { "domblkstat", "virDomainBlockStats", STORM_NEEDS_DISK | STORM_TAKES_TEXT,
      "disk (default: the first)", call_domblkstat, NULL },
    { "domifstat", "virDomainInterfaceStats", STORM_NEEDS_INTERFACE | STORM_TAKES_TEXT,
      "interface (default: the first)", call_domifstat, NULL },
    { "dommemstat", "virDomainMemoryStats", 0, NULL, call_dommemstat, NULL },
    { "domjobinfo", "virDomainGetJobStats", 0, NULL, call_domjobinfo, NULL },
    { "vcpuinfo", "virDomainGetVcpus", 0, NULL, call_vcpuinfo, NULL },
    { "dumpxml", "virDomainGetXMLDesc", 0, NULL, call_dumpxml, NULL },
    { "domblkinfo", "virDomainGetBlockInfo", STORM_NEEDS_DISK | STORM_TAKES_TEXT,
      "disk (default: the first)", call_domblkinfo, NULL },
    { "suspend", "virDomainSuspend", DISTURBS, NULL, call_suspend, undo_suspend },
    { "migrate-setmaxdowntime", "virDomainMigrateSetMaxDowntime",
      STORM_WRITES | STORM_MAY_REFUSE | STORM_TAKES_NUMBER,
      "milliseconds (default 300)", call_setmaxdowntime, NULL },
    { "migrate-setspeed", "virDomainMigrateSetMaxSpeed",
      STORM_WRITES | STORM_MAY_REFUSE | STORM_TAKES_NUMBER,
      "MiB/s (default: no limit)", call_setspeed, NULL },
    { "domjobabort", "virDomainAbortJob", DISTURBS, NULL, call_domjobabort, NULL },
    { "set-memory", "virDomainSetMemoryFlags", DISTURBS | STORM_TAKES_NUMBER,
      "KiB (default: what the domain has)", call_set_memory, NULL },
    { "qemu-monitor-command", "virDomainQemuMonitorCommand", DISTURBS | STORM_TAKES_TEXT,
      "the command (default: query-status)", call_monitor_command, NULL },
    { "destroy", "virDomainDestroy", DISTURBS, NULL, call_destroy, NULL },
};

/* Returns all calls there are, @n of them; static. */
const StormCall *
storm_call_table(guint *n)
{
    *n = G_N_ELEMENTS(table);
    return table;
}

static void
choice_free(gpointer opaque)
{
    StormChoice *choice = opaque;

    g_free(choice->text);
    g_free(choice);
}

static StormChoice *
find_choice(GPtrArray *choices, const char *name)
{
    guint i;

    for (i = 0; i < choices->len; i++) {
        StormChoice *choice = g_ptr_array_index(choices, i);

        if (strcmp(choice->call->name, name) == 0)
            return choice;
    }
    return NULL;
}

/* Adds the call @name. Returns false and a message in @error if that is none,
 * or is there already. */
static bool
add_choice(GPtrArray *choices, const char *name, char **error)
{
    StormChoice *choice;
    guint i;

    if (find_choice(choices, name)) {
        *error = g_strdup_printf(_("the call %s is named twice"), name);
        return false;
    }
    for (i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            choice = g_new0(StormChoice, 1);
            choice->call = &table[i];
            g_ptr_array_add(choices, choice);
            return true;
        }
    }
    *error = g_strdup_printf(_("unknown call %s"), name);
    return false;
}

/* Gives a call its argument, @word being NAME=VALUE. */
static bool
set_argument(GPtrArray *choices, const char *word, char **error)
{
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word, equals - word) : g_strdup(word);
    StormChoice *choice = find_choice(choices, name);

    if (!equals || !equals[1]) {
        *error = g_strdup_printf(_("--call-arg wants NAME=VALUE, not %s"), word);
    } else if (!choice) {
        *error = g_strdup_printf(_("an argument for the call %s, which is not among those chosen"),
                                 name);
    } else if (!(choice->call->flags & (STORM_TAKES_TEXT | STORM_TAKES_NUMBER))) {
        *error = g_strdup_printf(_("the call %s takes no argument"), name);
    } else if (choice->call->flags & STORM_TAKES_NUMBER &&
               !g_ascii_string_to_unsigned(equals + 1, 10, 0, G_MAXLONG, &choice->number, NULL)) {
        *error = g_strdup_printf(_("the call %s takes a number, not %s"), name, equals + 1);
    } else {
        g_free(choice->text);
        choice->text = g_strdup(equals + 1);
        return true;
    }
    return false;
}

/* @lists: lists of names with commas between, or NULL: domstats alone;
 * @arguments: NAME=VALUE each, or NULL; both end with NULL. Returns a new array
 * of StormChoice, in the order of the lists, or NULL and a message in @error. */
GPtrArray *
storm_choices_parse(const char *const *lists, const char *const *arguments, char **error)
{
    g_autoptr(GPtrArray) choices = g_ptr_array_new_with_free_func(choice_free);
    bool ok = true;
    guint i, n;

    for (i = 0; lists && lists[i]; i++) {
        g_auto(GStrv) names = g_strsplit(lists[i], ",", -1);

        for (n = 0; ok && (n == 0 || names[n]); n++)
            ok = add_choice(choices, names[n] ? names[n] : "", error);
    }
    if (!lists)
        ok = add_choice(choices, "domstats", error);
    for (i = 0; ok && arguments && arguments[i]; i++)
        ok = set_argument(choices, arguments[i], error);
    return ok ? g_steal_pointer(&choices) : NULL;
}

/* Returns false and a message in @error if @target has not what the call needs. */
bool
storm_choice_fits(const StormChoice *choice, const StormTarget *target, char **error)
{
    unsigned int flags = choice->call->flags;

    if (choice->text)
        return true;
    if (flags & STORM_NEEDS_DISK && !target->disk)
        *error = g_strdup_printf(_("%s has no disk for %s"), target->name, choice->call->name);
    else if (flags & STORM_NEEDS_INTERFACE && !target->interface)
        *error = g_strdup_printf(_("%s has no network interface for %s (one without a name has "
                                 "no statistics)"), target->name, choice->call->name);
    else
        return true;
    return false;
}
