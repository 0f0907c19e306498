/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-record.c: what the queries to one host came to
 *
 * A recorder has a lock of its own: all its functions may be called by any
 * thread, with any lock held but that one.
 */

#include "storm-record.h"
#include "storm-text.h"

#include <errno.h>
#include <string.h>

/* Different messages that are told apart per host; codes are always counted. */
#define MAX_MESSAGES 100

struct StormTimeline {
    FILE *file;
    gint64 start;
};

/* Counts and latencies of one call over some time */
typedef struct {
    guint64 count[STORM_OUTCOME_LAST];
    guint64 unsent;
    guint64 timeouts;
    guint64 late;
    StormHist *answered;
    StormHist *failed;
} Tally;

struct StormSpan {
    StormRecorder *recorder;
    Tally tally;            /* under the recorder's lock */
};

struct StormRecorder {
    char *host;
    const char *const *calls;
    guint ncalls;
    gint64 late;
    StormTimeline *timeline;
    pthread_mutex_t lock;   /* over all that follows */
    gint64 begin;           /* what was due before does not count */
    Tally *tallies;         /* by call, since the start */
    GPtrArray *spans;       /* of StormSpan */
    GHashTable *errors;     /* text -> StormErrorCount, which owns the text */
    GArray *codes;          /* of StormCodeCount */
};

/* Returns the name of @outcome in reports and files; static. */
const char *
storm_outcome_name(StormOutcome outcome)
{
    static const char *const names[] = {
        "ok", "off", "absent", "refused", "error", "wrong", "outstanding",
    };

    G_STATIC_ASSERT(G_N_ELEMENTS(names) == STORM_OUTCOME_LAST);
    return names[outcome];
}

/* --- timeline --- */

/* Creates the file @path, to which one row is written for each query. Returns
 * NULL and a message in @error on failure. */
StormTimeline *
storm_timeline_new(const char *path, char **error)
{
    FILE *file = fopen(path, "we");
    StormTimeline *timeline;

    if (!file) {
        *error = g_strdup_printf("%s: %s", path, g_strerror(errno));
        return NULL;
    }
    timeline = g_new0(StormTimeline, 1);
    timeline->file = file;
    fprintf(file, "intended_s,sent_s,latency_us,service_us,host,client,call,domain,outcome,code\n");
    return timeline;
}

/* Times in the rows are relative to @start (ns). Before any query. */
void
storm_timeline_start(StormTimeline *timeline, gint64 start)
{
    timeline->start = start;
}

/* Writes one row; stdio's own lock keeps rows apart. Names of hosts and
 * domains have no comma but where somebody wants trouble. */
static void
timeline_add(StormTimeline *timeline, const char *host, const char *call,
             const StormSample *sample)
{
    g_autofree char *domain = g_strdelimit(g_strdup(sample->domain ? sample->domain : "*"),
                                           ",\"\n", '_');
    char sent[32] = "";
    char service[32] = "";

    if (sample->sent) {
        g_snprintf(sent, sizeof(sent), "%.6f", (sample->sent - timeline->start) / 1e9);
        g_snprintf(service, sizeof(service), "%.1f", (sample->done - sample->sent) / 1e3);
    }
    fprintf(timeline->file, "%.6f,%s,%.1f,%s,%s,%u,%s,%s,%s,%d\n",
            (sample->intended - timeline->start) / 1e9, sent,
            (sample->done - sample->intended) / 1e3, service, host, sample->client, call,
            domain, storm_outcome_name(sample->outcome), sample->code);
}

/* Closes the file and frees @timeline, which no recorder may use any more.
 * Returns false and a message in @error if not all could be written. */
bool
storm_timeline_close(StormTimeline *timeline, char **error)
{
    bool ok = !ferror(timeline->file);

    errno = 0;
    if (fclose(timeline->file) != 0 || !ok) {
        *error = g_strdup_printf(_("cannot write the timeline: %s"),
                                 errno ? g_strerror(errno) : _("some rows are missing"));
        ok = false;
    }
    g_free(timeline);
    return ok;
}

/* --- recorder --- */

static void
error_count_free(gpointer opaque)
{
    StormErrorCount *error = opaque;

    g_free(error->message);
    g_free(error);
}

static void
tally_init(Tally *tally)
{
    tally->answered = storm_hist_new();
    tally->failed = storm_hist_new();
}

static void
tally_clear(Tally *tally)
{
    storm_hist_free(tally->answered);
    storm_hist_free(tally->failed);
}

static void
tally_reset(Tally *tally)
{
    memset(tally->count, 0, sizeof(tally->count));
    tally->unsent = tally->timeouts = tally->late = 0;
    storm_hist_reset(tally->answered);
    storm_hist_reset(tally->failed);
}

static Tally *
tallies_new(guint n)
{
    Tally *tallies = g_new0(Tally, n);
    guint i;

    for (i = 0; i < n; i++)
        tally_init(&tallies[i]);
    return tallies;
}

static void
tallies_free(Tally *tallies, guint n)
{
    guint i;

    for (i = 0; i < n; i++)
        tally_clear(&tallies[i]);
    g_free(tallies);
}

/* @host: its name; @calls: names of the @ncalls calls, which must outlive the
 * recorder; @late: latency (ns) above which a query counts as late; @timeline:
 * where to write each query, or NULL. */
StormRecorder *
storm_recorder_new(const char *host, const char *const *calls, guint ncalls, gint64 late,
                   StormTimeline *timeline)
{
    StormRecorder *recorder = g_new0(StormRecorder, 1);

    recorder->host = g_strdelimit(g_strdup(host), ",\"\n", '_');
    recorder->calls = calls;
    recorder->ncalls = ncalls;
    recorder->late = late;
    recorder->timeline = timeline;
    pthread_mutex_init(&recorder->lock, NULL);
    recorder->tallies = tallies_new(ncalls);
    recorder->spans = g_ptr_array_new();
    recorder->errors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, error_count_free);
    recorder->codes = g_array_new(FALSE, FALSE, sizeof(StormCodeCount));
    return recorder;
}

/* No thread may use @recorder any more; it may be NULL. */
void
storm_recorder_free(StormRecorder *recorder)
{
    if (!recorder)
        return;
    tallies_free(recorder->tallies, recorder->ncalls);
    g_ptr_array_unref(recorder->spans);
    g_hash_table_unref(recorder->errors);
    g_array_unref(recorder->codes);
    pthread_mutex_destroy(&recorder->lock);
    g_free(recorder->host);
    g_free(recorder);
}

static bool
is_answered(StormOutcome outcome)
{
    return outcome == STORM_OK || outcome == STORM_OFF || outcome == STORM_WRONG ||
           outcome == STORM_OUTSTANDING;
}

static void
tally_add(Tally *tally, const StormSample *sample, gint64 late)
{
    gint64 latency = sample->done - sample->intended;

    tally->count[sample->outcome]++;
    if (sample->outcome == STORM_OUTSTANDING && !sample->sent)
        tally->unsent++;
    if (sample->code == VIR_ERR_OPERATION_TIMEOUT)
        tally->timeouts++;
    if (latency > late)
        tally->late++;
    storm_hist_add(is_answered(sample->outcome) ? tally->answered : tally->failed, latency);
}

/* Called with the lock held */
static void
count_code(StormRecorder *recorder, int code)
{
    StormCodeCount first = { code, 1 };
    guint i;

    for (i = 0; i < recorder->codes->len; i++) {
        StormCodeCount *seen = &g_array_index(recorder->codes, StormCodeCount, i);

        if (seen->code == code) {
            seen->count++;
            return;
        }
    }
    g_array_append_val(recorder->codes, first);
}

/* Called with the lock held */
static void
count_message(StormRecorder *recorder, const StormSample *sample)
{
    const char *message = sample->message;
    g_autofree char *key = g_strdup_printf("%u %d %s", sample->call, sample->code, message);
    StormErrorCount *error = g_hash_table_lookup(recorder->errors, key);

    if (!error && g_hash_table_size(recorder->errors) >= MAX_MESSAGES) {
        message = "other messages";
        g_free(key);
        key = g_strdup_printf("%u %d %s", sample->call, sample->code, message);
        error = g_hash_table_lookup(recorder->errors, key);
    }
    if (!error) {
        error = g_new0(StormErrorCount, 1);
        error->call = sample->call;
        error->code = sample->code;
        error->message = g_strdup(message);
        g_hash_table_insert(recorder->errors, g_steal_pointer(&key), error);
    }
    error->count++;
}

/* Counts the query @sample, of which nothing is kept by reference, unless it was
 * due before the recorder begins. */
void
storm_recorder_add(StormRecorder *recorder, const StormSample *sample)
{
    guint i;

    if (sample->intended < recorder->begin)
        return;
    pthread_mutex_lock(&recorder->lock);
    tally_add(&recorder->tallies[sample->call], sample, recorder->late);
    for (i = 0; i < recorder->spans->len; i++) {
        StormSpan *span = g_ptr_array_index(recorder->spans, i);

        tally_add(&span->tally, sample, recorder->late);
    }
    if (sample->code)
        count_code(recorder, sample->code);
    if (sample->message)
        count_message(recorder, sample);
    pthread_mutex_unlock(&recorder->lock);
    if (recorder->timeline)
        timeline_add(recorder->timeline, recorder->host, recorder->calls[sample->call], sample);
}

/* Queries that are due before @begin (ns) do not count. Before any query. */
void
storm_recorder_begin(StormRecorder *recorder, gint64 begin)
{
    recorder->begin = begin;
}

/* Returns how many queries had an error or a wrong answer since the start. */
guint64
storm_recorder_bad(StormRecorder *recorder)
{
    guint64 bad = 0;
    guint i;

    pthread_mutex_lock(&recorder->lock);
    for (i = 0; i < recorder->ncalls; i++)
        bad += recorder->tallies[i].count[STORM_ERROR] + recorder->tallies[i].count[STORM_WRONG];
    pthread_mutex_unlock(&recorder->lock);
    return bad;
}

static void
read_latency(const StormHist *hist, StormLatency *latency)
{
    latency->count = storm_hist_count(hist);
    latency->over = storm_hist_over(hist);
    latency->min = storm_hist_min(hist);
    latency->p50 = storm_hist_percentile(hist, 50);
    latency->p90 = storm_hist_percentile(hist, 90);
    latency->p99 = storm_hist_percentile(hist, 99);
    latency->p999 = storm_hist_percentile(hist, 99.9);
    latency->max = storm_hist_max(hist);
    latency->mean = storm_hist_mean(hist);
}

/* Adds the counts of @tally to @summary, its latencies to @answered and @all. */
static void
add_tally(const Tally *tally, StormSummary *summary, StormHist *answered, StormHist *all)
{
    int o;

    for (o = 0; o < STORM_OUTCOME_LAST; o++) {
        summary->count[o] += tally->count[o];
        summary->queries += tally->count[o];
    }
    summary->unsent += tally->unsent;
    summary->timeouts += tally->timeouts;
    summary->late += tally->late;
    storm_hist_merge(answered, tally->answered);
    storm_hist_merge(all, tally->answered);
    storm_hist_merge(all, tally->failed);
}

/* Stores what the queries of @call, or of all with STORM_ALL_CALLS, have come
 * to in @summary. */
void
storm_recorder_summary(StormRecorder *recorder, guint call, StormSummary *summary)
{
    g_autoptr(StormHist) answered = storm_hist_new();
    g_autoptr(StormHist) all = storm_hist_new();
    guint i;

    memset(summary, 0, sizeof(*summary));
    pthread_mutex_lock(&recorder->lock);
    for (i = 0; i < recorder->ncalls; i++) {
        if (call == STORM_ALL_CALLS || i == call)
            add_tally(&recorder->tallies[i], summary, answered, all);
    }
    pthread_mutex_unlock(&recorder->lock);
    read_latency(all, &summary->all);
    read_latency(answered, &summary->answered);
}

/* Returns a new span, to be closed with storm_span_close() before its recorder is
 * freed. Each one that is open costs some time for each query, and 400 KiB. */
StormSpan *
storm_span_open(StormRecorder *recorder)
{
    StormSpan *span = g_new0(StormSpan, 1);

    span->recorder = recorder;
    tally_init(&span->tally);
    pthread_mutex_lock(&recorder->lock);
    g_ptr_array_add(recorder->spans, span);
    pthread_mutex_unlock(&recorder->lock);
    return span;
}

/* Stores what the queries have come to in @summary, their latencies in @hist,
 * which may be NULL. @anew: the span starts anew. */
void
storm_span_read(StormSpan *span, bool anew, StormSummary *summary, StormHist *hist)
{
    g_autoptr(StormHist) answered = storm_hist_new();
    g_autoptr(StormHist) all = storm_hist_new();

    memset(summary, 0, sizeof(*summary));
    pthread_mutex_lock(&span->recorder->lock);
    add_tally(&span->tally, summary, answered, all);
    if (anew)
        tally_reset(&span->tally);
    pthread_mutex_unlock(&span->recorder->lock);
    read_latency(all, &summary->all);
    read_latency(answered, &summary->answered);
    if (hist) {
        storm_hist_reset(hist);
        storm_hist_merge(hist, all);
    }
}

/* @span may be NULL. */
void
storm_span_close(StormSpan *span)
{
    if (!span)
        return;
    pthread_mutex_lock(&span->recorder->lock);
    g_ptr_array_remove(span->recorder->spans, span);
    pthread_mutex_unlock(&span->recorder->lock);
    tally_clear(&span->tally);
    g_free(span);
}

/* Returns a new histogram of all latencies of @call since the start. */
StormHist *
storm_recorder_hist(StormRecorder *recorder, guint call)
{
    StormHist *hist = storm_hist_new();

    pthread_mutex_lock(&recorder->lock);
    storm_hist_merge(hist, recorder->tallies[call].answered);
    storm_hist_merge(hist, recorder->tallies[call].failed);
    pthread_mutex_unlock(&recorder->lock);
    return hist;
}

static int
compare_errors(gconstpointer a, gconstpointer b)
{
    const StormErrorCount *x = *(StormErrorCount *const *)a;
    const StormErrorCount *y = *(StormErrorCount *const *)b;

    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->message, y->message);
}

/* Returns a new array of copies, as StormErrorCount *, the most frequent first. */
GPtrArray *
storm_recorder_errors(StormRecorder *recorder)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(error_count_free);
    GHashTableIter iter;
    gpointer value;

    pthread_mutex_lock(&recorder->lock);
    g_hash_table_iter_init(&iter, recorder->errors);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        StormErrorCount *copy = g_memdup2(value, sizeof(*copy));

        copy->message = g_strdup(copy->message);
        g_ptr_array_add(found, copy);
    }
    pthread_mutex_unlock(&recorder->lock);
    g_ptr_array_sort(found, compare_errors);
    return found;
}

/* Returns a new array of StormCodeCount. */
GArray *
storm_recorder_codes(StormRecorder *recorder)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(StormCodeCount));

    pthread_mutex_lock(&recorder->lock);
    g_array_append_vals(found, recorder->codes->data, recorder->codes->len);
    pthread_mutex_unlock(&recorder->lock);
    return found;
}
