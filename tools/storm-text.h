/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-text.h: what people read
 */

#ifndef STORM_TEXT_H
#define STORM_TEXT_H

#include <glib.h>
#include <glib/gi18n-lib.h>

void storm_text_init(void);
void storm_text_to_stderr(void);
void G_GNUC_PRINTF(1, 2) storm_print(const char *format, ...);
char *storm_show_time(gint64 ns);
char *storm_show_ratio(double ratio);
char *storm_show_count(guint64 count);
void storm_print_cell(const char *text, int width);
void G_GNUC_PRINTF(1, 2) storm_print_status(const char *format, ...);
void G_GNUC_PRINTF(1, 2) storm_complain(const char *format, ...);

#endif /* STORM_TEXT_H */
