/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-check.c: whether an answer to domstats is what it must be
 *
 * Nothing here needs a lock.
 */

#include "storm-check.h"
#include "storm-text.h"

#include <string.h>

struct StormShape {
    GHashTable *fields; /* name -> value if it must never change, or NULL */
};

/* What an answer for an active domain has at least, whatever the host */
static const char *const must_have[] = {
    "state.state", "state.reason", "cpu.time", "balloon.current", "balloon.maximum",
    "balloon.rss", "vcpu.current", "vcpu.maximum", "vcpu.0.state", "vcpu.0.time",
    "block.count", "block.0.name", "block.0.rd.reqs", "block.0.wr.reqs",
    "block.0.fl.reqs", "block.0.capacity",
};

/* What one for a domain that is off, or is being set up, has */
static const char *const must_have_off[] = {
    "state.state", "state.reason", "balloon.maximum", "vcpu.maximum", "block.count",
};

/* Fields that say the same all the time */
static const char *const never_changes[] = {
    "balloon.maximum", "vcpu.current", "vcpu.maximum", "net.count", "block.count",
    "block.0.name", "block.0.capacity",
};

/* Value of a field as text, newly allocated */
static char *
param_text(const virTypedParameter *param)
{
    switch (param->type) {
    case VIR_TYPED_PARAM_INT:
        return g_strdup_printf("%d", param->value.i);
    case VIR_TYPED_PARAM_UINT:
        return g_strdup_printf("%u", param->value.ui);
    case VIR_TYPED_PARAM_LLONG:
        return g_strdup_printf("%lld", param->value.l);
    case VIR_TYPED_PARAM_ULLONG:
        return g_strdup_printf("%llu", param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE:
        return g_strdup_printf("%g", param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN:
        return g_strdup(param->value.b ? "yes" : "no");
    case VIR_TYPED_PARAM_STRING:
        return g_strdup(param->value.s);
    default:
        return g_strdup("?");
    }
}

static const virTypedParameter *
find_field(const virDomainStatsRecord *record, const char *name)
{
    int i;

    for (i = 0; i < record->nparams; i++) {
        if (strcmp(record->params[i].field, name) == 0)
            return &record->params[i];
    }
    return NULL;
}

/* Returns the name of the first of the @n @names that @record lacks, or NULL. */
static const char *
find_missing(const virDomainStatsRecord *record, const char *const *names, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (!find_field(record, names[i]))
            return names[i];
    }
    return NULL;
}

/* Returns the value that @param must always have, newly allocated, or NULL if
 * it may change. */
static char *
lasting_value(const virTypedParameter *param)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(never_changes); i++) {
        if (strcmp(param->field, never_changes[i]) == 0)
            return param_text(param);
    }
    return NULL;
}

/* Learns what an answer for @domain looks like; it must be running, with
 * nothing else going on. Returns NULL and a message in @error on failure. */
StormShape *
storm_shape_learn(virDomainPtr domain, char **error)
{
    virDomainPtr list[] = { domain, NULL };
    virDomainStatsRecordPtr *records = NULL;
    StormShape *shape = NULL;
    const char *missing;
    int i;

    if (virDomainListGetStats(list, 0, &records, 0) != 1) {
        *error = storm_last_error();
    } else if ((missing = find_missing(records[0], must_have, G_N_ELEMENTS(must_have)))) {
        *error = g_strdup_printf(_("the idle domain's statistics have no field %s"), missing);
    } else {
        shape = g_new0(StormShape, 1);
        shape->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        for (i = 0; i < records[0]->nparams; i++) {
            const virTypedParameter *param = &records[0]->params[i];

            g_hash_table_insert(shape->fields, g_strdup(param->field), lasting_value(param));
        }
    }
    if (records)
        virDomainStatsRecordListFree(records);
    return shape;
}

/* @shape may be NULL. */
void
storm_shape_free(StormShape *shape)
{
    if (!shape)
        return;
    g_hash_table_unref(shape->fields);
    g_free(shape);
}

/* Checks an answer for the active domain. Returns NULL if all is there, or
 * what is wrong, newly allocated. */
static char *
check_active(const StormShape *shape, const virDomainStatsRecord *record)
{
    GString *missing = NULL;
    GHashTableIter iter;
    gpointer name, value;
    char *wrong = NULL;
    guint count = 0;

    g_hash_table_iter_init(&iter, shape->fields);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const virTypedParameter *param = find_field(record, name);

        if (!param) {
            count++;
            if (!missing)
                missing = g_string_new(name);
            continue;
        }
        if (value && !wrong) {
            g_autofree char *text = param_text(param);

            if (g_strcmp0(text, value) != 0)
                wrong = g_strdup_printf("wrong answer: %s is %s, not %s",
                                        (char *)name, text, (char *)value);
        }
    }
    if (missing) {
        /* Of the job timeout's half answers all look alike: name one that
         * always goes first, so that they count as one. */
        const char *first = find_missing(record, must_have, G_N_ELEMENTS(must_have));

        g_free(wrong);
        wrong = g_strdup_printf("incomplete answer: %u of %u fields are missing, %s among them",
                                count, g_hash_table_size(shape->fields),
                                first ? first : missing->str);
        g_string_free(missing, TRUE);
    }
    return wrong;
}

/* Returns whether @record says that its domain is off, or is being stopped. */
bool
storm_stats_off(const virDomainStatsRecord *record)
{
    const virTypedParameter *state = find_field(record, "state.state");

    return state && state->type == VIR_TYPED_PARAM_INT &&
           (state->value.i == VIR_DOMAIN_SHUTOFF || state->value.i == VIR_DOMAIN_SHUTDOWN);
}

/* Returns whether @record says that its domain is being set up, when libvirt has
 * no monitor to ask yet. */
static bool
in_setup(const virDomainStatsRecord *record)
{
    const virTypedParameter *state = find_field(record, "state.state");
    const virTypedParameter *reason = find_field(record, "state.reason");

    return state && state->type == VIR_TYPED_PARAM_INT && state->value.i == VIR_DOMAIN_PAUSED &&
           reason && reason->type == VIR_TYPED_PARAM_INT &&
           reason->value.i == VIR_DOMAIN_PAUSED_STARTING_UP;
}

/* Returns NULL if @record has all of @names, or what it lacks, newly allocated. */
static char *
check_names(const virDomainStatsRecord *record, const char *const *names, size_t n,
            const char *what)
{
    const char *missing = find_missing(record, names, n);

    if (!missing)
        return NULL;
    return g_strdup_printf("incomplete answer for a domain that is %s: no %s", what, missing);
}

/* Returns NULL if @record is all that it must be for the state it tells of, or
 * else what is wrong, newly allocated. */
char *
storm_shape_check(const StormShape *shape, const virDomainStatsRecord *record)
{
    const virTypedParameter *state = find_field(record, "state.state");

    if (!state || state->type != VIR_TYPED_PARAM_INT)
        return g_strdup("incomplete answer: no state.state");
    switch (state->value.i) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_PAUSED:
        if (in_setup(record)) {
            return check_names(record, must_have_off, G_N_ELEMENTS(must_have_off),
                               "being set up");
        }
        return check_active(shape, record);
    case VIR_DOMAIN_SHUTDOWN:
    case VIR_DOMAIN_SHUTOFF:
        return check_names(record, must_have_off, G_N_ELEMENTS(must_have_off), "off");
    default:
        return g_strdup_printf("wrong answer: state.state is %d", state->value.i);
    }
}
