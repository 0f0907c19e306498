/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-hdr.h: histograms in HdrHistogram's interchange format
 */

#ifndef STORM_HDR_H
#define STORM_HDR_H

#include "storm-hist.h"

char *storm_hdr_encode(const StormHist *hist);

#endif /* STORM_HDR_H */
