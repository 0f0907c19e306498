/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * check-disk.c: checks the raw disk of the test guest after the fact
 *
 * usage: check-disk FILE SEED LAST
 *
 * LAST is the number of the last block that the guest reported as safely
 * written. Every block up to it must be there with the right contents, unless
 * a later one has since taken its place; that can only be one that the guest
 * was about to report. Prints one line; exit status 0: all right, 1: not,
 * 2: cannot tell.
 */

#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

int
main(int argc, char **argv)
{
    static uint64_t block[PATTERN_WORDS];
    uint64_t seed, last, capacity, where, bad = 0, checked = 0;
    FILE *file;

    if (argc != 4) {
        fprintf(stderr, "usage: check-disk FILE SEED LAST\n");
        return 2;
    }
    seed = strtoull(argv[2], NULL, 0);
    last = strtoull(argv[3], NULL, 0);
    file = fopen(argv[1], "rb");
    if (!file || fseeko(file, 0, SEEK_END) < 0) {
        fprintf(stderr, "check-disk: %s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    capacity = ftello(file) / PATTERN_SIZE;
    rewind(file);

    for (where = 0; where < capacity && where <= last; where++) {
        /* The last block that belongs here among those reported */
        uint64_t wanted = where + (last - where) / capacity * capacity;
        uint64_t number;

        if (fread(block, PATTERN_SIZE, 1, file) != 1) {
            fprintf(stderr, "check-disk: %s: cannot read block %llu\n",
                    argv[1], (unsigned long long)where);
            return 2;
        }
        number = block[1];
        if (number == wanted + capacity && number <= last + PATTERN_DISK_BATCH)
            wanted = number;
        if (pattern_check(block, seed, where, wanted) < PATTERN_WORDS) {
            if (bad++ == 0)
                printf("check-disk: position %llu holds block %llu, not %llu\n",
                       (unsigned long long)where, (unsigned long long)number,
                       (unsigned long long)wanted);
        }
        checked++;
    }
    fclose(file);
    printf("check-disk: %llu of %llu blocks bad\n",
           (unsigned long long)bad, (unsigned long long)checked);
    return bad ? 1 : 0;
}
