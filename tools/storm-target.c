/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-target.c: the domains that queries are about
 *
 * Nothing here needs a lock.
 */

#include "storm-target.h"
#include "storm-text.h"

#include <stdlib.h>
#include <string.h>

/* What the parser of a domain's XML is in, besides what it has found */
typedef struct {
    StormTarget *target;
    bool disk;
    bool interface;
} XmlState;

static void
start_element(GMarkupParseContext *context, const char *element, const char **names,
              const char **values, gpointer opaque, GError **error G_GNUC_UNUSED)
{
    XmlState *state = opaque;
    const char *parent = g_slist_length((GSList *)g_markup_parse_context_get_element_stack(
                             context)) == 3 ? element : NULL;
    int i;

    /* <domain><devices>, then one of these two */
    if (parent && strcmp(parent, "disk") == 0) {
        state->disk = true;
        /* an empty CD drive has no block statistics */
        for (i = 0; names[i]; i++) {
            if (strcmp(names[i], "device") == 0)
                state->disk = strcmp(values[i], "disk") == 0;
        }
    } else if (parent && strcmp(parent, "interface") == 0) {
        state->interface = true;
    } else if (strcmp(element, "target") == 0) {
        for (i = 0; names[i]; i++) {
            if (strcmp(names[i], "dev") != 0)
                continue;
            if (state->disk && !state->target->disk)
                state->target->disk = g_strdup(values[i]);
            if (state->interface && !state->target->interface)
                state->target->interface = g_strdup(values[i]);
        }
    }
}

static void
end_element(GMarkupParseContext *context G_GNUC_UNUSED, const char *element, gpointer opaque,
            GError **error G_GNUC_UNUSED)
{
    XmlState *state = opaque;

    if (strcmp(element, "disk") == 0)
        state->disk = false;
    else if (strcmp(element, "interface") == 0)
        state->interface = false;
}

/* Finds the first disk and the first interface. Returns false and a message
 * in @error if the XML cannot be read. */
static bool
read_xml(StormTarget *target, const char *xml, char **error)
{
    static const GMarkupParser parser = { .start_element = start_element,
                                          .end_element = end_element };
    XmlState state = { target, false, false };
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &state, NULL);
    g_autoptr(GError) gerror = NULL;

    if (g_markup_parse_context_parse(context, xml, -1, &gerror) &&
        g_markup_parse_context_end_parse(context, &gerror))
        return true;
    *error = g_strdup_printf(_("the XML of %s: %s"), target->name, gerror->message);
    return false;
}

/* Learns about @domain what the calls need. Returns NULL and a message in
 * @error on failure. */
StormTarget *
storm_target_new(virDomainPtr domain, char **error)
{
    StormTarget *target = g_new0(StormTarget, 1);
    virDomainInfo info;
    char *xml = virDomainGetXMLDesc(domain, 0);
    bool ok = false;

    target->name = g_strdup(virDomainGetName(domain));
    if (!xml || virDomainGetUUID(domain, target->uuid) < 0 ||
        virDomainGetInfo(domain, &info) < 0) {
        *error = storm_last_error();
    } else {
        target->memory = MIN(info.memory, info.maxMem);
        target->active = info.state != VIR_DOMAIN_SHUTOFF;
        ok = read_xml(target, xml, error);
    }
    free(xml);
    if (!ok)
        g_clear_pointer(&target, storm_target_free);
    return target;
}

/* @target may be NULL. */
void
storm_target_free(StormTarget *target)
{
    if (!target)
        return;
    g_free(target->name);
    g_free(target->disk);
    g_free(target->interface);
    g_free(target);
}

/* Returns all active domains of the host @conn as a new array of StormTarget,
 * or NULL and a message in @error. */
GPtrArray *
storm_targets_active(virConnectPtr conn, char **error)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(
                                       (GDestroyNotify)storm_target_free);
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    bool ok = n >= 0;
    int i;

    if (!ok)
        *error = storm_last_error();
    for (i = 0; i < n; i++) {
        StormTarget *target = ok ? storm_target_new(domains[i], error) : NULL;

        ok = ok && target;
        if (target)
            g_ptr_array_add(targets, target);
        virDomainFree(domains[i]);
    }
    free(domains);
    return ok ? g_steal_pointer(&targets) : NULL;
}
