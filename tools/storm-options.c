/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-options.c: what the user asks for
 *
 * Nothing here needs a lock.
 */

#include "storm-options.h"
#include "storm-text.h"

#include <math.h>
#include <string.h>

static const char *const summary =
    N_("Calls libvirt's API from many clients at once, in tight loops or at a fixed rate,\n"
    "records how long each call takes and what it comes to, and can migrate the domain\n"
    "back and forth meanwhile, measuring the downtime.");

static const char *const examples =
    N_("Examples:\n"
    "  Query a domain's statistics from 8 clients for half a minute:\n"
    "    virt-jobstorm --uri qemu:///system --domain vm1 --clients 8 --duration 30s\n"
    "  Mixed monitoring of all domains, ten queries a second, for plots:\n"
    "    virt-jobstorm --uri qemu:///system --all-domains --call domstats,domblkinfo \\\n"
    "        --rate 10 --duration 1m --timeline queries.csv --json result.json\n"
    "  Ten migrations there and back, with 4 clients on each of the two hosts:\n"
    "    virt-jobstorm --uri qemu+ssh://a/system --uri qemu+ssh://b/system --domain vm1 \\\n"
    "        --migrate qemu+ssh://b/system --rounds 10 --clients 4\n"
    "  One peer-to-peer migration with copied storage, and nobody who queries:\n"
    "    virt-jobstorm --uri qemu+ssh://a/system --domain vm1 --clients 0 --rounds 1 \\\n"
    "        --migrate qemu+ssh://b/system --flags live,p2p,persistent,copy-storage-all\n"
    "\n"
    "Exit status:\n"
    "  0  it ran to its end\n"
    "  1  something went wrong: a migration failed, no query to a host was answered, a\n"
    "     file could not be written, or --check found a fault\n"
    "  2  it could not begin: the options, the hosts or the domain will not do\n"
    "  3  it was interrupted; the results so far are complete\n");

/* Options of GOption that store to @o */
static GOptionContext *
make_context(StormOptions *o)
{
    const GOptionEntry load[] = {
        { "uri", 'u', 0, G_OPTION_ARG_STRING_ARRAY, &o->uris,
          N_("Host to query; may be given several times (default: libvirt's default)"), "URI" },
        { "readonly", 0, 0, G_OPTION_ARG_NONE, &o->read_only,
          N_("Refuse calls and migrations that need more than a read-only connection"), NULL },
        { "keepalive-interval", 0, 0, G_OPTION_ARG_INT, &o->keepalive_interval,
          N_("Seconds between two messages that keep a connection alive, 0 for none (default 5)"),
          "N" },
        { "keepalive-count", 0, 0, G_OPTION_ARG_INT, &o->keepalive_count,
          N_("Messages without an answer after which a connection is given up (default 6)"), "N" },
        { "domain", 'd', 0, G_OPTION_ARG_STRING, &o->domain,
          N_("Domain to query, and to migrate"), "NAME" },
        { "all-domains", 'a', 0, G_OPTION_ARG_NONE, &o->all,
          N_("Query all active domains: domstats of the whole host at once, the other calls "
          "one domain after the other"), NULL },
        { "clients", 'c', 0, G_OPTION_ARG_INT, &o->clients,
          N_("Clients per host, each with its own connection (default 1)"), "N" },
        { "call", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->calls,
          N_("Calls to make in turn (default domstats; see --list-calls)"), "LIST" },
        { "call-arg", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->call_args,
          N_("Argument of a call, such as migrate-setspeed=100"), "CALL=VALUE" },
        { "nowait", 0, 0, G_OPTION_ARG_NONE, &o->nowait,
          N_("Let domstats leave out what it would have to wait for"), NULL },
        { "disturb", 0, 0, G_OPTION_ARG_NONE, &o->disturb,
          N_("Allow calls that stop, end or change what the domain does"), NULL },
        { "rate", 'R', 0, G_OPTION_ARG_DOUBLE, &o->rate,
          N_("Queries per second of each client; latency then counts from when a query was due "
          "(default: tight loops)"), "N" },
        { "duration", 's', 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_DURATION],
          N_("Query for this long, such as 30s or 2h, without a migration"), "TIME" },
        { "seconds", 0, 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_SECONDS],
          N_("The same"), "TIME" },
        { "warm-up", 0, 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_WARM_UP],
          N_("Query for this long first, which does not count (default 0)"), "TIME" },
        { "query-timeout", 0, 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_QUERY_TIMEOUT],
          N_("Time after which a query counts as late (default 60s)"), "TIME" },
        { "drain", 0, 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_DRAIN],
          N_("How long to wait at the end for answers (default 5s, with --check that of "
          "--query-timeout); queries without one then are outstanding"), "TIME" },
        { "check", 0, 0, G_OPTION_ARG_NONE, &o->check,
          N_("Hold every answer to what the domain's whereabouts allow; any error, and a query "
          "without an answer for --query-timeout, is a fault"), NULL },
        { NULL }
    };
    const GOptionEntry migration[] = {
        { "migrate", 'm', 0, G_OPTION_ARG_STRING, &o->migrate,
          N_("Migrate the domain to this host meanwhile, and back in turn"), "DESTURI" },
        { "watch", 'w', 0, G_OPTION_ARG_NONE, &o->watch,
          N_("Report the migrations that others start on the hosts, of --domain or of all"), NULL },
        { "from", 0, 0, G_OPTION_ARG_STRING, &o->from,
          N_("Host that it comes from (default: the first --uri)"), "URI" },
        { "rounds", 'r', 0, G_OPTION_ARG_INT, &o->rounds,
          N_("Number of migrations, there and back in turn (default 2; with --watch, no "
             "limit)"), "N" },
        { "flags", 'f', 0, G_OPTION_ARG_STRING, &o->flag_list,
          N_("Migration flags, named as virsh names them (default live,persistent)"), "LIST" },
        { "param", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &o->param_words[0],
          N_("Parameter, named as virsh names it, such as bandwidth=100"), "NAME=VALUE" },
        { "param-back", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->param_words[1],
          N_("Parameter of the way back (default: those of --param)"), "NAME=VALUE" },
        { "pause", 0, 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_PAUSE],
          N_("Time between two migrations (default 500ms)"), "TIME" },
        { "round-timeout", 0, 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_ROUND_TIMEOUT],
          N_("Time after which a migration is aborted, a fault (default 300s)"), "TIME" },
        { "heartbeat", 0, 0, G_OPTION_ARG_FILENAME, &o->heartbeat,
          N_("File, FIFO or terminal to which the guest writes a line at regular intervals"),
          "FILE" },
        { "heartbeat-prefix", 0, 0, G_OPTION_ARG_STRING, &o->heartbeat_prefix,
          N_("How such lines begin (default heartbeat)"), "TEXT" },
        { NULL }
    };
    const GOptionEntry output[] = {
        { "fail-if", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->gate_words,
          N_("Have the run fail under this condition, such as p99>100ms, dumpxml.max>1s, errors>1%, "
          "downtime>300ms; may be given several times"), "CONDITION" },
        { "max-errors", 0, 0, G_OPTION_ARG_INT64, &o->max_errors,
          N_("End the run, as failed, at more than N errors and wrong answers"), "N" },
        { "json", 'j', 0, G_OPTION_ARG_FILENAME, &o->json,
          N_("Write the results to FILE, - being standard output; the tables then go to "
             "standard error"),
          "FILE" },
        { "compare", 0, 0, G_OPTION_ARG_NONE, &o->compare,
          N_("Make no run: compare the results in two files, A.json and B.json"), NULL },
        { "timeline", 't', 0, G_OPTION_ARG_FILENAME, &o->timeline,
          N_("Write a row of comma-separated values for each query to FILE"), "FILE" },
        { "interval-log", 0, 0, G_OPTION_ARG_FILENAME, &o->interval_log,
          N_("Write a row of comma-separated values for each interval and host to FILE"), "FILE" },
        { "hdr-log", 0, 0, G_OPTION_ARG_FILENAME, &o->hdr_log,
          N_("Write a histogram for each interval and host to FILE, in HdrHistogram's log format"),
          "FILE" },
        { "interval", 0, 0, G_OPTION_ARG_STRING, &o->times[STORM_TIME_INTERVAL],
          N_("Length of an interval (default 1s)"), "TIME" },
        { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet, N_("Show no progress"), NULL },
        { "list-calls", 0, 0, G_OPTION_ARG_NONE, &o->list_calls, N_("List the calls"), NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &o->version, N_("Show the version"), NULL },
        { NULL }
    };
    GOptionContext *context = g_option_context_new(_("- load libvirt's API, and record it"));
    g_autofree char *flags = storm_flags_names();
    g_autofree char *params = storm_params_names();
    g_autofree char *gates = storm_gates_names();
    g_autofree char *description = g_strdup_printf(_("Conditions of --fail-if are about: %s\n\n"
                                                     "Migration flags: %s\n\n"
                                                     "Migration parameters: %s\n\n%s"),
                                                   gates, flags, params, _(examples));

    g_option_context_set_summary(context, _(summary));
    g_option_context_set_description(context, description);
    g_option_context_add_main_entries(context, load, GETTEXT_PACKAGE);
    g_option_context_add_main_entries(context, migration, GETTEXT_PACKAGE);
    g_option_context_add_main_entries(context, output, GETTEXT_PACKAGE);
    return context;
}

static char *
check_numbers(const StormOptions *o)
{
    if (o->clients < 0 || o->clients > 10000)
        return g_strdup(_("--clients takes a number from 0 to 10000"));
    if (!isfinite(o->rate) || o->rate < 0 || o->rate > 1e6)
        return g_strdup(_("--rate takes a number up to a million, or 0 for tight loops"));
    if (o->keepalive_interval < -1 || o->keepalive_count < -1 || o->keepalive_count == 0)
        return g_strdup(_("--keepalive-interval takes seconds, or 0, --keepalive-count a number"));
    if (o->max_errors < -1)
        return g_strdup(_("--max-errors takes a number"));
    if ((o->rounds < 1 && o->rounds != -1) || o->rounds > STORM_MAX_ROUNDS)
        return g_strdup_printf(_("--rounds takes a number from 1 to %d"), STORM_MAX_ROUNDS);
    return NULL;
}

/* Reads the durations among the options. Returns a message if one is none. */
static char *
parse_times(StormOptions *o)
{
    const struct {
        const char *name;
        gint64 *ns;
        gint64 least;
        gint64 unit;        /* of a number without one */
    } times[STORM_TIME_LAST] = {
        [STORM_TIME_DURATION] = { "duration", &o->duration, STORM_MS, STORM_S },
        [STORM_TIME_SECONDS] = { "seconds", &o->duration, STORM_MS, STORM_S },
        [STORM_TIME_WARM_UP] = { "warm-up", &o->warm_up, 0, STORM_S },
        [STORM_TIME_DRAIN] = { "drain", &o->drain, 0, STORM_S },
        [STORM_TIME_QUERY_TIMEOUT] = { "query-timeout", &o->query_timeout, STORM_MS, STORM_S },
        [STORM_TIME_PAUSE] = { "pause", &o->pause, 0, STORM_MS },
        [STORM_TIME_ROUND_TIMEOUT] = { "round-timeout", &o->round_timeout, STORM_S, STORM_S },
        [STORM_TIME_INTERVAL] = { "interval", &o->interval, 100 * STORM_MS, STORM_S },
    };
    guint i;

    for (i = 0; i < STORM_TIME_LAST; i++) {
        g_autofree char *least = storm_format_time(times[i].least);

        if (!o->times[i])
            continue;
        if (!storm_parse_time(o->times[i], times[i].unit, times[i].ns))
            return g_strdup_printf(_("--%s takes a time, such as 30s or 2h, not %s"), times[i].name,
                                   o->times[i]);
        if (*times[i].ns < times[i].least)
            return g_strdup_printf(_("--%s takes %s at least"), times[i].name, least);
    }
    return NULL;
}

/* Checks that the options are all there and go together. Returns a message if
 * not. */
static char *
check_together(const StormOptions *o)
{
    if (!o->domain && !o->all && !o->watch)
        return g_strdup(_("--domain or --all-domains is needed"));
    if (o->watch && (o->migrate || o->check || o->heartbeat))
        return g_strdup(_("--watch does not go with --migrate, --check and --heartbeat"));
    if (!o->watch && !o->migrate == !o->duration)
        return g_strdup(_("one of --migrate, --watch and --duration is needed"));
    if (o->migrate && !o->domain)
        return g_strdup(_("--migrate needs --domain"));
    if (o->migrate && o->read_only)
        return g_strdup(_("--migrate needs more than --readonly"));
    if (o->from && !o->migrate)
        return g_strdup(_("--from needs --migrate"));
    if (o->check && o->all)
        return g_strdup(_("--check is about one --domain"));
    if (o->check && o->nowait)
        return g_strdup(_("--check wants all that --nowait leaves out"));
    if (o->migrate && g_strcmp0(o->migrate, o->from ? o->from : o->uris ? o->uris[0] : NULL) == 0)
        return g_strdup(_("the migration goes where it comes from"));
    return NULL;
}

/* Returns false and a message in @error if nothing will be measured for @gate. */
static bool
gate_fits(const StormOptions *o, const StormGate *gate, char **error)
{
    bool found = !gate->call;
    guint i;

    for (i = 0; i < o->choices->len; i++)
        found |= g_strcmp0(((StormChoice *)g_ptr_array_index(o->choices, i))->call->name,
                           gate->call) == 0;
    if (!found)
        *error = g_strdup_printf(_("%s: the call %s is not among those chosen"), gate->text,
                                 gate->call);
    else if (gate->kind >= STORM_GATE_MIGRATION && !o->migrate && !o->watch)
        *error = g_strdup_printf(_("%s: there is no migration"), gate->text);
    else if (gate->kind < STORM_GATE_MIGRATION && !o->clients)
        *error = g_strdup_printf(_("%s: there is no query"), gate->text);
    return !*error;
}

/* Sets what the lists of words among the options mean. */
static bool
parse_words(StormOptions *o, char **error)
{
    const char *const *back = (const char *const *)o->param_words[o->param_words[1] ? 1 : 0];
    bool stats = false;
    guint i;

    o->choices = storm_choices_parse((const char *const *)o->calls,
                                     (const char *const *)o->call_args, error);
    if (!o->choices)
        return false;
    for (i = 0; i < o->choices->len; i++) {
        const StormChoice *choice = g_ptr_array_index(o->choices, i);

        if (choice->call->flags & STORM_DISTURBS && !o->disturb) {
            *error = g_strdup_printf(_("the call %s disturbs the domain; --disturb allows it"),
                                     choice->call->name);
            return false;
        }
        if (choice->call->flags & STORM_WRITES && o->read_only) {
            *error = g_strdup_printf(_("the call %s needs more than --readonly"),
                                     choice->call->name);
            return false;
        }
        if (choice->call->flags & STORM_WRITES)
            o->access = STORM_READ_WRITE;
        stats |= strcmp(choice->call->name, "domstats") == 0;
    }
    if (o->nowait && !stats) {
        *error = g_strdup(_("--nowait is for the call domstats"));
        return false;
    }
    o->gates = storm_gates_parse((const char *const *)o->gate_words, error);
    if (!o->gates)
        return false;
    for (i = 0; i < o->gates->len; i++) {
        if (!gate_fits(o, g_ptr_array_index(o->gates, i), error))
            return false;
    }
    return storm_flags_parse(o->flag_list ? o->flag_list : "live,persistent", &o->flags, error) &&
           storm_params_parse((const char *const *)o->param_words[0], &o->params[0], error) &&
           storm_params_parse(back, &o->params[1], error);
}

static bool
take_files(StormOptions *options, char **argv)
{
    guint i;

    for (i = 0; i < G_N_ELEMENTS(options->files); i++)
        options->files[i] = g_strdup(argv[i + 1]);
    return true;
}

/* Fills @options, to be cleared with storm_options_clear() even on failure.
 * After virInitialize(), as parameters of migrations are libvirt's. Ends the
 * process for --help. Returns false and a message in @error if the options will
 * not do. */
bool
storm_options_parse(int argc, char **argv, StormOptions *options, char **error)
{
    g_autoptr(GOptionContext) context = NULL;
    g_autoptr(GError) gerror = NULL;

    memset(options, 0, sizeof(*options));
    options->clients = 1;
    options->pause = 500 * STORM_MS;
    options->query_timeout = 60 * STORM_S;
    options->round_timeout = 300 * STORM_S;
    options->interval = STORM_S;
    options->drain = -1;
    options->max_errors = -1;
    options->keepalive_interval = options->keepalive_count = options->rounds = -1;
    context = make_context(options);
    if (!g_option_context_parse(context, &argc, &argv, &gerror))
        *error = g_strdup(gerror->message);
    else if (options->compare && argc != 3)
        *error = g_strdup(_("--compare wants two files"));
    else if (options->compare)
        return take_files(options, argv);
    else if (argc > 1)
        *error = g_strdup_printf(_("unexpected argument %s"), argv[1]);
    else if (options->version || options->list_calls)
        return true;
    else if (!(*error = parse_times(options)) && !(*error = check_together(options)) &&
             !(*error = check_numbers(options)))
        parse_words(options, error);
    if (*error)
        return false;
    if (options->rounds < 0)
        options->rounds = options->watch ? 0 : 2;
    options->all |= options->watch && !options->domain;
    if (!options->uris) {
        options->uris = g_new0(char *, 2);
        options->uris[0] = g_strdup("");
    } else if (options->migrate && !options->from) {
        options->from = g_strdup(options->uris[0]);
    }
    if (!options->heartbeat_prefix)
        options->heartbeat_prefix = g_strdup("heartbeat");
    if (options->drain < 0)
        options->drain = options->check ? options->query_timeout : 5 * STORM_S;
    return true;
}

/* Frees what @options holds. */
void
storm_options_clear(StormOptions *options)
{
    guint i;

    for (i = 0; i < G_N_ELEMENTS(options->params); i++) {
        g_strfreev(options->param_words[i]);
        storm_params_clear(&options->params[i]);
    }
    g_clear_pointer(&options->choices, g_ptr_array_unref);
    g_clear_pointer(&options->gates, g_ptr_array_unref);
    g_strfreev(options->gate_words);
    g_strfreev(options->uris);
    g_strfreev(options->calls);
    g_strfreev(options->call_args);
    g_free(options->domain);
    g_free(options->migrate);
    g_free(options->from);
    g_free(options->flag_list);
    g_free(options->heartbeat);
    g_free(options->heartbeat_prefix);
    for (i = 0; i < G_N_ELEMENTS(options->files); i++)
        g_free(options->files[i]);
    g_free(options->json);
    g_free(options->timeline);
    g_free(options->interval_log);
    g_free(options->hdr_log);
    for (i = 0; i < STORM_TIME_LAST; i++)
        g_free(options->times[i]);
    memset(options, 0, sizeof(*options));
}
