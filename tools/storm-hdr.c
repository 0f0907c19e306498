/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-hdr.c: histograms in HdrHistogram's interchange format
 *
 * Our buckets are those of an HdrHistogram with a lowest value of 8 ns and three
 * significant digits, so its counts are ours, one by one. Its encoded form V2 is a
 * head of 40 bytes, all numbers big-endian, and the counts up to the last that is
 * not 0, each as a ZigZag LEB128 number; a negative number stands for so many
 * counts of 0. The compressed form has that as a zlib stream behind a head of 8
 * bytes, and a log has it in base64.
 *
 * Nothing here needs a lock.
 */

#include "storm-hdr.h"

#include <gio/gio.h>
#include <string.h>

#define COOKIE_ENCODED 0x1c849313
#define COOKIE_COMPRESSED 0x1c849314
#define SIGNIFICANT_DIGITS 3

/* The payload as far as it has come */
typedef struct {
    GByteArray *bytes;
    guint next;             /* bucket whose count comes next */
} Payload;

static void
append_zigzag(GByteArray *bytes, gint64 value)
{
    guint64 rest = ((guint64)value << 1) ^ (guint64)(value >> 63);
    guint8 byte;
    guint n;

    /* At most nine bytes; the ninth has eight bits. */
    for (n = 0; n < 8 && rest >= 0x80; n++) {
        byte = 0x80 | (rest & 0x7f);
        g_byte_array_append(bytes, &byte, 1);
        rest >>= 7;
    }
    byte = rest;
    g_byte_array_append(bytes, &byte, 1);
}

static void
add_count(gint64 highest, guint64 count, gpointer opaque)
{
    Payload *payload = opaque;
    guint index = storm_hist_index(highest);
    guint zeros = index - payload->next;

    if (zeros == 1)
        append_zigzag(payload->bytes, 0);
    else if (zeros)
        append_zigzag(payload->bytes, -(gint64)zeros);
    append_zigzag(payload->bytes, count);
    payload->next = index + 1;
}

static void
append_be(GByteArray *bytes, guint64 value, guint size)
{
    guint8 byte;

    while (size--) {
        byte = value >> (8 * size);
        g_byte_array_append(bytes, &byte, 1);
    }
}

/* Returns @bytes as a zlib stream. */
static GByteArray *
deflated(const GByteArray *bytes)
{
    g_autoptr(GZlibCompressor) compressor = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB,
                                                                  -1);
    GByteArray *out = g_byte_array_new();
    GConverterResult result;
    gsize read = 0;

    do {
        guint8 buffer[4096];
        gsize in = 0, written = 0;

        result = g_converter_convert(G_CONVERTER(compressor), bytes->data + read,
                                     bytes->len - read, buffer, sizeof(buffer),
                                     G_CONVERTER_INPUT_AT_END, &in, &written, NULL);
        g_assert(result != G_CONVERTER_ERROR);
        read += in;
        g_byte_array_append(out, buffer, written);
    } while (result != G_CONVERTER_FINISHED);
    return out;
}

/* Returns @hist in the compressed form V2 and base64, newly allocated. */
char *
storm_hdr_encode(const StormHist *hist)
{
    g_autoptr(GByteArray) counts = g_byte_array_new();
    g_autoptr(GByteArray) encoded = g_byte_array_new();
    g_autoptr(GByteArray) stream = NULL;
    g_autoptr(GByteArray) compressed = g_byte_array_new();
    Payload payload = { counts, 0 };
    double ratio = 1;
    guint64 bits;

    storm_hist_foreach(hist, add_count, &payload);
    memcpy(&bits, &ratio, sizeof(bits));
    append_be(encoded, COOKIE_ENCODED, 4);
    append_be(encoded, counts->len, 4);
    append_be(encoded, 0, 4);                           /* normalizing index offset */
    append_be(encoded, SIGNIFICANT_DIGITS, 4);
    append_be(encoded, STORM_HIST_UNIT, 8);             /* lowest discernible value */
    append_be(encoded, storm_hist_largest(), 8);        /* highest trackable value */
    append_be(encoded, bits, 8);                        /* ratio of integers to values */
    g_byte_array_append(encoded, counts->data, counts->len);
    stream = deflated(encoded);
    append_be(compressed, COOKIE_COMPRESSED, 4);
    append_be(compressed, stream->len, 4);
    g_byte_array_append(compressed, stream->data, stream->len);
    return g_base64_encode(compressed->data, compressed->len);
}
