/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * cookie.c: the other host of a migration sends any cookie
 */

#include "fuzz.h"

#include "qemu/qemu_migration_cookie.h"

static virDomainObj *vm;

int
LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED,
                     char ***argv G_GNUC_UNUSED)
{
    fuzzInit();
    /* The domain of libvirt's own tests of cookies */
    if (!(vm = virDomainObjParseFile(abs_srcdir "/qemustatusxml2xmldata/modern-in.xml",
                                     driver.xmlopt, FUZZ_STATUS_FLAGS)))
        abort();
    return 0;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data,
                       size_t size)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    /* A cookie ends with a null byte, or is refused. */
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(qemuMigrationCookie) cookie = NULL;
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;

    if (!(cookie = qemuMigrationCookieParse(&driver, vm, vm->def, NULL, priv->qemuCaps,
                                            text, strlen(text) + 1, ~0)))
        return 0;

    if (cookie->blockDirtyBitmaps &&
        qemuMigrationCookieBlockDirtyBitmapsMatchDisks(vm->def, cookie->blockDirtyBitmaps) < 0)
        return 0;

    cookie->flags = ~0;
    ignore_value(qemuMigrationCookieXMLFormat(&driver, priv->qemuCaps, &buf, cookie));
    return 0;
}
