/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-call.h: the API calls that can be chosen
 */

#ifndef STORM_CALL_H
#define STORM_CALL_H

#include "storm-check.h"
#include "storm-target.h"

typedef struct StormCall StormCall;

/* A call that was chosen, with its argument */
typedef struct {
    const StormCall *call;
    char *text;             /* argument, or NULL: the call's default */
    guint64 number;         /* the same as a number, if the call takes one */
} StormChoice;

/* What one call is about, and what it leaves */
typedef struct {
    virConnectPtr conn;
    virDomainPtr domain;        /* NULL: all domains of the host */
    const StormTarget *target;  /* NULL, too, then */
    const StormChoice *choice;
    const StormShape *shape;    /* what to check an answer with, or NULL */
    bool nowait;                /* let statistics leave out what they would wait for */
    bool absent;                /* out: the answer is that there is no such domain */
    bool off;                   /* out: the answer tells of a domain that is off */
    char *problem;              /* out: what is wrong with the answer, newly allocated */
} StormAsk;

typedef enum {
    STORM_NEEDS_DISK = 1 << 0,
    STORM_NEEDS_INTERFACE = 1 << 1,
    STORM_WHOLE_HOST = 1 << 2,  /* one call can be about all domains of the host */
    STORM_DISTURBS = 1 << 3,    /* stops, ends or changes what the domain does */
    STORM_TAKES_TEXT = 1 << 4,
    STORM_TAKES_NUMBER = 1 << 5,
    STORM_TELLS_STATE = 1 << 6, /* an answer tells whether the domain is active */
    STORM_WRITES = 1 << 8,      /* needs more than a read-only connection */
    STORM_MAY_REFUSE = 1 << 7,  /* an active domain's state may not allow the call */
} StormCallFlags;

struct StormCall {
    const char *name;           /* as virsh names it */
    const char *function;       /* of libvirt */
    unsigned int flags;
    const char *argument;       /* what the argument is, or NULL */
    /* Calls libvirt. Returns 0, or -1 with libvirt's error set. */
    int (*run)(StormAsk *ask);
    /* Undoes what a call that has succeeded did; NULL: nothing to undo. */
    int (*undo)(StormAsk *ask);
};

const StormCall *storm_call_table(guint *n);
GPtrArray *storm_choices_parse(const char *const *lists, const char *const *arguments,
                               char **error);
bool storm_choice_fits(const StormChoice *choice, const StormTarget *target, char **error);

#endif /* STORM_CALL_H */
