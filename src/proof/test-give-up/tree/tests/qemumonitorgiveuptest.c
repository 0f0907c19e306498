/*
 * qemumonitorgiveuptest.c: monitor commands which are given up
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The test is QEMU's side of the monitor: it reads commands and answers them when it
 * likes. Each command is sent by a thread of its own, which waits for the reply.
 */

#include <config.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "testutils.h"
#include "testutilsqemu.h"
#include "virerror.h"
#include "vireventthread.h"
#include "virfile.h"
#include "virjson.h"
#include "virstring.h"
#include "virthread.h"
#define LIBVIRT_QEMU_MONITOR_PRIV_H_ALLOW
#include "qemu/qemu_monitor_priv.h"
#include "qemu/qemu_monitor.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define TEST_GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

/* More than any socket takes at once */
#define TEST_HUGE (8 * 1024 * 1024)

/* How long to wait for what has to come, and for what must not come, in ms */
#define TEST_PATIENCE (30 * 1000)
#define TEST_SILENCE 200

static virQEMUDriver driver;

typedef struct _testData testData;
struct _testData {
    virDomainObj *vm;
    qemuMonitor *mon;
    virEventThread *thread;
    int fd;             /* QEMU's end */
    GString *input;     /* read from @fd and not used yet */
};

typedef struct _testCommand testCommand;
struct _testCommand {
    testData *data;
    const char *text;   /* in QMP */
    virThread thread;

    int rc;
    int code;           /* of the error */
    char *reply;
};


static void
testEOF(qemuMonitor *mon G_GNUC_UNUSED,
        virDomainObj *vm G_GNUC_UNUSED)
{
}


static qemuMonitorCallbacks testCallbacks = {
    .eofNotify = testEOF,
    .errorNotify = testEOF,
};


/*
 * QEMU's side
 */

static int
testSay(testData *data,
        const char *text)
{
    size_t len = strlen(text);

    return safewrite(data->fd, text, len) == len ? 0 : -1;
}


/* Returns the next command, or NULL if there is none within @timeout ms. */
static char *
testHear(testData *data,
         int timeout)
{
    while (true) {
        char *end = strstr(data->input->str, "\r\n");
        struct pollfd pfd = { .fd = data->fd, .events = POLLIN };
        char buf[65536];
        ssize_t got;

        if (end) {
            char *line = g_strndup(data->input->str, end - data->input->str);

            g_string_erase(data->input, 0, end + 2 - data->input->str);
            return line;
        }

        if (poll(&pfd, 1, timeout) != 1 ||
            (got = read(data->fd, buf, sizeof(buf))) <= 0)
            return NULL;

        g_string_append_len(data->input, buf, got);
    }
}


/* Returns the ID of the next command, which has to be @name. */
static char *
testHearCommand(testData *data,
                const char *name)
{
    g_autofree char *line = testHear(data, TEST_PATIENCE);
    g_autoptr(virJSONValue) command = NULL;

    if (!line || !(command = virJSONValueFromString(line)) ||
        STRNEQ_NULLABLE(virJSONValueObjectGetString(command, "execute"), name)) {
        VIR_TEST_VERBOSE("expected %s, got %.200s", name, NULLSTR(line));
        return NULL;
    }

    return g_strdup(virJSONValueObjectGetString(command, "id"));
}


static int
testAnswer(testData *data,
           const char *id,
           const char *what)
{
    g_autofree char *reply = g_strdup_printf("{\"return\": {\"%s\": 1}, \"id\": \"%s\"}\r\n",
                                             what, id);

    return testSay(data, reply);
}


/*
 * libvirt's side
 */

static void
testCommandThread(void *opaque)
{
    testCommand *command = opaque;
    qemuMonitor *mon = command->data->mon;

    virObjectLock(mon);
    command->rc = qemuMonitorArbitraryCommand(mon, command->text, -1, &command->reply, false);
    virObjectUnlock(mon);

    command->code = virGetLastErrorCode();
    virResetLastError();
}


static int
testCommandStart(testCommand *command,
                 testData *data,
                 const char *text)
{
    command->data = data;
    command->text = text;
    return virThreadCreate(&command->thread, true, testCommandThread, command);
}


/* Waits for the end of @command: its reply has to contain @what, or it has to have
 * been given up if @what is NULL. */
static int
testCommandEnd(testCommand *command,
               const char *what)
{
    g_autofree char *reply = NULL;

    virThreadJoin(&command->thread);
    reply = g_steal_pointer(&command->reply);

    if (what ? command->rc == 0 && strstr(NULLSTR_EMPTY(reply), what) :
               command->rc < 0 && command->code == VIR_ERR_OPERATION_TIMEOUT)
        return 0;

    VIR_TEST_VERBOSE("expected %s, got %d, error %d, reply %s",
                     NULLSTR(what), command->rc, command->code, NULLSTR(reply));
    return -1;
}


static void
testDataFree(testData *data)
{
    if (data->mon)
        qemuMonitorClose(data->mon);
    VIR_FORCE_CLOSE(data->fd);
    g_clear_object(&data->thread);
    virDomainObjEndAPI(&data->vm);
    g_string_free(data->input, true);
    g_free(data);
}


static testData *
testDataNew(void)
{
    testData *data = g_new0(testData, 1);
    g_autofree char *folder = g_strdup("/tmp/libvirt_XXXXXX");
    g_autofree char *path = NULL;
    virDomainChrSourceDef config = { .type = VIR_DOMAIN_CHR_TYPE_UNIX };
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    VIR_AUTOCLOSE listener = -1;

    data->fd = -1;
    data->input = g_string_new(NULL);

    if (!(data->vm = virDomainObjNew(driver.xmlopt)) ||
        !(data->vm->def = virDomainDefNew(driver.xmlopt)) ||
        !(data->thread = virEventThreadNew("test")) ||
        !g_mkdtemp(folder))
        goto error;

    data->vm->def->name = g_strdup("test");
    data->vm->def->id = 1;

    path = g_strdup_printf("%s/monitor", folder);
    if (virStrcpyStatic(addr.sun_path, path) < 0 ||
        (listener = socket(AF_UNIX, SOCK_STREAM, 0)) < 0 ||
        bind(listener, (struct sockaddr *) &addr, sizeof(addr)) < 0 ||
        listen(listener, 1) < 0)
        goto error;

    config.data.nix.path = path;
    data->mon = qemuMonitorOpen(data->vm, &config,
                                virEventThreadGetContext(data->thread), &testCallbacks);
    unlink(path);
    rmdir(folder);

    if (!data->mon ||
        (data->fd = accept(listener, NULL, NULL)) < 0 ||
        testSay(data, TEST_GREETING) < 0)
        goto error;

    return data;

 error:
    VIR_TEST_VERBOSE("cannot make a monitor: %s", virGetLastErrorMessage());
    testDataFree(data);
    return NULL;
}


/*
 * Cases
 */

/* A reply comes late, while another command waits for its own. */
static int
testLateReply(testData *data)
{
    testCommand first = { 0 };
    testCommand refused = { 0 };
    testCommand second = { 0 };
    g_autofree char *late = NULL;
    g_autofree char *id = NULL;
    g_autofree char *line = NULL;

    if (testCommandStart(&first, data, "{\"execute\": \"query-first\"}") < 0 ||
        !(late = testHearCommand(data, "query-first")))
        return -1;

    qemuMonitorGiveUp(data->mon, true);
    if (testCommandEnd(&first, NULL) < 0)
        return -1;

    if (!qemuMonitorIsUnanswered(data->mon))
        return -1;

    /* no other command gets through */
    if (testCommandStart(&refused, data, "{\"execute\": \"query-refused\"}") < 0 ||
        testCommandEnd(&refused, NULL) < 0 ||
        (line = testHear(data, TEST_SILENCE)))
        return -1;

    qemuMonitorGiveUp(data->mon, false);
    if (testCommandStart(&second, data, "{\"execute\": \"query-second\"}") < 0 ||
        !(id = testHearCommand(data, "query-second")) ||
        testAnswer(data, late, "late") < 0 ||
        testAnswer(data, id, "fresh") < 0 ||
        testCommandEnd(&second, "fresh") < 0)
        return -1;

    return qemuMonitorIsUnanswered(data->mon) ? -1 : 0;
}


/* The late reply is an error, and no thread waits for a reply. */
static int
testLateError(testData *data)
{
    testCommand first = { 0 };
    testCommand second = { 0 };
    g_autofree char *late = NULL;
    g_autofree char *id = NULL;
    g_autofree char *reply = NULL;

    if (testCommandStart(&first, data, "{\"execute\": \"query-first\"}") < 0 ||
        !(late = testHearCommand(data, "query-first")))
        return -1;

    qemuMonitorGiveUp(data->mon, true);
    if (testCommandEnd(&first, NULL) < 0)
        return -1;
    qemuMonitorGiveUp(data->mon, false);

    reply = g_strdup_printf("{\"id\": \"%s\", \"error\": "
                            "{\"class\": \"GenericError\", \"desc\": \"late\"}}\r\n", late);
    if (testSay(data, reply) < 0)
        return -1;

    if (testCommandStart(&second, data, "{\"execute\": \"query-second\"}") < 0 ||
        !(id = testHearCommand(data, "query-second")) ||
        testAnswer(data, id, "fresh") < 0 ||
        testCommandEnd(&second, "fresh") < 0)
        return -1;

    return qemuMonitorIsUnanswered(data->mon) ? -1 : 0;
}


/* QEMU has read only a part of a command. */
static int
testPartial(testData *data)
{
    g_autofree char *filler = g_new0(char, TEST_HUGE + 1);
    g_autofree char *huge = NULL;
    testCommand first = { 0 };
    testCommand unsent = { 0 };
    testCommand second = { 0 };
    g_autofree char *late = NULL;
    g_autofree char *id = NULL;
    struct pollfd pfd = { .fd = data->fd, .events = POLLIN };

    memset(filler, 'x', TEST_HUGE);
    huge = g_strdup_printf("{\"execute\": \"huge\", \"arguments\": {\"x\": \"%s\"}}", filler);

    if (testCommandStart(&first, data, huge) < 0 ||
        poll(&pfd, 1, TEST_PATIENCE) != 1)
        return -1;

    qemuMonitorGiveUp(data->mon, true);
    if (testCommandEnd(&first, NULL) < 0)
        return -1;
    qemuMonitorGiveUp(data->mon, false);

    /* The rest of it has to be sent before the next command, so nothing of that
     * command is sent yet. */
    if (testCommandStart(&unsent, data, "{\"execute\": \"unsent\"}") < 0)
        return -1;
    g_usleep(TEST_SILENCE * 1000);
    qemuMonitorGiveUp(data->mon, true);
    if (testCommandEnd(&unsent, NULL) < 0)
        return -1;
    qemuMonitorGiveUp(data->mon, false);

    if (testCommandStart(&second, data, "{\"execute\": \"query-second\"}") < 0 ||
        !(late = testHearCommand(data, "huge")) ||
        testAnswer(data, late, "late") < 0 ||
        !(id = testHearCommand(data, "query-second")) ||
        testAnswer(data, id, "fresh") < 0 ||
        testCommandEnd(&second, "fresh") < 0)
        return -1;

    return qemuMonitorIsUnanswered(data->mon) ? -1 : 0;
}


static int
testRun(const void *opaque)
{
    int (*test)(testData *data) = opaque;
    testData *data = testDataNew();
    int ret;

    if (!data)
        return -1;

    ret = test(data);
    testDataFree(data);
    return ret;
}


static int
mymain(void)
{
    bool failed = false;

    if (qemuTestDriverInit(&driver) < 0)
        return EXIT_FAILURE;

    virEventRegisterDefaultImpl();

    if (virTestRun("reply comes late, amid another command", testRun, testLateReply) < 0)
        failed = true;
    if (virTestRun("error comes late", testRun, testLateError) < 0)
        failed = true;
    if (virTestRun("command was sent in part", testRun, testPartial) < 0)
        failed = true;

    qemuTestDriverFree(&driver);

    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

VIR_TEST_MAIN(mymain)
