/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-flags.c: flags and parameters of a migration, as virsh names them
 *
 * Nothing here needs a lock.
 */

#include "storm-flags.h"
#include "storm-text.h"

#include <string.h>

/* No bit: what libvirt does anyway */
#define NOTHING 0

/* No flag of libvirt: done by whoever migrates */
#define AFTER_PRECOPY G_MAXUINT

static const struct {
    const char *name;
    unsigned int flag;
} flag_table[] = {
    { "live", VIR_MIGRATE_LIVE },
    { "offline", VIR_MIGRATE_OFFLINE },
    { "direct", NOTHING },
    { "p2p", VIR_MIGRATE_PEER2PEER },
    { "tunnelled", VIR_MIGRATE_TUNNELLED },
    { "persistent", VIR_MIGRATE_PERSIST_DEST },
    { "undefinesource", VIR_MIGRATE_UNDEFINE_SOURCE },
    { "suspend", VIR_MIGRATE_PAUSED },
    { "copy-storage-all", VIR_MIGRATE_NON_SHARED_DISK },
    { "copy-storage-inc", VIR_MIGRATE_NON_SHARED_INC },
    { "copy-storage-synchronous-writes", VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES },
    { "change-protection", VIR_MIGRATE_CHANGE_PROTECTION },
    { "unsafe", VIR_MIGRATE_UNSAFE },
    { "verbose", NOTHING },
    { "rdma-pin-all", VIR_MIGRATE_RDMA_PIN_ALL },
    { "abort-on-error", VIR_MIGRATE_ABORT_ON_ERROR },
    { "postcopy", VIR_MIGRATE_POSTCOPY },
    { "postcopy-after-precopy", AFTER_PRECOPY },
    { "postcopy-resume", VIR_MIGRATE_POSTCOPY_RESUME },
    { "zerocopy", VIR_MIGRATE_ZEROCOPY },
    { "compressed", VIR_MIGRATE_COMPRESSED },
    { "auto-converge", VIR_MIGRATE_AUTO_CONVERGE },
    { "parallel", VIR_MIGRATE_PARALLEL },
    { "tls", VIR_MIGRATE_TLS },
};

typedef enum {
    PARAM_STRING,
    PARAM_LIST,     /* a string each, with commas between */
    PARAM_FILE,     /* the text in a file */
    PARAM_INT,
    PARAM_ULLONG,
} ParamKind;

static const struct {
    const char *name;
    const char *field;  /* VIR_MIGRATE_PARAM_... */
    ParamKind kind;
} param_table[] = {
    { "uri", VIR_MIGRATE_PARAM_URI, PARAM_STRING },
    { "migrateuri", VIR_MIGRATE_PARAM_URI, PARAM_STRING },
    { "graphicsuri", VIR_MIGRATE_PARAM_GRAPHICS_URI, PARAM_STRING },
    { "listen-address", VIR_MIGRATE_PARAM_LISTEN_ADDRESS, PARAM_STRING },
    { "dname", VIR_MIGRATE_PARAM_DEST_NAME, PARAM_STRING },
    { "xml", VIR_MIGRATE_PARAM_DEST_XML, PARAM_FILE },
    { "dest-xml", VIR_MIGRATE_PARAM_DEST_XML, PARAM_FILE },
    { "persistent-xml", VIR_MIGRATE_PARAM_PERSIST_XML, PARAM_FILE },
    { "migrate-disks", VIR_MIGRATE_PARAM_MIGRATE_DISKS, PARAM_LIST },
    { "disks-port", VIR_MIGRATE_PARAM_DISKS_PORT, PARAM_INT },
    { "disks-uri", VIR_MIGRATE_PARAM_DISKS_URI, PARAM_STRING },
    { "comp-methods", VIR_MIGRATE_PARAM_COMPRESSION, PARAM_LIST },
    { "comp-mt-level", VIR_MIGRATE_PARAM_COMPRESSION_MT_LEVEL, PARAM_INT },
    { "comp-mt-threads", VIR_MIGRATE_PARAM_COMPRESSION_MT_THREADS, PARAM_INT },
    { "comp-mt-dthreads", VIR_MIGRATE_PARAM_COMPRESSION_MT_DTHREADS, PARAM_INT },
    { "comp-xbzrle-cache", VIR_MIGRATE_PARAM_COMPRESSION_XBZRLE_CACHE, PARAM_ULLONG },
    { "auto-converge-initial", VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL, PARAM_INT },
    { "auto-converge-increment", VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT, PARAM_INT },
    { "bandwidth", VIR_MIGRATE_PARAM_BANDWIDTH, PARAM_ULLONG },
    { "postcopy-bandwidth", VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY, PARAM_ULLONG },
    { "parallel-connections", VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, PARAM_INT },
    { "tls-destination", VIR_MIGRATE_PARAM_TLS_DESTINATION, PARAM_STRING },
};

/* Adds the flag @name. Returns false if there is none. */
static bool
add_flag(StormFlags *flags, const char *name)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(flag_table); i++) {
        if (strcmp(name, flag_table[i].name) != 0)
            continue;
        if (flag_table[i].flag == AFTER_PRECOPY)
            flags->postcopy_after_precopy = true;
        else
            flags->flags |= flag_table[i].flag;
        return true;
    }
    return false;
}

/* Turns the @list of names with commas between into @flags. Returns false and
 * a message in @error if one is unknown. */
bool
storm_flags_parse(const char *list, StormFlags *flags, char **error)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);
    size_t i;

    memset(flags, 0, sizeof(*flags));
    for (i = 0; names[i]; i++) {
        if (*names[i] && !add_flag(flags, names[i])) {
            *error = g_strdup_printf(_("unknown migration flag %s"), names[i]);
            return false;
        }
    }
    if (flags->postcopy_after_precopy && !(flags->flags & VIR_MIGRATE_POSTCOPY)) {
        *error = g_strdup(_("postcopy-after-precopy wants postcopy, too"));
        return false;
    }
    return true;
}

/* Returns all names with commas between, newly allocated. */
char *
storm_flags_names(void)
{
    g_autoptr(GString) names = g_string_new(NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(flag_table); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", flag_table[i].name);
    return g_strdup(names->str);
}

/* --- parameters --- */

static int
add_list(StormParams *params, const char *field, const char *value)
{
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    int result = 0;
    size_t i;

    for (i = 0; result == 0 && words[i]; i++)
        result = virTypedParamsAddString(&params->params, &params->n, &params->max, field,
                                         words[i]);
    return result;
}

/* Adds the parameter @which with @value. Returns false and a message in @error
 * if the value will not do. */
static bool
add_param(StormParams *params, size_t which, const char *value, char **error)
{
    const char *field = param_table[which].field;
    g_autofree char *text = NULL;
    g_autoptr(GError) gerror = NULL;
    guint64 number = 0;
    int result = -1;

    switch (param_table[which].kind) {
    case PARAM_FILE:
        if (!g_file_get_contents(value, &text, NULL, &gerror)) {
            *error = g_strdup(gerror->message);
            return false;
        }
        value = text;
        G_GNUC_FALLTHROUGH;
    case PARAM_STRING:
        result = virTypedParamsAddString(&params->params, &params->n, &params->max, field,
                                         value);
        break;
    case PARAM_LIST:
        result = add_list(params, field, value);
        break;
    case PARAM_INT:
        if (g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT, &number, &gerror))
            result = virTypedParamsAddInt(&params->params, &params->n, &params->max, field,
                                          number);
        break;
    case PARAM_ULLONG:
        if (g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &number, &gerror))
            result = virTypedParamsAddULLong(&params->params, &params->n, &params->max, field,
                                             number);
        break;
    }
    if (result == 0)
        return true;
    *error = gerror ? g_strdup_printf("%s: %s", param_table[which].name, gerror->message)
                    : storm_last_error();
    return false;
}

/* Turns @words, NAME=VALUE each and NULL at the end (or NULL), into @params, to
 * be cleared with storm_params_clear() even on failure. After virInitialize().
 * Returns false and a
 * message in @error if one will not do. */
bool
storm_params_parse(const char *const *words, StormParams *params, char **error)
{
    size_t i, n;

    memset(params, 0, sizeof(*params));
    for (i = 0; words && words[i]; i++) {
        const char *equals = strchr(words[i], '=');
        g_autofree char *name = equals ? g_strndup(words[i], equals - words[i]) : NULL;

        if (!name) {
            *error = g_strdup_printf(_("a parameter wants NAME=VALUE, not %s"), words[i]);
            return false;
        }
        for (n = 0; n < G_N_ELEMENTS(param_table); n++) {
            if (strcmp(name, param_table[n].name) == 0)
                break;
        }
        if (n == G_N_ELEMENTS(param_table)) {
            *error = g_strdup_printf(_("unknown migration parameter %s"), name);
            return false;
        }
        if (!add_param(params, n, equals + 1, error))
            return false;
    }
    return true;
}

/* Returns all names with commas between, newly allocated. */
char *
storm_params_names(void)
{
    g_autoptr(GString) names = g_string_new(NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(param_table); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", param_table[i].name);
    return g_strdup(names->str);
}

/* Frees what @params holds. */
void
storm_params_clear(StormParams *params)
{
    virTypedParamsFree(params->params, params->n);
    memset(params, 0, sizeof(*params));
}
