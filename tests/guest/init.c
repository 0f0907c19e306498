/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * init.c: the whole userland of the test guest
 *
 * Runs as process 1 of a Linux guest, statically linked, alone in its
 * initramfs but for the kernel modules of the disk. It keeps
 *
 *  - an area of memory of which it rewrites some pages all the time and checks
 *    all pages over and over,
 *  - a disk to which it writes numbered blocks, past all caches,
 *  - a heartbeat,
 *
 * and tells about each on the serial console, a line at a time:
 *
 *   guest start seed S mem M dirty D disk R     settings, once per boot
 *   heartbeat N T                               T: seconds since boot
 *   memory ok pass N writes W
 *   memory BAD pass N page P word I have X want Y
 *   disk start blocks C                         C: capacity in blocks
 *   disk safe N                                 blocks 0..N are on the disk
 *   guest BAD ...                               anything that must not happen
 *
 * Block N is at position N modulo C, so that a disk of any size will do.
 *
 * Settings come from the kernel's command line, which hands words that it
 * does not know to init's environment:
 *
 *   jobguest_seed=N     seed of all contents
 *   jobguest_mem=MIB    size of the memory area
 *   jobguest_dirty=KIB  how much of it is rewritten per second
 *   jobguest_verify=MIB how much of it is checked per second
 *   jobguest_disk=N     blocks written per second; 0: leave the disk alone
 *   jobguest_watchdog=1 has the watchdog, an ib700, go off once at the start
 *   jobguest_agent=1    opens the guest agent's port, as an agent does; whoever
 *                       has the other end answers in its place. Needs the disk's
 *                       modules.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pattern.h"

#define TICK_MS 20
#define HEARTBEAT_MS 200

/* The port that starts an ib700, and the value for a timeout of 0 s */
#define IB700_ENABLE 0x443
#define IB700_NOW 0xf

static int console = -1;

/* Writes one line to the console with one system call, so that lines of
 * several processes do not mix. */
static void
say(const char *format, ...)
{
    char line[256];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (len > (int)sizeof(line) - 2)
        len = sizeof(line) - 2;
    line[len++] = '\n';
    if (write(console, line, len) != len) {
        /* nobody left to tell */
    }
}

/* Returns the number that the kernel's command line gives for @name. */
static uint64_t
setting(const char *name, uint64_t fallback)
{
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 0) : fallback;
}

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void
sleep_ms(unsigned int ms)
{
    struct timespec ts = { ms / 1000, (ms % 1000) * 1000000L };

    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
}

/* Returns how many units of work are due after the time since @last at @rate
 * units a second, at most @limit, and moves @last on by as much. A guest that
 * stood still for a while does not try to make up for more than that. */
static uint64_t
due(double *last, double rate, uint64_t limit)
{
    double t = now();
    uint64_t units;

    if (rate <= 0) {
        *last = t;
        return 0;
    }
    if ((t - *last) * rate > limit) {
        *last = t;
        return limit;
    }
    units = (t - *last) * rate;
    *last += units / rate;
    return units;
}

/* Rewrites and checks the memory area; never returns. */
static void
run_memory(uint64_t seed, uint64_t mib, uint64_t dirty_kib, uint64_t verify_mib)
{
    size_t pages = mib * 1024 * 1024 / PATTERN_SIZE;
    uint64_t *area = mmap(NULL, pages * PATTERN_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    /* Version that each page must have. Apart from the area itself, so that a
     * page that comes back in an older version is noticed. */
    uint32_t *version = calloc(pages, sizeof(*version));
    uint64_t writes = 0;
    uint64_t random = seed;
    uint64_t pass = 1;
    uint64_t sum = 0;       /* of the versions seen in this pass ... */
    uint64_t sum_start = 0; /* ... which lies between the writes at its start ... */
    double last_write = now();
    double last_check = last_write;
    size_t next = 0;
    int bad = 0;
    size_t i;

    if (area == MAP_FAILED || !version || !pages) {
        say("guest BAD no memory for an area of %llu MiB", (unsigned long long)mib);
        exit(1);
    }
    for (i = 0; i < pages; i++)
        pattern_fill(area + i * PATTERN_WORDS, seed, i, 0);
    say("memory ready pages %zu", pages);

    for (;;) {
        uint64_t n = due(&last_write, dirty_kib * 1024.0 / PATTERN_SIZE, pages);

        while (n--) {
            random += PATTERN_STEP;
            i = pattern_mix(random) % pages;
            pattern_fill(area + i * PATTERN_WORDS, seed, i, ++version[i]);
            writes++;
        }

        n = due(&last_check, verify_mib * 1024.0 * 1024.0 / PATTERN_SIZE, pages / 4 + 1);
        while (n--) {
            const uint64_t *page = area + next * PATTERN_WORDS;
            size_t word = pattern_check(page, seed, next, version[next]);

            if (word < PATTERN_WORDS) {
                bad = 1;
                say("memory BAD pass %llu page %zu word %zu have %#llx version %u",
                    (unsigned long long)pass, next, word,
                    (unsigned long long)page[word], version[next]);
            }
            sum += version[next];
            if (++next < pages)
                continue;
            /* ... and the writes at its end: catches versions and pages that
             * were both set back. */
            if (sum < sum_start || sum > writes) {
                bad = 1;
                say("memory BAD pass %llu versions add up to %llu, not %llu to %llu",
                    (unsigned long long)pass, (unsigned long long)sum,
                    (unsigned long long)sum_start, (unsigned long long)writes);
            }
            if (bad)
                say("memory BAD pass %llu", (unsigned long long)pass);
            else
                say("memory ok pass %llu writes %llu",
                    (unsigned long long)pass, (unsigned long long)writes);
            pass++;
            next = 0;
            sum = 0;
            sum_start = writes;
        }
        sleep_ms(TICK_MS);
    }
}

/* Loads one kernel module; loading it twice is no fault. */
static void
load_module(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
        say("guest BAD cannot load %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* Loads what /modules/order lists, a file name of that folder in each line. */
static void
load_modules(void)
{
    FILE *order = fopen("/modules/order", "re");
    char name[128];

    if (!order) {
        say("guest BAD no list of modules");
        return;
    }
    while (fscanf(order, "%127s", name) == 1) {
        char path[160];

        snprintf(path, sizeof(path), "/modules/%s", name);
        load_module(path);
    }
    fclose(order);
}

/* Writes numbered blocks to the disk; never returns. */
static void
run_disk(uint64_t seed, uint64_t rate)
{
    const char *path = "/dev/vda";
    uint64_t number = 0;
    uint64_t capacity = 0;
    uint64_t *block;
    double last;
    int fd = -1;
    int tries;

    for (tries = 0; tries < 500 && fd < 0; tries++) {
        fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
        if (fd < 0)
            sleep_ms(TICK_MS);
    }
    if (fd < 0 || ioctl(fd, BLKGETSIZE64, &capacity) < 0 ||
        posix_memalign((void **)&block, PATTERN_SIZE, PATTERN_SIZE) != 0) {
        say("guest BAD disk %s: %s", path, strerror(errno));
        exit(1);
    }
    capacity /= PATTERN_SIZE;
    say("disk start blocks %llu", (unsigned long long)capacity);

    last = now();
    for (;;) {
        uint64_t n = due(&last, rate, rate);

        while (n) {
            uint64_t batch = n < PATTERN_DISK_BATCH ? n : PATTERN_DISK_BATCH;

            n -= batch;
            for (; batch; batch--, number++) {
                pattern_fill(block, seed, number % capacity, number);
                if (pwrite(fd, block, PATTERN_SIZE,
                           (off_t)(number % capacity) * PATTERN_SIZE) != PATTERN_SIZE) {
                    say("guest BAD disk write of block %llu: %s",
                        (unsigned long long)number, strerror(errno));
                    exit(1);
                }
            }
            if (fdatasync(fd) < 0) {
                say("guest BAD disk flush: %s", strerror(errno));
                exit(1);
            }
            say("disk safe %llu", (unsigned long long)(number - 1));
        }
        sleep_ms(10 * TICK_MS);
    }
}

/* Opens the only port of the guest's virtio-serial, and leaves it open. */
static void
open_port(void)
{
    glob_t found;
    int fd = -1;
    int tries;

    /* Some kernels have it without a module. */
    if (access("/modules/virtio_console.ko", F_OK) == 0)
        load_module("/modules/virtio_console.ko");
    for (tries = 0; tries < 500 && fd < 0; tries++) {
        if (glob("/dev/vport*p*", 0, NULL, &found) == 0) {
            fd = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC);
            globfree(&found);
        }
        if (fd < 0)
            sleep_ms(TICK_MS);
    }
    if (fd < 0)
        say("guest BAD no port for the agent");
}

int
main(void)
{
    uint64_t seed = setting("jobguest_seed", 1);
    uint64_t mem = setting("jobguest_mem", 48);
    uint64_t dirty = setting("jobguest_dirty", 4096);
    uint64_t verify = setting("jobguest_verify", 64);
    uint64_t disk = setting("jobguest_disk", 20);
    unsigned long long beat;

    mkdir("/dev", 0755);
    if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) < 0 ||
        (console = open("/dev/ttyS0", O_RDWR | O_NOCTTY)) < 0)
        return 1; /* the kernel panics, visibly */

    say("guest start seed %llu mem %llu dirty %llu disk %llu",
        (unsigned long long)seed, (unsigned long long)mem,
        (unsigned long long)dirty, (unsigned long long)disk);

    if (setting("jobguest_watchdog", 0)) {
        if (ioperm(IB700_ENABLE, 1, 1) < 0)
            say("guest BAD no access to the watchdog");
        else
            outb(IB700_NOW, IB700_ENABLE);
    }
    if (fork() == 0)
        run_memory(seed, mem, dirty, verify);
    if (disk) {
        load_modules();
        if (fork() == 0)
            run_disk(seed, disk);
        if (setting("jobguest_agent", 0))
            open_port();
    }

    for (beat = 1; ; beat++) {
        say("heartbeat %llu %.3f", beat, now());
        if (waitpid(-1, NULL, WNOHANG) > 0)
            say("guest BAD a worker ended");
        sleep_ms(HEARTBEAT_MS);
    }
}
