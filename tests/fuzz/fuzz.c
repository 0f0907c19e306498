/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fuzz.c: what the targets of libFuzzer share
 */

#include "fuzz.h"

#include "qemu/qemu_capabilities.h"
#include "virfilecache.h"
#include "virlog.h"

virQEMUDriver driver;

/* What is known of the host is in it. */
static virFileCache *hostCache;

/* The emulator is a name in the file: none is run. */
static bool
fuzzCapsIsValid(void *data G_GNUC_UNUSED,
                void *opaque G_GNUC_UNUSED)
{
    return true;
}

static void *
fuzzCapsNew(const char *name G_GNUC_UNUSED,
            void *opaque G_GNUC_UNUSED)
{
    return virQEMUCapsNew();
}

static void *
fuzzCapsLoad(const char *filename G_GNUC_UNUSED,
             const char *name G_GNUC_UNUSED,
             void *opaque G_GNUC_UNUSED,
             bool *outdated)
{
    *outdated = true;
    return NULL;
}

static int
fuzzCapsSave(void *data G_GNUC_UNUSED,
             const char *filename G_GNUC_UNUSED,
             void *opaque G_GNUC_UNUSED)
{
    return 0;
}

static virFileCacheHandlers fuzzCapsHandlers = {
    .isValid = fuzzCapsIsValid,
    .newData = fuzzCapsNew,
    .loadFile = fuzzCapsLoad,
    .saveFile = fuzzCapsSave,
};

static void
fuzzIgnoreError(void *opaque G_GNUC_UNUSED,
                virErrorPtr error G_GNUC_UNUSED)
{
}

/**
 * fuzzInit:
 *
 * Makes a driver, without QEMU and without a host. Errors are not told: most inputs
 * are some. Ends the process if it cannot.
 */
void
fuzzInit(void)
{
    if (virErrorInitialize() < 0 ||
        virLogSetOutputs("4:file:/dev/null") < 0 ||
        qemuTestDriverInit(&driver) < 0)
        abort();

    hostCache = driver.qemuCapsCache;
    if (!(driver.qemuCapsCache = virFileCacheNew("/dev/null", "xml", &fuzzCapsHandlers)))
        abort();
    virFileCacheSetPriv(driver.qemuCapsCache, virFileCacheGetPriv(hostCache));

    virSetErrorFunc(NULL, fuzzIgnoreError);
}
