/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * pattern.h: what the test guest writes to its memory and to its disk
 *
 * Every page of memory and every block of the disk says which one it is and
 * which version of itself, and the rest of it follows from that and a seed.
 * A page that was lost, mixed up, torn or is an older version of itself is
 * therefore told from a good one by looking at nothing else.
 *
 * Shared by the guest's init, which writes and checks the memory, and by
 * check-disk, which checks the disk on the host.
 */

#ifndef JOBGUEST_PATTERN_H
#define JOBGUEST_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Unit of both the memory area and the disk, in bytes */
#define PATTERN_SIZE 4096
#define PATTERN_WORDS (PATTERN_SIZE / sizeof(uint64_t))

#define PATTERN_MAGIC UINT64_C(0x6a6f626775657374) /* "jobguest" */
#define PATTERN_STEP UINT64_C(0x9e3779b97f4a7c15)

/* The guest writes this many disk blocks between two flushes at most, so no
 * more than that can be on the disk without having been reported. */
#define PATTERN_DISK_BATCH 16

/* Scrambles 64 bits (the finalizer of splitmix64). */
static inline uint64_t
pattern_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t
pattern_base(uint64_t seed, uint64_t where, uint64_t version)
{
    return pattern_mix(seed ^ pattern_mix(where + PATTERN_STEP) ^
                       pattern_mix(version * PATTERN_STEP + 1));
}

/* Fills the unit at @words with version @version of unit @where. */
static inline void
pattern_fill(uint64_t *words, uint64_t seed, uint64_t where, uint64_t version)
{
    uint64_t base = pattern_base(seed, where, version);
    size_t i;

    words[0] = PATTERN_MAGIC ^ where;
    words[1] = version;
    for (i = 2; i < PATTERN_WORDS; i++)
        words[i] = base + i * PATTERN_STEP;
}

/* Returns the index of the first word at @words that is not as pattern_fill()
 * leaves it, or PATTERN_WORDS if the whole unit is right. */
static inline size_t
pattern_check(const uint64_t *words, uint64_t seed, uint64_t where, uint64_t version)
{
    uint64_t base = pattern_base(seed, where, version);
    size_t i;

    if (words[0] != (PATTERN_MAGIC ^ where))
        return 0;
    if (words[1] != version)
        return 1;
    for (i = 2; i < PATTERN_WORDS; i++) {
        if (words[i] != base + i * PATTERN_STEP)
            return i;
    }
    return PATTERN_WORDS;
}

#endif /* JOBGUEST_PATTERN_H */
