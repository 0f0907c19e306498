/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-client.c: a host, and the threads that query it
 *
 * Each client is a thread with a connection of its own. Without a rate it sends
 * a query as soon as the one before has ended. With one, queries are due at
 * fixed times; if the client is held up, it sends those that have become due
 * meanwhile one after the other, and each counts from when it was due.
 *
 * When the run ends, queries that were due before still may be sent and
 * answered, for as long as the caller waits; those without an answer then are
 * counted as outstanding by storm_host_join().
 *
 * Locks: the one of the host is over what is expected of answers, the one of a
 * client over what it is doing. Both are taken for moments only, never one
 * inside the other; a recorder's may be taken inside a client's.
 */

#include "storm-client.h"
#include "storm-text.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

/* A client in a tight loop whose host does not know the domain, or whose
 * connection is lost, pauses for so long before it tries again. */
#define RETRY_PAUSE (10 * STORM_MS)

/* How often a client that waits for its time looks whether the run has ended */
#define SLICE (50 * STORM_MS)

typedef struct {
    StormHost *host;
    guint number;               /* from 1 */
    StormSchedule schedule;
    pthread_t thread;
    atomic_bool ended;

    pthread_mutex_t lock;       /* over all that follows */
    guint64 next;               /* number of the next query, or of the one under way */
    bool busy;                  /* one is under way: ... */
    StormSample sample;         /* ... this one, as far as it is known */
    gint64 finished;            /* when the last one that has ended was sent, or 0 */
    bool abandoned;             /* nothing that still comes counts */
} Client;

struct StormHost {
    char *uri;
    char *name;
    const StormLoad *load;
    const GPtrArray *targets;
    StormRecorder *recorder;
    GPtrArray *clients;         /* of Client */
    _Atomic gint64 end;         /* no query that is due then or later is sent */

    pthread_mutex_t lock;       /* over all that follows */
    StormExpect expect;
    guint expect_serial;        /* changes with each change of @expect */
};

/* What a client keeps to itself */
typedef struct {
    virConnectPtr conn;
    virDomainPtr *domains;      /* by target; looked up when first needed */
} Session;

static void
session_close(Session *session, guint targets)
{
    guint i;

    for (i = 0; i < targets; i++)
        g_clear_pointer(&session->domains[i], virDomainFree);
    g_clear_pointer(&session->conn, virConnectClose);
}

static void
read_expect(StormHost *host, StormExpect *expect, guint *serial)
{
    pthread_mutex_lock(&host->lock);
    *expect = host->expect;
    *serial = host->expect_serial;
    pthread_mutex_unlock(&host->lock);
}

/* --- one query --- */

/* Which call query @number makes, and which of the targets it is about. Returns
 * that target, or NULL: all domains of the host at once. */
static const StormTarget *
choose(const Client *client, guint64 number, guint *call, guint *which)
{
    const StormLoad *load = client->host->load;
    const GPtrArray *targets = client->host->targets;
    guint64 turn = number + client->number - 1;
    const StormChoice *choice;

    *call = turn % load->choices->len;
    *which = targets->len ? turn / load->choices->len % targets->len : 0;
    choice = g_ptr_array_index(load->choices, *call);
    if (!targets->len || (load->whole_host && choice->call->flags & STORM_WHOLE_HOST))
        return NULL;
    return g_ptr_array_index(targets, *which);
}

/* Turns libvirt's error of the calling thread into what the query came to. */
static void
take_error(StormSample *sample, char **message)
{
    virErrorPtr error = virGetLastError();

    sample->code = error && error->code ? error->code : VIR_ERR_INTERNAL_ERROR;
    switch (sample->code) {
    case VIR_ERR_NO_DOMAIN:
        sample->outcome = STORM_ABSENT;
        break;
    case VIR_ERR_OPERATION_INVALID:
        sample->outcome = STORM_REFUSED;
        *message = g_strdup(error->message);
        break;
    default:
        sample->outcome = STORM_ERROR;
        *message = g_strdup(error && error->message ? error->message : "no error reported");
    }
}

/* Sets what the answer in @ask comes to. */
static void
take_answer(StormSample *sample, StormAsk *ask, char **message)
{
    if (ask->problem) {
        sample->outcome = STORM_WRONG;
        *message = g_steal_pointer(&ask->problem);
    } else if (ask->absent) {
        sample->outcome = STORM_ABSENT;
    } else {
        sample->outcome = ask->off ? STORM_OFF : STORM_OK;
    }
}

/* Calls libvirt once, connecting first if need be; @handle is where the
 * target's handle is kept. */
static void
ask_once(Client *client, Session *session, virDomainPtr *handle, const StormTarget *target,
         StormSample *sample, char **message)
{
    const StormLoad *load = client->host->load;
    const StormChoice *choice = g_ptr_array_index(load->choices, sample->call);
    StormAsk ask = { .target = target, .choice = choice, .shape = load->shape,
                     .nowait = load->nowait };

    virResetLastError();
    if (!session->conn && !(session->conn = storm_connect(client->host->uri, load->access))) {
        take_error(sample, message);
        return;
    }
    if (target && !*handle && !(*handle = virDomainLookupByUUID(session->conn, target->uuid))) {
        take_error(sample, message);
        return;
    }
    ask.conn = session->conn;
    ask.domain = target ? *handle : NULL;
    if (choice->call->run(&ask) < 0)
        take_error(sample, message);
    else
        take_answer(sample, &ask, message);
    sample->done = storm_now();

    if (choice->call->undo && sample->outcome == STORM_OK && choice->call->undo(&ask) < 0) {
        g_autofree char *why = storm_last_error();

        sample->outcome = STORM_ERROR;
        sample->code = virGetLastErrorCode();
        *message = g_strdup_printf("done, but not undone: %s", why);
    }
    g_free(ask.problem);
}

/* Holds an answer to what is known of the domain's whereabouts. */
static void
check_whereabouts(StormExpect expect, const StormCall *call, StormSample *sample,
                  char **message)
{
    bool here = sample->outcome == STORM_OK;
    bool away = sample->outcome == STORM_OFF || sample->outcome == STORM_ABSENT ||
                (sample->outcome == STORM_REFUSED && !(call->flags & STORM_MAY_REFUSE));
    const char *wrong = NULL;

    if (expect == STORM_EXPECT_HERE && away)
        wrong = "wrong answer: the domain runs, but is said not to";
    if (expect == STORM_EXPECT_AWAY && here && call->flags & STORM_TELLS_STATE)
        wrong = "wrong answer: the domain is off, but is said to run";
    if (wrong) {
        g_free(*message);
        *message = g_strdup(wrong);
        sample->outcome = STORM_WRONG;
    }
}

/* Registers the query @number, complete but for its answer, as under way.
 * Returns false if the client is to end. */
static bool
begin_query(Client *client, guint64 number, const StormSample *sample)
{
    bool go;

    pthread_mutex_lock(&client->lock);
    go = !client->abandoned;
    client->next = number;
    client->busy = go;
    client->sample = *sample;
    pthread_mutex_unlock(&client->lock);
    return go;
}

/* Counts the query, unless it has been given up meanwhile. Returns false then. */
static bool
end_query(Client *client, const StormSample *sample)
{
    bool go;

    pthread_mutex_lock(&client->lock);
    go = !client->abandoned;
    if (go) {
        storm_recorder_add(client->host->recorder, sample);
        client->busy = false;
        client->next++;
        client->finished = sample->sent;
    }
    pthread_mutex_unlock(&client->lock);
    return go;
}

/* Sends query @number, due at @intended (0: now), and records what it comes
 * to. Returns false if the client is to end. */
static bool
query(Client *client, Session *session, guint64 number, gint64 intended)
{
    StormHost *host = client->host;
    StormSample sample = { .client = client->number };
    const StormTarget *target;
    const StormChoice *choice;
    g_autofree char *message = NULL;
    StormExpect expect, expect_after;
    guint serial, serial_after;
    guint which;
    bool go;

    target = choose(client, number, &sample.call, &which);
    choice = g_ptr_array_index(host->load->choices, sample.call);
    sample.domain = target ? target->name : NULL;
    read_expect(host, &expect, &serial);
    sample.sent = storm_now();
    sample.intended = intended ? intended : sample.sent;
    if (!begin_query(client, number, &sample))
        return false;

    ask_once(client, session, &session->domains[which], target, &sample, &message);
    if (!sample.done)
        sample.done = storm_now();
    read_expect(host, &expect_after, &serial_after);
    if (serial == serial_after)
        check_whereabouts(expect, choice->call, &sample, &message);
    sample.message = message;
    go = end_query(client, &sample);

    if (sample.outcome == STORM_ERROR && session->conn && virConnectIsAlive(session->conn) != 1)
        session_close(session, MAX(host->targets->len, 1));
    if (go && !intended && sample.outcome != STORM_OK && sample.outcome != STORM_OFF)
        storm_sleep_until(storm_now() + RETRY_PAUSE);
    return go;
}

/* --- threads --- */

/* Waits until @when. Returns false if the run ends before. */
static bool
wait_until_due(StormHost *host, gint64 when)
{
    for (;;) {
        gint64 now = storm_now();

        if (when >= atomic_load(&host->end))
            return false;
        if (now >= when)
            return true;
        storm_sleep_until(MIN(when, now + SLICE));
    }
}

static void *
client_main(void *opaque)
{
    Client *client = opaque;
    StormHost *host = client->host;
    guint targets = MAX(host->targets->len, 1);
    Session session = { NULL, g_new0(virDomainPtr, targets) };
    guint64 number;

    /* Wake up on time: the default slack is 50 us. */
    prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
    for (number = 0; ; number++) {
        gint64 intended = 0;

        if (client->schedule.rate > 0) {
            intended = storm_schedule_time(&client->schedule, number);
            if (!wait_until_due(host, intended))
                break;
        } else if (storm_now() >= atomic_load(&host->end)) {
            break;
        }
        if (!query(client, &session, number, intended))
            break;
    }
    session_close(&session, targets);
    g_free(session.domains);
    atomic_store(&client->ended, true);
    return NULL;
}

/* --- hosts --- */

/* @targets: of StormTarget; empty: all domains of the host at once. Nothing is
 * copied but @uri and @name; all must outlive the host. Does not connect. */
StormHost *
storm_host_new(const char *uri, const char *name, const StormLoad *load,
               const GPtrArray *targets, StormRecorder *recorder)
{
    StormHost *host = g_new0(StormHost, 1);

    host->uri = g_strdup(uri);
    host->name = g_strdup(name);
    host->load = load;
    host->targets = targets;
    host->recorder = recorder;
    host->clients = g_ptr_array_new();
    host->end = G_MAXINT64;
    host->expect = STORM_EXPECT_ANY;
    pthread_mutex_init(&host->lock, NULL);
    return host;
}

/* Only after storm_host_join() has returned true, or if it was never started;
 * @host may be NULL. */
void
storm_host_free(StormHost *host)
{
    guint i;

    if (!host)
        return;
    for (i = 0; i < host->clients->len; i++) {
        Client *client = g_ptr_array_index(host->clients, i);

        pthread_mutex_destroy(&client->lock);
        g_free(client);
    }
    g_ptr_array_unref(host->clients);
    pthread_mutex_destroy(&host->lock);
    g_free(host->uri);
    g_free(host->name);
    g_free(host);
}

/* Returns the URI of @host, which owns it. */
const char *
storm_host_uri(const StormHost *host)
{
    return host->uri;
}

/* Returns the name of @host, which owns it. */
const char *
storm_host_name(const StormHost *host)
{
    return host->name;
}

/* Returns what the queries to @host are recorded by. */
StormRecorder *
storm_host_recorder(StormHost *host)
{
    return host->recorder;
}

/* Queries that lie wholly between two calls of this are held to what the first
 * of them said. For any thread. */
void
storm_host_expect(StormHost *host, StormExpect expect)
{
    pthread_mutex_lock(&host->lock);
    host->expect = expect;
    host->expect_serial++;
    pthread_mutex_unlock(&host->lock);
}

/* Starts @clients threads; with a rate, queries are due from @start (ns) on.
 * Once per host. Returns false and a message in @error if not all can be
 * started; those that were run until storm_host_end(). */
bool
storm_host_start(StormHost *host, guint clients, gint64 start, char **error)
{
    g_autofree char *why = NULL;
    guint i;

    for (i = 0; i < clients; i++) {
        Client *client = g_new0(Client, 1);

        client->host = host;
        client->number = i + 1;
        client->schedule = storm_schedule_of_client(start, host->load->rate, i, clients);
        pthread_mutex_init(&client->lock, NULL);
        if (!storm_thread_start(&client->thread, client_main, client, &why)) {
            *error = g_strdup_printf(_("%s: client %u of %u: %s"), host->name, i + 1, clients, why);
            pthread_mutex_destroy(&client->lock);
            g_free(client);
            return false;
        }
        g_ptr_array_add(host->clients, client);
    }
    return true;
}

/* Ends the run of this host: nothing that is due at the time @when (ns) or
 * later is sent. Clients end once they have sent what was due before. */
void
storm_host_end(StormHost *host, gint64 when)
{
    atomic_store(&host->end, when);
}

/* Returns whether all clients have ended by themselves. */
bool
storm_host_ended(StormHost *host)
{
    guint i;

    for (i = 0; i < host->clients->len; i++) {
        Client *client = g_ptr_array_index(host->clients, i);

        if (!atomic_load(&client->ended))
            return false;
    }
    return true;
}

/* Counts what the client owes as outstanding, and lets nothing more of it
 * count. */
static void
abandon(Client *client, gint64 now)
{
    StormHost *host = client->host;
    guint64 due;

    pthread_mutex_lock(&client->lock);
    client->abandoned = true;
    if (client->busy) {
        client->sample.done = now;
        client->sample.outcome = STORM_OUTSTANDING;
        storm_recorder_add(host->recorder, &client->sample);
        client->next++;
    }
    due = storm_schedule_due(&client->schedule, MIN(atomic_load(&host->end), now));
    for (; client->next < due; client->next++) {
        StormSample sample = {
            .client = client->number, .done = now, .outcome = STORM_OUTSTANDING,
            .intended = storm_schedule_time(&client->schedule, client->next),
        };
        const StormTarget *target;
        guint which;

        target = choose(client, client->next, &sample.call, &which);
        sample.domain = target ? target->name : NULL;
        storm_recorder_add(host->recorder, &sample);
    }
    pthread_mutex_unlock(&client->lock);
}

/* To be called after storm_host_end(), once, when no more time is to be given:
 * counts every query that was due and has no answer as outstanding. Returns
 * true if all threads have ended; if not, one is inside libvirt, the host must
 * not be freed, and the process can do no more than exit. */
bool
storm_host_join(StormHost *host)
{
    gint64 now = storm_now();
    bool all = true;
    guint i;

    for (i = 0; i < host->clients->len; i++) {
        Client *client = g_ptr_array_index(host->clients, i);

        if (atomic_load(&client->ended)) {
            pthread_join(client->thread, NULL);
        } else {
            abandon(client, now);
            all = false;
        }
    }
    return all;
}

/* Stores how many queries are due and without an answer at the moment. */
void
storm_host_pending(StormHost *host, StormPending *pending)
{
    gint64 now = storm_now();
    guint i;

    memset(pending, 0, sizeof(*pending));
    for (i = 0; i < host->clients->len; i++) {
        Client *client = g_ptr_array_index(host->clients, i);
        gint64 since = 0;
        guint64 due;

        pthread_mutex_lock(&client->lock);
        due = storm_schedule_due(&client->schedule, MIN(now, atomic_load(&host->end)));
        if (client->busy && client->sample.intended) {
            since = client->sample.intended;
            pending->pending++;
            pending->pending += due > client->next + 1 ? due - client->next - 1 : 0;
        }
        pthread_mutex_unlock(&client->lock);
        if (since && (!pending->oldest || since < pending->oldest)) {
            pending->oldest = since;
            pending->client = client->number;
        }
    }
}

/* Returns true if nothing that was due before @since (ns) is without an answer
 * and, in tight loops, each client has had an answer to a query sent since. */
bool
storm_host_settled(StormHost *host, gint64 since)
{
    bool settled = true;
    guint i;

    for (i = 0; settled && i < host->clients->len; i++) {
        Client *client = g_ptr_array_index(host->clients, i);

        pthread_mutex_lock(&client->lock);
        if (client->schedule.rate > 0)
            settled = storm_schedule_time(&client->schedule, client->next) >= since;
        else
            settled = client->finished >= since;
        pthread_mutex_unlock(&client->lock);
    }
    return settled;
}
