/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-heartbeat.c: a heartbeat that the guest writes, on our clock
 *
 * The guest writes lines to a console, which ends in a file, a FIFO or a
 * terminal here. A thread stamps each line that has the prefix when it reads
 * it. A file is watched by inotify, so no time is lost to polling; what it held
 * before is passed over.
 *
 * The lock is over the times of the beats; no caller needs one.
 */

#include "storm-heartbeat.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Those of a day with ten a second; a guest that beats faster than it is asked
 * about loses the oldest. */
#define MAX_BEATS 1000000

struct StormHeartbeat {
    char *prefix;
    int fd;
    int watch;              /* inotify on a regular file, or -1 */
    int stop;               /* eventfd: the thread is to end */
    pthread_t thread;
    gsize matched;          /* the thread's own: how much of the prefix has come, ... */
    bool matching;          /* ... and whether the line may still begin with it */
    pthread_mutex_t lock;   /* over what follows */
    GArray *beats;          /* of gint64 */
};

static void
add_beat(StormHeartbeat *heartbeat, gint64 now)
{
    pthread_mutex_lock(&heartbeat->lock);
    if (heartbeat->beats->len >= MAX_BEATS)
        g_array_remove_range(heartbeat->beats, 0, MAX_BEATS / 2);
    g_array_append_val(heartbeat->beats, now);
    pthread_mutex_unlock(&heartbeat->lock);
}

/* Takes @len bytes that came at the time @now. */
static void
take(StormHeartbeat *heartbeat, const char *data, gssize len, gint64 now)
{
    gssize i;

    for (i = 0; i < len; i++) {
        bool whole = !heartbeat->prefix[heartbeat->matched];

        if (data[i] == '\n') {
            if (heartbeat->matching && whole)
                add_beat(heartbeat, now);
            heartbeat->matching = true;
            heartbeat->matched = 0;
        } else if (heartbeat->matching && !whole) {
            heartbeat->matching = data[i] == heartbeat->prefix[heartbeat->matched++];
        }
    }
}

/* Reads what there is. Returns false at the end of what is no file. */
static bool
drain(StormHeartbeat *heartbeat)
{
    char buffer[4096];
    gssize len;

    while ((len = read(heartbeat->fd, buffer, sizeof(buffer))) > 0)
        take(heartbeat, buffer, len, storm_now());
    return heartbeat->watch >= 0 || (len < 0 && errno == EAGAIN);
}

static void *
heartbeat_main(void *opaque)
{
    StormHeartbeat *heartbeat = opaque;
    struct pollfd fds[] = {
        { .fd = heartbeat->stop, .events = POLLIN },
        { .fd = heartbeat->watch >= 0 ? heartbeat->watch : heartbeat->fd, .events = POLLIN },
    };
    char events[4096];

    for (;;) {
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            break;
        if (heartbeat->watch >= 0 && read(heartbeat->watch, events, sizeof(events)) < 0 &&
            errno != EAGAIN)
            break;
        if (!drain(heartbeat))
            fds[1].fd = -1; /* whoever wrote has closed it */
    }
    return NULL;
}

static void
close_all(StormHeartbeat *heartbeat)
{
    if (heartbeat->fd >= 0)
        close(heartbeat->fd);
    if (heartbeat->watch >= 0)
        close(heartbeat->watch);
    if (heartbeat->stop >= 0)
        close(heartbeat->stop);
}

/* Opens @path; a regular file is read from its end on. */
static bool
open_path(StormHeartbeat *heartbeat, const char *path)
{
    struct stat st;

    heartbeat->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (heartbeat->fd < 0 || fstat(heartbeat->fd, &st) < 0)
        return false;
    if (!S_ISREG(st.st_mode))
        return true;
    heartbeat->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return heartbeat->watch >= 0 && inotify_add_watch(heartbeat->watch, path, IN_MODIFY) >= 0 &&
           lseek(heartbeat->fd, 0, SEEK_END) >= 0;
}

static void
heartbeat_clear(StormHeartbeat *heartbeat)
{
    close_all(heartbeat);
    g_array_unref(heartbeat->beats);
    pthread_mutex_destroy(&heartbeat->lock);
    g_free(heartbeat->prefix);
    g_free(heartbeat);
}

/* Listens to @path for lines that begin with @prefix. Returns NULL and a
 * message in @error on failure. */
StormHeartbeat *
storm_heartbeat_new(const char *path, const char *prefix, char **error)
{
    StormHeartbeat *heartbeat = g_new0(StormHeartbeat, 1);

    heartbeat->watch = -1;
    heartbeat->stop = eventfd(0, EFD_CLOEXEC);
    if (heartbeat->stop < 0 || !open_path(heartbeat, path)) {
        *error = g_strdup_printf("%s: %s", path, g_strerror(errno));
        close_all(heartbeat);
        g_free(heartbeat);
        return NULL;
    }
    heartbeat->prefix = g_strdup(prefix);
    heartbeat->matching = true;
    heartbeat->beats = g_array_new(FALSE, FALSE, sizeof(gint64));
    pthread_mutex_init(&heartbeat->lock, NULL);
    if (!storm_thread_start(&heartbeat->thread, heartbeat_main, heartbeat, error)) {
        heartbeat_clear(heartbeat);
        return NULL;
    }
    return heartbeat;
}

/* Stops listening; @heartbeat may be NULL. */
void
storm_heartbeat_free(StormHeartbeat *heartbeat)
{
    guint64 one = 1;

    if (!heartbeat)
        return;
    if (write(heartbeat->stop, &one, sizeof(one)) != sizeof(one))
        g_error("cannot tell the heartbeat's thread to stop");
    pthread_join(heartbeat->thread, NULL);
    heartbeat_clear(heartbeat);
}

/* Forgets all beats before the time @before (ns) but the last of them, which
 * begins the silence that goes on then. */
void
storm_heartbeat_forget(StormHeartbeat *heartbeat, gint64 before)
{
    guint n = 0;

    pthread_mutex_lock(&heartbeat->lock);
    while (n + 1 < heartbeat->beats->len &&
           g_array_index(heartbeat->beats, gint64, n + 1) < before)
        n++;
    if (n)
        g_array_remove_range(heartbeat->beats, 0, n);
    pthread_mutex_unlock(&heartbeat->lock);
}

/* Stores in @pulse what was heard between the times @from and @to (ns). A
 * silence counts whole if any of it lies between them. */
void
storm_heartbeat_between(StormHeartbeat *heartbeat, gint64 from, gint64 to, StormPulse *pulse)
{
    g_autoptr(GArray) gaps = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 last = 0;
    gint64 gap;
    guint i;

    memset(pulse, 0, sizeof(*pulse));
    pthread_mutex_lock(&heartbeat->lock);
    for (i = 0; i < heartbeat->beats->len && last < to; i++) {
        gint64 beat = g_array_index(heartbeat->beats, gint64, i);

        gap = beat - last;
        if (last && beat > from)
            g_array_append_val(gaps, gap);
        if (beat >= from && beat <= to)
            pulse->beats++;
        last = beat;
    }
    pthread_mutex_unlock(&heartbeat->lock);

    if (gaps->len) {
        g_array_sort(gaps, storm_compare_times);
        pulse->interval = g_array_index(gaps, gint64, gaps->len / 2);
        pulse->silence = g_array_index(gaps, gint64, gaps->len - 1);
    }
    if (last && last < to)
        pulse->silence = MAX(pulse->silence, to - last);
}
