/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-client.c: threads that query a domain and check each answer
 */

#include "storm.h"

#include <string.h>

/* A client whose host does not know the domain, or whose connection is lost,
 * pauses for this long before it tries again. */
#define RETRY_PAUSE_US (10 * 1000)

/* Different errors that are told apart per host */
#define MAX_ERRORS 100

/* What an answer for an active domain has at least, whatever the host */
static const char *const must_have[] = {
    "state.state", "state.reason", "cpu.time", "balloon.current", "balloon.maximum",
    "balloon.rss", "vcpu.current", "vcpu.maximum", "vcpu.0.state", "vcpu.0.time",
    "block.count", "block.0.name", "block.0.rd.reqs", "block.0.wr.reqs",
    "block.0.fl.reqs", "block.0.capacity",
};

/* What one for a domain that is off has */
static const char *const must_have_off[] = {
    "state.state", "state.reason", "balloon.maximum", "vcpu.maximum", "block.count",
};

/* Fields that say the same all the time */
static const char *const never_changes[] = {
    "balloon.maximum", "vcpu.current", "vcpu.maximum", "net.count", "block.count",
    "block.0.name", "block.0.capacity",
};

char *
storm_last_error(void)
{
    virErrorPtr error = virGetLastError();

    if (!error || error->code == VIR_ERR_OK)
        return g_strdup("no error reported");
    return g_strdup_printf("%s (code %d)", error->message ? error->message : "", error->code);
}

/* Value of a field as text, newly allocated */
static char *
param_text(const virTypedParameter *param)
{
    switch (param->type) {
    case VIR_TYPED_PARAM_INT:
        return g_strdup_printf("%d", param->value.i);
    case VIR_TYPED_PARAM_UINT:
        return g_strdup_printf("%u", param->value.ui);
    case VIR_TYPED_PARAM_LLONG:
        return g_strdup_printf("%lld", param->value.l);
    case VIR_TYPED_PARAM_ULLONG:
        return g_strdup_printf("%llu", param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE:
        return g_strdup_printf("%g", param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN:
        return g_strdup(param->value.b ? "yes" : "no");
    case VIR_TYPED_PARAM_STRING:
        return g_strdup(param->value.s);
    default:
        return g_strdup("?");
    }
}

static const virTypedParameter *
find_field(const virDomainStatsRecord *record, const char *name)
{
    int i;

    for (i = 0; i < record->nparams; i++) {
        if (strcmp(record->params[i].field, name) == 0)
            return &record->params[i];
    }
    return NULL;
}

/* Returns the name of the first of the @n @names that @record lacks, or NULL. */
static const char *
find_missing(const virDomainStatsRecord *record, const char *const *names, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (!find_field(record, names[i]))
            return names[i];
    }
    return NULL;
}

/* Learns what an answer for @domain looks like; it must be running, with
 * nothing else going on. Returns NULL and a message in @error on failure. */
StormShape *
storm_shape_learn(virDomainPtr domain, char **error)
{
    virDomainPtr list[] = { domain, NULL };
    virDomainStatsRecordPtr *records = NULL;
    StormShape *shape = NULL;
    const char *missing;
    int i;

    if (virDomainListGetStats(list, 0, &records, 0) != 1) {
        *error = storm_last_error();
    } else if ((missing = find_missing(records[0], must_have, G_N_ELEMENTS(must_have)))) {
        *error = g_strdup_printf("the idle domain's statistics have no field %s", missing);
    } else {
        shape = g_new0(StormShape, 1);
        shape->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        for (i = 0; i < records[0]->nparams; i++) {
            const virTypedParameter *param = &records[0]->params[i];
            size_t n;
            char *value = NULL;

            for (n = 0; n < G_N_ELEMENTS(never_changes); n++) {
                if (strcmp(param->field, never_changes[n]) == 0)
                    value = param_text(param);
            }
            g_hash_table_insert(shape->fields, g_strdup(param->field), value);
        }
    }
    if (records)
        virDomainStatsRecordListFree(records);
    return shape;
}

void
storm_shape_free(StormShape *shape)
{
    if (!shape)
        return;
    g_hash_table_unref(shape->fields);
    g_free(shape);
}

/* Checks an answer for the active domain. Returns NULL if all is there, or
 * what is wrong, newly allocated. */
static char *
check_active(const StormShape *shape, const virDomainStatsRecord *record)
{
    GString *missing = NULL;
    GHashTableIter iter;
    gpointer name, value;
    char *wrong = NULL;
    guint count = 0;

    g_hash_table_iter_init(&iter, shape->fields);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const virTypedParameter *param = find_field(record, name);

        if (!param) {
            count++;
            if (!missing)
                missing = g_string_new(name);
            continue;
        }
        if (value && !wrong) {
            g_autofree char *text = param_text(param);

            if (g_strcmp0(text, value) != 0)
                wrong = g_strdup_printf("wrong answer: %s is %s, not %s",
                                        (char *)name, text, (char *)value);
        }
    }
    if (missing) {
        /* Of the job timeout's half answers all look alike: name one that
         * always goes first, so that they count as one. */
        const char *first = find_missing(record, must_have, G_N_ELEMENTS(must_have));

        g_free(wrong);
        wrong = g_strdup_printf("incomplete answer: %u of %u fields are missing, %s among them",
                                count, g_hash_table_size(shape->fields),
                                first ? first : missing->str);
        g_string_free(missing, TRUE);
    }
    return wrong;
}

/* Sorts out the answer @record. @problem: set if it is wrong. */
static StormAnswer
judge_record(const StormShape *shape, const virDomainStatsRecord *record, char **problem)
{
    const virTypedParameter *state = find_field(record, "state.state");
    const char *missing;

    if (!state || state->type != VIR_TYPED_PARAM_INT) {
        *problem = g_strdup("incomplete answer: no state.state");
        return STORM_ANSWER_WRONG;
    }
    switch (state->value.i) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_PAUSED:
        *problem = check_active(shape, record);
        return *problem ? STORM_ANSWER_WRONG : STORM_ANSWER_ACTIVE;
    case VIR_DOMAIN_SHUTOFF:
        missing = find_missing(record, must_have_off, G_N_ELEMENTS(must_have_off));
        if (!missing)
            return STORM_ANSWER_OFF;
        *problem = g_strdup_printf("incomplete answer for a domain that is off: no %s", missing);
        return STORM_ANSWER_WRONG;
    default:
        *problem = g_strdup_printf("wrong answer: state.state is %d", state->value.i);
        return STORM_ANSWER_WRONG;
    }
}

/* Sorts out a failed call. A host that does not have the domain, or not any
 * more, may say so; nothing else is to be expected. */
static StormAnswer
judge_error(char **problem)
{
    if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        return STORM_ANSWER_ABSENT;
    *problem = storm_last_error();
    return STORM_ANSWER_WRONG;
}

/* Asks once. @domain: handle, looked up when first needed. */
static StormAnswer
ask(StormHost *host, virConnectPtr conn, virDomainPtr *domain, char **problem)
{
    virDomainPtr list[] = { NULL, NULL };
    virDomainStatsRecordPtr *records = NULL;
    StormAnswer answer;
    int count;

    if (!*domain && !(*domain = virDomainLookupByName(conn, host->domain)))
        return judge_error(problem);

    list[0] = *domain;
    count = virDomainListGetStats(list, 0, &records, 0);
    if (count < 0) {
        answer = judge_error(problem);
    } else if (count == 0) {
        /* the call leaves out domains that the host does not know */
        answer = STORM_ANSWER_ABSENT;
    } else {
        answer = judge_record(host->shape, records[0], problem);
    }
    if (records)
        virDomainStatsRecordListFree(records);
    return answer;
}

static void
read_expect(StormHost *host, StormExpect *expect, guint *serial)
{
    pthread_mutex_lock(&host->lock);
    *expect = host->expect;
    *serial = host->expect_serial;
    pthread_mutex_unlock(&host->lock);
}

static void
stats_add(StormStats *stats, StormAnswer answer, gint64 duration)
{
    stats->count[answer]++;
    stats->total += duration;
    if (duration > stats->slowest)
        stats->slowest = duration;
}

/* Counts an answer, and an error if @problem is not NULL. Frees @problem. */
static void
record_answer(StormHost *host, StormAnswer answer, gint64 duration, char *problem)
{
    pthread_mutex_lock(&host->lock);
    stats_add(&host->stats, answer, duration);
    stats_add(&host->all, answer, duration);
    if (problem) {
        const char *key = problem;
        guint64 *times = g_hash_table_lookup(host->errors, key);

        if (!times && g_hash_table_size(host->errors) >= MAX_ERRORS) {
            key = "other errors";
            times = g_hash_table_lookup(host->errors, key);
        }
        if (!times) {
            times = g_new0(guint64, 1);
            g_hash_table_insert(host->errors, g_strdup(key), times);
        }
        (*times)++;
    }
    pthread_mutex_unlock(&host->lock);
    g_free(problem);
}

static gpointer
client_main(gpointer opaque)
{
    StormClient *client = opaque;
    StormHost *host = client->host;
    virConnectPtr conn = NULL;
    virDomainPtr domain = NULL;

    while (!atomic_load(&client->stop)) {
        StormExpect expect, expect_after;
        guint serial, serial_after;
        StormAnswer answer;
        char *problem = NULL;
        gint64 start, end;

        read_expect(host, &expect, &serial);
        start = g_get_monotonic_time();
        atomic_store(&client->started, start);

        if (!conn && !(conn = virConnectOpen(host->uri))) {
            problem = storm_last_error();
            answer = STORM_ANSWER_WRONG;
        } else {
            answer = ask(host, conn, &domain, &problem);
        }

        end = g_get_monotonic_time();
        read_expect(host, &expect_after, &serial_after);
        if (serial == serial_after) {
            if (expect == STORM_EXPECT_HERE &&
                (answer == STORM_ANSWER_OFF || answer == STORM_ANSWER_ABSENT)) {
                problem = g_strdup("wrong answer: the domain runs, but is said not to");
                answer = STORM_ANSWER_WRONG;
            } else if (expect == STORM_EXPECT_AWAY && answer == STORM_ANSWER_ACTIVE) {
                problem = g_strdup("wrong answer: the domain is off, but is said to run");
                answer = STORM_ANSWER_WRONG;
            }
        }
        record_answer(host, answer, end - start, problem);
        atomic_store(&client->finished, start);
        atomic_store(&client->started, 0);

        if (answer == STORM_ANSWER_WRONG && conn && virConnectIsAlive(conn) != 1) {
            g_clear_pointer(&domain, virDomainFree);
            g_clear_pointer(&conn, virConnectClose);
        }
        if (answer == STORM_ANSWER_ABSENT || answer == STORM_ANSWER_WRONG)
            g_usleep(RETRY_PAUSE_US);
    }
    g_clear_pointer(&domain, virDomainFree);
    g_clear_pointer(&conn, virConnectClose);
    atomic_store(&client->ended, true);
    return NULL;
}

/* Connects to @uri, to learn the host's name. Returns NULL and a message in
 * @error on failure. */
StormHost *
storm_host_new(const char *uri, const char *domain, char **error)
{
    virConnectPtr conn = virConnectOpen(uri);
    StormHost *host;

    if (!conn) {
        *error = storm_last_error();
        return NULL;
    }
    host = g_new0(StormHost, 1);
    host->uri = uri;
    host->domain = domain;
    host->name = virConnectGetHostname(conn);
    host->expect = STORM_EXPECT_ANY;
    host->errors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    host->clients = g_ptr_array_new_with_free_func(g_free);
    pthread_mutex_init(&host->lock, NULL);
    virConnectClose(conn);
    return host;
}

/* Only after storm_host_stop_clients() has returned true */
void
storm_host_free(StormHost *host)
{
    if (!host)
        return;
    g_ptr_array_unref(host->clients);
    g_hash_table_unref(host->errors);
    pthread_mutex_destroy(&host->lock);
    free(host->name);
    g_free(host);
}

/* Queries that lie wholly before the next change of mind are held to @expect. */
void
storm_host_expect(StormHost *host, StormExpect expect)
{
    pthread_mutex_lock(&host->lock);
    host->expect = expect;
    host->expect_serial++;
    pthread_mutex_unlock(&host->lock);
}

/* Returns what has been counted since the last time and starts anew. */
void
storm_host_take_stats(StormHost *host, StormStats *stats)
{
    pthread_mutex_lock(&host->lock);
    *stats = host->stats;
    memset(&host->stats, 0, sizeof(host->stats));
    pthread_mutex_unlock(&host->lock);
}

/* Returns what has been counted since the start. A query that is under way
 * counts as slow as it has been by now. */
void
storm_host_peek_stats(StormHost *host, StormStats *all)
{
    guint i;

    pthread_mutex_lock(&host->lock);
    *all = host->all;
    pthread_mutex_unlock(&host->lock);
    for (i = 0; i < host->clients->len; i++) {
        StormClient *client = g_ptr_array_index(host->clients, i);
        gint64 started = atomic_load(&client->started);

        if (started)
            all->slowest = MAX(all->slowest, g_get_monotonic_time() - started);
    }
}

void
storm_host_start_clients(StormHost *host, guint count)
{
    guint i;

    for (i = 0; i < count; i++) {
        StormClient *client = g_new0(StormClient, 1);

        client->host = host;
        client->number = i + 1;
        g_ptr_array_add(host->clients, client);
        client->thread = g_thread_new("storm-client", client_main, client);
    }
}

/* Tells all clients to stop and waits until they have, or for @timeout.
 * Returns false if one has not; the process can then do no more than exit. */
bool
storm_host_stop_clients(StormHost *host, gint64 timeout)
{
    gint64 deadline = g_get_monotonic_time() + timeout;
    guint i;

    for (i = 0; i < host->clients->len; i++) {
        StormClient *client = g_ptr_array_index(host->clients, i);

        atomic_store(&client->stop, true);
    }
    for (i = 0; i < host->clients->len; i++) {
        StormClient *client = g_ptr_array_index(host->clients, i);

        while (!atomic_load(&client->ended)) {
            if (g_get_monotonic_time() > deadline)
                return false;
            g_usleep(1000);
        }
        if (client->thread)
            g_thread_join(client->thread);
        client->thread = NULL;
    }
    return true;
}

/* Returns a client that has been without an answer for longer than @limit. */
StormClient *
storm_host_find_stuck(StormHost *host, gint64 limit)
{
    guint i;

    for (i = 0; i < host->clients->len; i++) {
        StormClient *client = g_ptr_array_index(host->clients, i);
        gint64 started = atomic_load(&client->started);

        if (started && g_get_monotonic_time() - started > limit)
            return client;
    }
    return NULL;
}

/* True if all clients have had an answer to a query that they sent after
 * @since: none of the queries from before is under way any more. */
bool
storm_host_settled(StormHost *host, gint64 since)
{
    guint i;

    for (i = 0; i < host->clients->len; i++) {
        StormClient *client = g_ptr_array_index(host->clients, i);

        if (atomic_load(&client->finished) < since)
            return false;
    }
    return true;
}
