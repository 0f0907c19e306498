/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-interval.c: what the queries of each second come to
 *
 * Rows of comma-separated values, and histograms in version 1.3 of the log format
 * of Gil Tene's HdrHistogram, each encoded as its compressed form V2. A query
 * counts in the interval in which it was answered. The lines have the times at
 * which they really begin and end.
 *
 * The main thread's alone.
 */

#include "storm-interval.h"
#include "storm-hdr.h"
#include "storm-text.h"

#include <errno.h>
#include <stdio.h>

struct StormIntervals {
    FILE *rows;             /* NULL: none */
    FILE *histograms;       /* NULL: none */
    gint64 length;
    const GPtrArray *hosts;
    GPtrArray *spans;       /* of StormSpan, by host */
    gint64 start;           /* 0: not yet */
    gint64 last;            /* end of the last interval that was written */
    StormHist *hist;
};

static FILE *
open_file(const char *path, char **error)
{
    FILE *file = fopen(path, "we");

    if (!file)
        *error = g_strdup_printf("%s: %s", path, g_strerror(errno));
    return file;
}

/* @rows, @histograms: files to write, or NULL; @length of an interval (ns); @hosts:
 * of StormHost, which must outlive it. Returns NULL and a message in @error if a
 * file cannot be written. */
StormIntervals *
storm_intervals_new(const char *rows, const char *histograms, gint64 length,
                    const GPtrArray *hosts, char **error)
{
    StormIntervals *intervals = g_new0(StormIntervals, 1);
    g_autofree char *ignored = NULL;
    guint i;

    intervals->length = length;
    intervals->hosts = hosts;
    intervals->hist = storm_hist_new();
    intervals->spans = g_ptr_array_new_with_free_func((GDestroyNotify)storm_span_close);
    if ((rows && !(intervals->rows = open_file(rows, error))) ||
        (histograms && !(intervals->histograms = open_file(histograms, error)))) {
        storm_intervals_close(intervals, &ignored);
        return NULL;
    }
    /* before any query, so that none is missed */
    for (i = 0; i < hosts->len; i++) {
        StormHost *host = g_ptr_array_index(hosts, i);

        g_ptr_array_add(intervals->spans, storm_span_open(storm_host_recorder(host)));
    }
    if (intervals->rows)
        fprintf(intervals->rows, "begin_s,end_s,host,queries,answered,errors,outstanding,pending,"
                "oldest_us,p50_us,p99_us,max_us\n");
    return intervals;
}

/* The first interval begins at @start (ns). */
void
storm_intervals_start(StormIntervals *intervals, gint64 start)
{
    gint64 wall_ms = g_get_real_time() / 1000 - (storm_now() - start) / STORM_MS;

    intervals->start = intervals->last = start;
    if (intervals->histograms)
        fprintf(intervals->histograms, "#[Latencies of libvirt's API, in nanoseconds, by "
                "virt-jobstorm " STORM_VERSION "]\n"
                "#[Histogram log format version 1.3]\n"
                "#[StartTime: %" G_GINT64_FORMAT ".%03d (seconds since epoch)]\n"
                "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                "\"Interval_Compressed_Histogram\"\n", wall_ms / 1000, (int)(wall_ms % 1000));
}

static void
write_row(StormIntervals *intervals, StormHost *host, const StormSummary *summary, gint64 end)
{
    g_autofree char *name = g_strdelimit(g_strdup(storm_host_name(host)), ",\"\n", '_');
    gint64 now = storm_now();
    StormPending pending;

    storm_host_pending(host, &pending);
    fprintf(intervals->rows, "%.3f,%.3f,%s,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT
            ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%u,%.1f,%.1f,%.1f,%.1f\n",
            (intervals->last - intervals->start) / 1e9, (end - intervals->start) / 1e9, name,
            summary->queries, summary->count[STORM_OK] + summary->count[STORM_OFF],
            summary->count[STORM_ERROR] + summary->count[STORM_WRONG],
            summary->count[STORM_OUTSTANDING], pending.pending,
            pending.oldest ? (now - pending.oldest) / 1e3 : 0.0, summary->answered.p50 / 1e3,
            summary->answered.p99 / 1e3, summary->answered.max / 1e3);
}

static void
write_histogram(StormIntervals *intervals, StormHost *host, const StormSummary *summary,
                gint64 end)
{
    g_autofree char *tag = g_strdelimit(g_strdup(storm_host_name(host)), ",\"\n ", '_');
    g_autofree char *encoded = storm_hdr_encode(intervals->hist);

    fprintf(intervals->histograms, "Tag=%s,%.3f,%.3f,%.3f,%s\n", tag,
            (intervals->last - intervals->start) / 1e9, (end - intervals->last) / 1e9,
            summary->all.max / 1e6, encoded);
}

static void
write_interval(StormIntervals *intervals, gint64 end)
{
    guint i;

    for (i = 0; i < intervals->hosts->len; i++) {
        StormHost *host = g_ptr_array_index(intervals->hosts, i);
        StormSummary summary;

        storm_span_read(g_ptr_array_index(intervals->spans, i), true, &summary, intervals->hist);
        if (intervals->rows)
            write_row(intervals, host, &summary, end);
        if (intervals->histograms)
            write_histogram(intervals, host, &summary, end);
    }
    /* Somebody may look at it while the run goes on. */
    if (intervals->rows)
        fflush(intervals->rows);
    if (intervals->histograms)
        fflush(intervals->histograms);
    intervals->last = end;
}

/* To be called often: writes the interval that has ended, if one has. */
void
storm_intervals_tick(StormIntervals *intervals)
{
    gint64 now = storm_now();

    if (intervals->start && now - intervals->last >= intervals->length)
        write_interval(intervals, now - (now - intervals->last) % intervals->length);
}

/* Writes what is left when no query is answered any more; it ends at @end (ns). */
void
storm_intervals_finish(StormIntervals *intervals, gint64 end)
{
    if (intervals->start && end > intervals->last)
        write_interval(intervals, end);
}

static bool
close_file(FILE *file, char **error)
{
    bool ok = !file || !ferror(file);

    errno = 0;
    if ((!file || fclose(file) == 0) && ok)
        return true;
    if (!*error)
        *error = g_strdup_printf(_("cannot write the intervals: %s"),
                                 errno ? g_strerror(errno) : _("some are missing"));
    return false;
}

/* Closes the files and frees @intervals, while the hosts are still there. Returns
 * false and a message in @error if not all could be written. */
bool
storm_intervals_close(StormIntervals *intervals, char **error)
{
    bool ok = close_file(intervals->rows, error);

    ok &= close_file(intervals->histograms, error);
    g_ptr_array_unref(intervals->spans);
    storm_hist_free(intervals->hist);
    g_free(intervals);
    return ok;
}
