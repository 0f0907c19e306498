/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-connect.c: connections, as virsh makes them
 *
 * Whoever is asked for a password is asked once: what was answered serves for
 * every further connection to the same URI, of which there may be thousands.
 *
 * The settings change only while no other thread connects. The lock is over the
 * answers; it is held while somebody is asked, so that one thread asks.
 */

#include "storm-connect.h"

#include <stdatomic.h>
#include <string.h>

static struct {
    int interval;
    guint count;
    bool wanted;
} keepalive = { 5, 6, false };

static struct {
    pthread_mutex_t lock;
    GHashTable *known;      /* "URI type prompt challenge" -> answer */
    atomic_bool silent;     /* nobody is asked any more */
} answers = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A connection is given up if it is silent for @count times @interval seconds;
 * 0: never. @wanted: one that cannot be watched so is an error. */
void
storm_connect_keepalive(int interval, guint count, bool wanted)
{
    keepalive.interval = interval;
    keepalive.count = count;
    keepalive.wanted = wanted;
}

/* From now on nobody is asked for anything. */
void
storm_connect_silence(void)
{
    atomic_store(&answers.silent, true);
}

/* Sets the result of @cred from an answer given before, or has libvirt ask on the
 * terminal. Called with the lock held. Returns 0, or -1 without an answer. */
static int
answer_one(virConnectCredentialPtr cred, const char *uri)
{
    g_autofree char *key = g_strdup_printf("%s %d %s %s", uri, cred->type, cred->prompt,
                                           cred->challenge ? cred->challenge : "");
    const char *known = g_hash_table_lookup(answers.known, key);

    if (!known) {
        if (atomic_load(&answers.silent) ||
            virConnectAuthPtrDefault->cb(cred, 1, virConnectAuthPtrDefault->cbdata) < 0)
            return -1;
        /* An agent of the system's has answered, not the user. */
        if (cred->type == VIR_CRED_EXTERNAL || !cred->result)
            return 0;
        g_hash_table_insert(answers.known, g_steal_pointer(&key),
                            g_strndup(cred->result, cred->resultlen));
        return 0;
    }
    cred->result = strdup(known);
    cred->resultlen = strlen(known);
    return 0;
}

static int
answer(virConnectCredentialPtr creds, unsigned int n, void *opaque)
{
    int result = 0;
    unsigned int i;

    pthread_mutex_lock(&answers.lock);
    if (!answers.known)
        answers.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (i = 0; result == 0 && i < n; i++)
        result = answer_one(&creds[i], opaque);
    pthread_mutex_unlock(&answers.lock);
    return result;
}

/* Connects to @uri; NULL and "" are libvirt's default. Returns NULL with libvirt's
 * error set on failure. For any thread. */
virConnectPtr
storm_connect(const char *uri, StormAccess access)
{
    const char *name = uri && *uri ? uri : NULL;
    virConnectAuth auth = {
        virConnectAuthPtrDefault->credtype, virConnectAuthPtrDefault->ncredtype, answer,
        (void *)(name ? name : ""),
    };
    virConnectPtr conn = virConnectOpenAuth(name, &auth,
                                            access == STORM_READ_ONLY ? VIR_CONNECT_RO : 0);

    if (conn && keepalive.interval > 0 &&
        virConnectSetKeepAlive(conn, keepalive.interval, keepalive.count) != 0) {
        if (keepalive.wanted) {
            virConnectClose(conn);
            return NULL;
        }
        virResetLastError();
    }
    return conn;
}
