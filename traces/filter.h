/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which records a command is about: the --domain, --sbdf, --reg, --kind, --from and
 * --to of `vpci-trace dump` and `slice`. */
#ifndef VS_TRACE_FILTER_H
#define VS_TRACE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/options.h"
#include "base/units.h"
#include "record.h"

struct vs_filter_range {
    uint32_t first, last; /* both included */
};

struct vs_filter {
    struct vs_filter_range *domains, *sbdfs, *regs, *kinds;
    size_t domain_count, sbdf_count, reg_count, kind_count; /* 0: any */
    vs_ns from_ns, to_ns;                                   /* [from, to) */
};

/*
 * Read the options' texts.  domains are numbers or "none", sbdfs as vs_parse_sbdf
 * reads them, regs "N" or "A-B" (also hexadecimal), kinds are names.  from and to are
 * durations since the trace's time 0, or NULL.  VS_ERR_USAGE names what is wrong.
 * Free with vs_filter_free, also after an error.
 */
int vs_filter_parse(const struct vs_strings *domains, const struct vs_strings *sbdfs,
                    const struct vs_strings *regs, const struct vs_strings *kinds, const char *from,
                    const char *to, struct vs_filter *filter, struct vs_error *error);
void vs_filter_free(struct vs_filter *filter);
/* Is this record wanted?  A lost-records record passes every filter but that of
 * time and kind, since what was lost could have been anything. */
bool vs_filter_match(const struct vs_filter *filter, const struct vs_record *record);
bool vs_filter_domain(const struct vs_filter *filter, uint16_t domain);
bool vs_filter_sbdf(const struct vs_filter *filter, uint32_t sbdf);

#endif
