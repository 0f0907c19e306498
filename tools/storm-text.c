/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-text.c: what people read
 *
 * All text is UTF-8 until it is written.
 */

#include "storm-text.h"

#include <stdio.h>

static FILE *output;    /* NULL: standard output */

/* Tables go to standard error, as standard output is for the results. Before any
 * other thread is there. */
void
storm_text_to_stderr(void)
{
    output = stderr;
}

static void
put(FILE *file, const char *text)
{
    g_autofree char *local = g_locale_from_utf8(text, -1, NULL, NULL, NULL);

    fputs(local ? local : text, file);
    fflush(file);
}

/* Prints a part of a table. */
void
storm_print(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    put(output ? output : stdout, text);
}

/* Prints a message, with the program's name before it, to standard error. */
void
storm_complain(const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    line = g_strdup_printf("virt-jobstorm: %s\n", text);
    put(stderr, line);
}
