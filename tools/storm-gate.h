/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-gate.h: conditions under which a run counts as failed
 */

#ifndef STORM_GATE_H
#define STORM_GATE_H

#include "storm-record.h"

typedef enum {
    STORM_GATE_LATENCY,     /* a time of the queries that were answered */
    STORM_GATE_COUNT,       /* a number of queries */
    STORM_GATE_SHARE,       /* of all queries, in percent */
    STORM_GATE_MIGRATION,   /* a time of a migration */
    STORM_GATE_FAILED,      /* a number of migrations */
} StormGateKind;

/* --fail-if, taken apart */
typedef struct {
    char *text;
    char *call;             /* name, or NULL: all calls together */
    guint metric;           /* index of the table */
    StormGateKind kind;
    char operator;          /* '<' or '>', ... */
    bool or_equal;          /* ... or what is equal to it */
    double value;           /* ns, a number, or percent */
} StormGate;

GPtrArray *storm_gates_parse(const char *const *words, char **error);
char *storm_gates_names(void);
double storm_gate_queries(const StormGate *gate, const StormSummary *summary);
bool storm_gate_of_downtime(const StormGate *gate);
bool storm_gate_fails(const StormGate *gate, double value);
char *storm_gate_format(const StormGate *gate, double value);

#endif /* STORM_GATE_H */
