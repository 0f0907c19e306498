/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-json.h: the results for programs
 */

#ifndef STORM_JSON_H
#define STORM_JSON_H

#include "storm-run.h"

#define STORM_JSON_FORMAT 1

bool storm_json_write(StormRun *run, const char *path, char **error);

#endif /* STORM_JSON_H */
