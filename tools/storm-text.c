/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-text.c: what people read
 *
 * All text is UTF-8 until it is written. The locale's numbers are for the functions
 * storm_show_*() alone: everything else, and all that programs read, has those of C.
 */

#include "storm-text.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static FILE *output;    /* NULL: standard output */
static locale_t numbers;

/* Chooses the user's language. Before anything else. */
void
storm_text_init(void)
{
    /* for tests of what is not installed */
    const char *folder = getenv("JOBSTORM_LOCALEDIR");

    setlocale(LC_ALL, "");
    numbers = newlocale(LC_NUMERIC_MASK, "", duplocale(LC_GLOBAL_LOCALE));
    setlocale(LC_NUMERIC, "C");
    bindtextdomain(GETTEXT_PACKAGE, folder ? folder : STORM_LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);
}

/* Prints with the locale's numbers. Returns newly allocated text. */
static char * G_GNUC_PRINTF(1, 2)
show(const char *format, ...)
{
    locale_t old = numbers ? uselocale(numbers) : NULL;
    char *text;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (numbers)
        uselocale(old);
    return text;
}

/* Returns the duration @ns as a person reads it, newly allocated. */
char *
storm_show_time(gint64 ns)
{
    if (ns >= 995 * G_GINT64_CONSTANT(1000000))
        return show(_("%'.2f s"), ns / 1e9);
    if (ns >= 10 * G_GINT64_CONSTANT(1000000))
        return show(_("%.0f ms"), ns / 1e6);
    if (ns >= G_GINT64_CONSTANT(1000000))
        return show(_("%.1f ms"), ns / 1e6);
    return show(_("%.0f us"), ns / 1e3);
}

/* Returns @ratio as a person reads it, newly allocated. */
char *
storm_show_ratio(double ratio)
{
    return show("%.3f", ratio);
}

/* Returns @count as a person reads it, newly allocated. */
char *
storm_show_count(guint64 count)
{
    return show("%'llu", (unsigned long long)count);
}

/* Prints @text in a column of @width characters, on its left if that is negative. */
void
storm_print_cell(const char *text, int width)
{
    int pad = MAX(ABS(width) - (int)g_utf8_strlen(text, -1), 0);

    if (width < 0)
        storm_print("%s%*s", text, pad, "");
    else
        storm_print("%*s%s", pad, "", text);
}

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

/* Prints how things stand, to standard error. */
void
storm_print_status(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    put(stderr, text);
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
