/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scalars that carry a unit, and reading and printing them as people write
 * them.  A number from outside always states its unit; junk after a number is
 * an error, never ignored.
 */
#ifndef VS_BASE_UNITS_H
#define VS_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t vs_ns; /* nanoseconds: traces, results */
typedef uint64_t vs_ps; /* picoseconds: inside the engine, 2^64 ps = 213 days */

#define VS_PS_PER_NS UINT64_C(1000)
#define VS_NS_PER_S  UINT64_C(1000000000)

/* "1.5us", "20ns", "30s", "5m", "1h" to nanoseconds.  A bare number, another
 * unit, trailing junk, a negative or an overflowing value: VS_ERR_USAGE. */
int vs_parse_duration(const char *text, vs_ns *duration_ns);

/* "64KiB", "16MiB", "1GiB", "512B" to bytes; binary units only; errors as above. */
int vs_parse_size(const char *text, uint64_t *size_bytes);

/* Decimal or 0x-hexadecimal integer, whole string, within [min, max]. */
int vs_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Finite decimal number, whole string, within [min, max]. */
int vs_parse_double(const char *text, double min, double max, double *value);

/* "0000:00:1f.2", "00:1f.2" (segment 0) to seg << 16 | bus << 8 | dev << 3 | fn. */
int vs_parse_sbdf(const char *text, uint32_t *sbdf);

#define VS_SBDF_TEXT 16
/* "0000:00:1f.2" into buffer[VS_SBDF_TEXT].  Returns buffer. */
char *vs_sbdf_text(uint32_t sbdf, char *buffer);

#define VS_DURATION_TEXT 24
/* Three significant digits and a unit ("4.21 us") into buffer[VS_DURATION_TEXT].
 * Returns buffer. */
char *vs_duration_text(vs_ns duration_ns, char *buffer);

/* The candidate nearest to word by edit distance, or NULL when none is near
 * (distance above a third of the word's length, at least 2).  Array ends with NULL. */
const char *vs_nearest(const char *word, const char *const *candidates);

#endif
