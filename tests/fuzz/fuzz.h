/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fuzz.h: what the targets of libFuzzer share
 *
 * Built as one of libvirt's own tests is, against a tree with the series.
 */

#pragma once

#include <config.h>

#include "testutils.h"
#include "testutilsqemu.h"

extern virQEMUDriver driver;

/* What a daemon parses its status files with */
#define FUZZ_STATUS_FLAGS \
    (VIR_DOMAIN_DEF_PARSE_STATUS | VIR_DOMAIN_DEF_PARSE_ACTUAL_NET | \
     VIR_DOMAIN_DEF_PARSE_PCI_ORIG_STATES | VIR_DOMAIN_DEF_PARSE_SKIP_VALIDATE | \
     VIR_DOMAIN_DEF_PARSE_ALLOW_POST_PARSE_FAIL)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

void fuzzInit(void);
