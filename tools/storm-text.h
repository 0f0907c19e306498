/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-text.h: what people read
 */

#ifndef STORM_TEXT_H
#define STORM_TEXT_H

#include <glib.h>

void storm_text_to_stderr(void);
void G_GNUC_PRINTF(1, 2) storm_print(const char *format, ...);
void G_GNUC_PRINTF(1, 2) storm_complain(const char *format, ...);

#endif /* STORM_TEXT_H */
