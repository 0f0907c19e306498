/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * odd-qemu.c: a QEMU whose monitor sends odd events and replies
 *
 * It is a domain's <emulator>. The process becomes the real QEMU, so that libvirt knows, stops
 * and waits for that one. A child of it takes the place of QEMU's monitor: what libvirt listens
 * on for QEMU is the child's, and QEMU gets a socket of the child's own. Without a monitor, as
 * when libvirt asks what QEMU can do, there is no child.
 *
 * The file CONTROL, which each host of the tests has for itself, says what to do. It is looked at
 * again for each message. Its first line is one of
 *
 *   list                each command is a line in the file LOG
 *   twice               each event is sent twice
 *   late MS [TEXT...]   events are held back until none has come for MS milliseconds, so that
 *                       replies pass them; if there is a TEXT, those with one of them in it
 *   reversed MS         the same, and they are sent last one first
 *   lost TEXT...        events with a TEXT in them are not sent
 *   send WHEN [end]     what follows the line in the file, a part of a message or many of them,
 *                       is sent. WHEN: "now", "before COMMAND" which libvirt gives, or "after
 *                       COMMAND", that is after the reply to it. The file is removed then. With
 *                       "end" the monitor's connection is closed.
 *   reply N COMMAND     the reply to COMMAND is what follows the line in the file, within braces
 *                       and with its ID. N: "each" time, or "once"; the file is removed then
 *   delay MS COMMAND    each reply to COMMAND is held back for MS milliseconds
 *
 * Each time that something is done there is a line more in the file LOG. What is held back when
 * libvirt closes the connection is sent to nobody.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL "/var/lib/libvirt/odd"
#define LOG CONTROL ".log"
#define QEMU "/usr/bin/qemu-system-x86_64"
#define MONITOR "socket,id=charmonitor,fd="
#define EVENT "{\"timestamp\": "
#define COMMAND "\"execute\":\""
#define ID "\"id\":\""

enum { BUFFER = 64 << 10, FDS = 16, LOOK_MS = 50, WORDS = 16 };

static struct {
    struct sockaddr_un address;     /* of QEMU's own monitor */
    socklen_t length;
    int listener;                   /* where libvirt connects to */
    int process;                    /* QEMU's */
    int libvirt, qemu;              /* connections, -1: none */
    GString *begun;                 /* of a line of QEMU's */
    GQueue *held;                   /* lines */
    gint64 due;                     /* when these are sent, in microseconds */
    char *command, *id;             /* that libvirt waits for the reply to */
    char *word[WORDS + 1];          /* of the control file's first line */
    GString *rest;                  /* and what follows */
} odd = { .libvirt = -1, .qemu = -1 };

static void
look_at_control(void)
{
    static char *text;
    gsize length = 0;
    char *end = NULL, *line = NULL;
    guint i;

    g_free(text);
    if (g_file_get_contents(CONTROL, &text, &length, NULL) && (end = strchr(text, '\n'))) {
        *end++ = '\0';
        line = text;
    }
    g_string_truncate(odd.rest, 0);
    if (end)
        g_string_append_len(odd.rest, end, text + length - end);
    for (i = 0; i < WORDS; i++)
        odd.word[i] = line ? strsep(&line, " ") : NULL;
}

/* Is the word @i of the control file @word? */
static bool
says(guint i, const char *word)
{
    return g_strcmp0(odd.word[i], word) == 0;
}

/* Has @line one of the texts in the control file, from word @i on? */
static bool
has_text(const char *line, guint i)
{
    for (; odd.word[i]; i++) {
        if (strstr(line, odd.word[i]))
            return true;
    }
    return false;
}

static void
note(const char *line)
{
    int fd = open(LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    dprintf(fd, "%s %.*s\n", odd.word[0], (int)strcspn(line, "\r\n"), line);
    close(fd);
}

/* To libvirt; whether it is gone is noticed when it is read from. */
static void
tell(const char *data, gsize length)
{
    ssize_t done;

    while (length > 0 && (done = write(odd.libvirt, data, length)) > 0) {
        data += done;
        length -= done;
    }
}

static void
send_held(void)
{
    char *line;

    while ((line = g_queue_pop_head(odd.held))) {
        tell(line, strlen(line));
        g_free(line);
    }
}

static void
hang_up(void)
{
    close(odd.libvirt);
    close(odd.qemu);
    odd.libvirt = odd.qemu = -1;
    g_string_truncate(odd.begun, 0);
    g_queue_clear_full(odd.held, g_free);
    g_clear_pointer(&odd.command, g_free);
}

static void
send_rest(guint words)
{
    /* Libvirt may stop reading. */
    unlink(CONTROL);
    note("");
    tell(odd.rest->str, odd.rest->len);
    if (says(words, "end"))
        hang_up();
}

static void
hold(const char *line)
{
    odd.due = g_get_monotonic_time() + atoi(odd.word[1]) * 1000;
    if (!says(0, "reversed")) {
        note(line);
        g_queue_push_tail(odd.held, g_strdup(line));
        return;
    }
    if (!g_queue_is_empty(odd.held))
        note(line);
    g_queue_push_head(odd.held, g_strdup(line));
}

static void
handle_event(const char *line)
{
    bool lost = says(0, "lost") && has_text(line, 1), twice = says(0, "twice");

    if (says(0, "reversed") || (says(0, "late") && (!odd.word[2] || has_text(line, 2)))) {
        hold(line);
        return;
    }
    if (lost || twice)
        note(line);
    if (!lost)
        tell(line, strlen(line));
    if (twice)
        tell(line, strlen(line));
}

static void
handle_reply(const char *line)
{
    g_autofree char *other = NULL;
    bool meant = odd.command && says(2, odd.command);

    g_clear_pointer(&odd.command, g_free);
    if (meant && says(0, "delay")) {
        hold(line);
        return;
    }
    if (meant && says(0, "reply")) {
        note(line);
        line = other = g_strdup_printf("{%s, \"id\": \"%s\"}\r\n", odd.rest->str, odd.id);
        if (says(1, "once"))
            unlink(CONTROL);
    }
    tell(line, strlen(line));
    if (meant && says(0, "send") && says(1, "after"))
        send_rest(3);
}

static void
read_qemu(void)
{
    static char data[BUFFER];
    ssize_t count = read(odd.qemu, data, sizeof(data));
    char *end;

    if (count <= 0) {
        send_held();
        hang_up();
        return;
    }
    g_string_append_len(odd.begun, data, count);
    while (odd.libvirt >= 0 && (end = strchr(odd.begun->str, '\n'))) {
        g_autofree char *line = g_strndup(odd.begun->str, end + 1 - odd.begun->str);

        g_string_erase(odd.begun, 0, strlen(line));
        look_at_control();
        if (g_str_has_prefix(line, EVENT))
            handle_event(line);
        else
            handle_reply(line);
    }
}

/* What is in @data behind the last @key, a text */
static char *
value_of(const char *data, const char *key)
{
    const char *found = g_strrstr(data, key);

    return found ? g_strndup(found + strlen(key), strcspn(found + strlen(key), "\"")) : NULL;
}

/* Libvirt gives one command at a time, and file descriptors with it. */
static void
read_libvirt(void)
{
    static char data[BUFFER + 1], control[CMSG_SPACE(FDS * sizeof(int))];
    struct iovec vec = { .iov_base = data, .iov_len = BUFFER };
    struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
                          .msg_controllen = sizeof(control) };
    ssize_t count = recvmsg(odd.libvirt, &msg, MSG_CMSG_CLOEXEC);
    struct cmsghdr *cmsg;
    guint i;

    if (count <= 0) {
        hang_up();
        return;
    }
    data[count] = '\0';
    g_free(odd.command);
    g_free(odd.id);
    odd.command = value_of(data, COMMAND);
    odd.id = value_of(data, ID);
    look_at_control();
    if (odd.command && says(0, "list"))
        note(odd.command);
    if (odd.command && says(0, "send") && says(1, "before") && says(2, odd.command))
        send_rest(3);
    vec.iov_len = count;
    if (odd.qemu >= 0)
        sendmsg(odd.qemu, &msg, 0);
    for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
        for (i = 0; i < (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
            close(((int *)CMSG_DATA(cmsg))[i]);
    }
}

static void
take_connection(void)
{
    odd.libvirt = accept4(odd.listener, NULL, NULL, SOCK_CLOEXEC);
    odd.qemu = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(odd.qemu, (struct sockaddr *)&odd.address, odd.length) < 0)
        hang_up();      /* it has died */
}

/* The child; it ends when QEMU has. */
static void
be_monitor(void)
{
    odd.begun = g_string_new(NULL);
    odd.rest = g_string_new(NULL);
    odd.held = g_queue_new();
    signal(SIGPIPE, SIG_IGN);
    while (true) {
        bool idle = odd.libvirt < 0;
        struct pollfd fds[] = {
            { .fd = idle ? odd.listener : -1, .events = POLLIN },
            { .fd = idle ? odd.process : -1, .events = POLLIN },
            { .fd = odd.libvirt, .events = POLLIN },
            { .fd = odd.qemu, .events = POLLIN },
        };

        if (poll(fds, G_N_ELEMENTS(fds), idle ? -1 : LOOK_MS) < 0 && errno != EINTR)
            return;
        if (fds[1].revents)
            return;
        if (fds[0].revents)
            take_connection();
        if (fds[2].revents)
            read_libvirt();
        if (fds[3].revents && odd.qemu >= 0)
            read_qemu();
        if (odd.libvirt < 0)
            continue;
        look_at_control();
        if (says(0, "send") && says(1, "now"))
            send_rest(2);
        if (g_get_monotonic_time() >= odd.due)
            send_held();
    }
}

/* Puts a socket of our own in the place of @fd, libvirt's for QEMU to listen on. */
static void
take_place(int fd)
{
    pid_t qemu = getpid();
    int own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), null;

    /* With no name, one that is free is chosen. */
    odd.address.sun_family = AF_UNIX;
    odd.length = sizeof(odd.address);
    if (own < 0 || bind(own, (struct sockaddr *)&odd.address, sizeof(sa_family_t)) < 0 ||
        listen(own, 1) < 0 || getsockname(own, (struct sockaddr *)&odd.address, &odd.length) < 0) {
        perror("odd-qemu: no socket");
        exit(1);
    }
    switch (fork()) {
    case -1:
        perror("odd-qemu: no child");
        exit(1);
    case 0:
        /* What else is inherited is QEMU's, and would be kept open. */
        null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        odd.listener = dup2(fd, 3);
        close_range(4, ~0U, 0);
        odd.process = pidfd_open(qemu, 0);
        if (odd.process >= 0)
            be_monitor();
        _exit(0);
    default:
        dup2(own, fd);
    }
}

int
main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        if (g_str_has_prefix(argv[i], MONITOR))
            take_place(atoi(argv[i] + strlen(MONITOR)));
    }
    argv[0] = (char *)QEMU;
    execv(QEMU, argv);
    perror("odd-qemu: " QEMU);
    return 1;
}
