/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * status.c: a daemon that starts finds any status file of a domain
 *
 * What is parsed is formatted and parsed again, and has the same job then.
 */

#include "fuzz.h"

#include "conf/virdomainjob.h"
#include "virxml.h"

#include <sys/mman.h>

#define VIR_FROM_THIS VIR_FROM_NONE

/**
 * fuzzParse:
 * @text: @size bytes, a status file
 *
 * Returns the domain object, locked, or NULL on failure.
 */
static virDomainObj *
fuzzParse(const void *text,
          size_t size)
{
    VIR_AUTOCLOSE fd = memfd_create("status", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    if (fd < 0 || safewrite(fd, text, size) != size)
        abort();

    return virDomainObjParseFile(path, driver.xmlopt, FUZZ_STATUS_FLAGS);
}

/**
 * fuzzInput:
 * @data: @size bytes, a status file
 *
 * Returns the file as a string, in which no <listen> is one: unpatched libvirt loses memory
 * when it refuses one (docs/found-in-stock.md).
 */
static char *
fuzzInput(const unsigned char *data,
          size_t size)
{
    char *text = g_strndup((const char *)data, size);
    char *found = text;

    while ((found = strstr(found, "listen"))) {
        if (found > text && (found[-1] == '<' || found[-1] == '/'))
            memcpy(found, "nobody", strlen("nobody"));
        found += strlen("nobody");
    }

    return text;
}

/**
 * fuzzCrashesStock:
 * @text: a status file
 *
 * Returns whether unpatched libvirt may crash on this, too: the disk of a job is looked for
 * among disks one of which has no target (docs/found-in-stock.md).
 */
static bool
fuzzCrashesStock(const char *text)
{
    g_autoptr(xmlXPathContext) ctxt = NULL;
    g_autoptr(xmlDoc) xml = virXMLParseStringCtxt(text, NULL, &ctxt);

    return xml && virXPathBoolean("boolean(//devices/disk[not(./target[1]/@dev)])", ctxt) > 0;
}

int
LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED,
                     char ***argv G_GNUC_UNUSED)
{
    fuzzInit();
    return 0;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data,
                       size_t size)
{
    virDomainObj *vm = NULL;
    virDomainObj *again = NULL;
    g_autofree char *input = fuzzInput(data, size);
    g_autofree char *text = NULL;

    if (fuzzCrashesStock(input))
        return -1;

    if (!(vm = fuzzParse(input, strlen(input))))
        return 0;

    if (!virDomainAsyncJobTypeToString(vm->job->asyncJob) ||
        !virDomainJobTypeToString(vm->job->active))
        abort();

    if ((text = virDomainObjFormat(vm, driver.xmlopt,
                                   VIR_DOMAIN_DEF_FORMAT_SECURE |
                                   VIR_DOMAIN_DEF_FORMAT_STATUS |
                                   VIR_DOMAIN_DEF_FORMAT_ACTUAL_NET |
                                   VIR_DOMAIN_DEF_FORMAT_PCI_ORIG_STATES |
                                   VIR_DOMAIN_DEF_FORMAT_CLOCK_ADJUST)) &&
        (again = fuzzParse(text, strlen(text)))) {
        /* A job that is not tracked is not written. */
        if (again->job->asyncJob != vm->job->asyncJob ||
            (vm->job->asyncJob && (again->job->phase != vm->job->phase ||
                                   again->job->apiFlags != vm->job->apiFlags)))
            abort();
    }

    virDomainObjEndAPI(&again);
    virDomainObjEndAPI(&vm);
    return 0;
}
