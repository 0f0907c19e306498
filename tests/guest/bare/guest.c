/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * guest.c: a guest without an operating system, for measurements
 *
 * It dirties memory at a set rate and ticks, and sleeps in between, so that what
 * is measured with it is the host and not the guest. It is up in the moment in
 * which the firmware is done. A Multiboot loader starts it (QEMU's -kernel).
 *
 * It keeps an area of memory, the working set, of which each page says which page
 * and which version of itself it is (pattern.h). It rewrites pages at random and
 * checks each before that; besides, it checks all of them one after the other. On
 * the serial console it says, as the Linux guest does:
 *
 *   guest start seed S mem M dirty D verify V beat B   settings, once per boot
 *   memory ready pages N
 *   heartbeat N
 *   memory ok pass N writes W                          all pages have been checked
 *   memory BAD page N word X version V                 a page is not as it was left
 *   memory BAD pass N                                  ... in this pass
 *   guest BAD ...                                      anything else that must not happen
 *
 * Settings are words of the command line:
 *
 *   seed=N      seed of all contents
 *   mem=MIB     the working set
 *   dirty=N     pages of 4 KiB rewritten per second
 *   verify=N    pages checked per second, besides
 *   beat=MS     between two heartbeats
 *
 * Rates are by the ACPI timer, which stands still while the guest does: what was
 * not done while the guest was stopped is not made up for. The interrupt of the
 * old timer only ends the sleep. Several that were held up may come as one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../pattern.h"

#define LOADER_MAGIC 0x2badb002
#define LOADER_MEMORY (1 << 0)
#define LOADER_CMDLINE (1 << 2)

#define COM1 0x3f8
#define PIT_HZ 1193182
#define TICK_HZ 100

/* Where SeaBIOS puts the timer of the PIIX4, and its frequency; 24 bits */
#define ACPI_TIMER 0x608
#define ACPI_HZ 3579545
#define ACPI_MASK 0xffffff

/* After a longer time without the processor there is no making up for it. */
#define CATCH_UP (ACPI_HZ / 4)

/* Of the faults of one pass */
#define MAX_FAULTS 8

struct loader_info {
    uint32_t flags;
    uint32_t memory_lower;
    uint32_t memory_upper;      /* KiB above the first MiB */
    uint32_t boot_device;
    uint32_t cmdline;
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t kind;
    uint16_t offset_high;
} __attribute__((packed));

/* How much of something is due, at a rate per second */
struct pace {
    uint32_t rate;
    uint64_t due;               /* in parts of which ACPI_HZ are one unit */
};

/* from start.S and link.ld */
extern char guest_end[];
void on_timer(void);
void on_fault(void);

void guest_main(uint32_t magic, const struct loader_info *info);
void guest_fault(void);

static struct gate gates[48];

static inline void
outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t
inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t
inl(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* --- console --- */

static void
put(const char *text)
{
    for (; *text; text++) {
        while (!(inb(COM1 + 5) & 0x20))
            ;
        outb(COM1, *text);
    }
}

static void
put_number(const char *before, uint32_t number)
{
    char digits[11];
    char *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do {
        *--at = '0' + number % 10;
        number /= 10;
    } while (number);
    put(before);
    put(at);
}

static void __attribute__((noreturn))
stop(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* An exception or an interrupt that nobody asked for */
void
guest_fault(void)
{
    put("guest BAD fault\n");
    stop();
}

/* --- machine --- */

static void
set_gate(unsigned int number, void (*handler)(void))
{
    uint32_t address = (uintptr_t)handler;

    gates[number].offset_low = address;
    gates[number].selector = 8;
    gates[number].kind = 0x8e00;
    gates[number].offset_high = address >> 16;
}

/* Has the timer's interrupt, and no other, come TICK_HZ times a second. */
static void
start_timer(void)
{
    struct {
        uint16_t limit;
        const void *base;
    } __attribute__((packed)) table = { sizeof(gates) - 1, gates };
    unsigned int i;

    for (i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
        set_gate(i, on_fault);
    set_gate(32, on_timer);
    __asm__ volatile("lidt %0" : : "m"(table));

    /* Both interrupt controllers from vector 32 on; all masked but the timer */
    outb(0x20, 0x11);
    outb(0xa0, 0x11);
    outb(0x21, 32);
    outb(0xa1, 40);
    outb(0x21, 4);
    outb(0xa1, 2);
    outb(0x21, 1);
    outb(0xa1, 1);
    outb(0x21, 0xfe);
    outb(0xa1, 0xff);

    outb(0x43, 0x34);
    outb(0x40, (PIT_HZ / TICK_HZ) & 0xff);
    outb(0x40, (PIT_HZ / TICK_HZ) >> 8);
    __asm__ volatile("sti");
}

/* Returns the time that has passed since the last call, in 1/ACPI_HZ s. */
static uint32_t
time_passed(void)
{
    static uint32_t last;
    uint32_t now = inl(ACPI_TIMER) & ACPI_MASK;
    uint32_t passed = (now - last) & ACPI_MASK;

    last = now;
    return passed < CATCH_UP ? passed : CATCH_UP;
}

static void
pass_time(struct pace *pace, uint32_t passed)
{
    pace->due += (uint64_t)passed * pace->rate;
}

/* Takes one unit of what is due. */
static bool
take(struct pace *pace)
{
    if (pace->due < ACPI_HZ)
        return false;
    pace->due -= ACPI_HZ;
    return true;
}

/* --- settings --- */

/* Returns the number that @cmdline gives for @name, which ends in '='. */
static uint32_t
setting(const char *cmdline, const char *name, uint32_t fallback)
{
    const char *at;

    for (at = cmdline; *at; at++) {
        size_t i = 0;
        uint32_t value = 0;

        if (at != cmdline && at[-1] != ' ')
            continue;
        while (name[i] && at[i] == name[i])
            i++;
        if (name[i])
            continue;
        for (; at[i] >= '0' && at[i] <= '9'; i++)
            value = value * 10 + (at[i] - '0');
        return value;
    }
    return fallback;
}

/* --- memory --- */

static uint64_t *area;
static uint32_t *version;       /* that each page must have */
static uint32_t pages;
static uint32_t seed;
static uint32_t faults;         /* in this pass */

static void
check(uint32_t page)
{
    size_t word = pattern_check(area + page * PATTERN_WORDS, seed, page, version[page]);

    if (word == PATTERN_WORDS || faults++ >= MAX_FAULTS)
        return;
    put_number("memory BAD page ", page);
    put_number(" word ", word);
    put_number(" version ", version[page]);
    put("\n");
}

/* Checks and rewrites a page at random. */
static void
rewrite(void)
{
    static uint64_t random;
    uint32_t page;

    random += PATTERN_STEP;
    page = (uint32_t)pattern_mix(random + seed) % pages;
    check(page);
    pattern_fill(area + page * PATTERN_WORDS, seed, page, ++version[page]);
}

/* Places the area and the versions above the program. Returns whether there is
 * room for them in @upper KiB above the first MiB. */
static bool
place_area(uint32_t mib, uint32_t upper)
{
    uint32_t start = ((uintptr_t)guest_end + PATTERN_SIZE - 1) & -PATTERN_SIZE;
    uint32_t limit = 0x100000 + upper * 1024;

    if (mib < 1 || mib > 2048 || upper > 3 << 20)
        return false;
    pages = mib * (1024 * 1024 / PATTERN_SIZE);
    area = (uint64_t *)(uintptr_t)start;
    version = (uint32_t *)(uintptr_t)(start + pages * PATTERN_SIZE);
    return limit > start && limit - start >= pages * (PATTERN_SIZE + sizeof(*version));
}

static void
report_pass(uint32_t pass, uint32_t writes)
{
    static bool bad;            /* once bad, always bad */

    bad = bad || faults;
    put_number(bad ? "memory BAD pass " : "memory ok pass ", pass);
    if (!bad)
        put_number(" writes ", writes);
    put("\n");
    faults = 0;
}

void
guest_main(uint32_t magic, const struct loader_info *info)
{
    const char *cmdline = "";
    struct pace writing = { 0, 0 };
    struct pace checking = { 0, 0 };
    uint32_t mib, beat, next = 0, pass = 1, writes = 0, beats = 0, upper;
    uint32_t since_beat = 0, beat_time;

    outb(COM1 + 1, 0);          /* no interrupts of the serial port */
    if (magic != LOADER_MAGIC || !(info->flags & LOADER_MEMORY)) {
        put("guest BAD loader\n");
        stop();
    }

    /* All that the loader left lies where the area is going to be. */
    if (info->flags & LOADER_CMDLINE)
        cmdline = (const char *)(uintptr_t)info->cmdline;
    upper = info->memory_upper;
    seed = setting(cmdline, "seed=", 1);
    mib = setting(cmdline, "mem=", 32);
    writing.rate = setting(cmdline, "dirty=", 512);
    checking.rate = setting(cmdline, "verify=", 2048);
    beat = setting(cmdline, "beat=", 50);

    put_number("guest start seed ", seed);
    put_number(" mem ", mib);
    put_number(" dirty ", writing.rate);
    put_number(" verify ", checking.rate);
    put_number(" beat ", beat);
    put("\n");
    if (!place_area(mib, upper)) {
        put_number("guest BAD no room for the area in KiB ", upper);
        put("\n");
        stop();
    }
    if (beat < 1 || beat > 10000) {
        put("guest BAD beat\n");
        stop();
    }
    beat_time = beat * (ACPI_HZ / 1000);
    for (; next < pages; next++) {
        version[next] = 0;
        pattern_fill(area + next * PATTERN_WORDS, seed, next, 0);
    }
    put_number("memory ready pages ", pages);
    put("\n");
    next = 0;

    start_timer();
    time_passed();
    for (;;) {
        uint32_t passed;

        __asm__ volatile("hlt");
        passed = time_passed();

        since_beat += passed;
        if (since_beat >= beat_time) {
            since_beat %= beat_time;
            put_number("heartbeat ", ++beats);
            put("\n");
        }
        pass_time(&writing, passed);
        while (take(&writing)) {
            rewrite();
            writes++;
        }
        pass_time(&checking, passed);
        while (take(&checking)) {
            check(next);
            if (++next == pages) {
                report_pass(pass++, writes);
                next = 0;
            }
        }
    }
}
