/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as people write them.  Decimal fractions are read in integers, so
 * that "0.1us" is exactly 100 ns on every host, and a value that is no whole
 * number of the base unit is refused, not rounded.
 */
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

struct unit {
    const char *name;
    uint64_t factor; /* base units in one of it */
};

static const struct unit duration_units[] = {
    {"ns", 1},          {"us", UINT64_C(1000)},  {"ms", UINT64_C(1000000)},
    {"s", VS_NS_PER_S}, {"m", 60 * VS_NS_PER_S}, {"h", 3600 * VS_NS_PER_S},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (; units->name; units++) {
        if (strcmp(units->name, name) == 0)
            return units;
    }
    return NULL;
}

/* digits["."digits]UNIT, with the digits gathered as one integer over a power
 * of ten. */
static int parse_with_unit(const char *text, const struct unit *units, uint64_t *value)
{
    unsigned __int128 digits = 0;
    unsigned __int128 divisor = 1;
    const char *at = text;

    if (!is_digit(*at))
        return VS_ERR_USAGE;
    /* Both stay below 10^19: 18 further digits and 2^42 for the unit fit 128 bits. */
    for (; is_digit(*at); at++) {
        digits = digits * 10 + (unsigned)(*at - '0');
        if (digits > UINT64_MAX)
            return VS_ERR_USAGE;
    }
    if (*at == '.') {
        at++;
        if (!is_digit(*at))
            return VS_ERR_USAGE;
        for (; is_digit(*at); at++) {
            digits = digits * 10 + (unsigned)(*at - '0');
            divisor *= 10;
            if (digits > UINT64_MAX || divisor > UINT64_C(1000000000000000000))
                return VS_ERR_USAGE;
        }
    }
    const struct unit *unit = find_unit(units, at);

    if (!unit)
        return VS_ERR_USAGE;
    unsigned __int128 product = digits * unit->factor;

    if (product % divisor != 0 || product / divisor > UINT64_MAX)
        return VS_ERR_USAGE;
    *value = (uint64_t)(product / divisor);
    return 0;
}

int vs_parse_duration(const char *text, vs_ns *duration_ns)
{
    return parse_with_unit(text, duration_units, duration_ns);
}

int vs_parse_size(const char *text, uint64_t *size_bytes)
{
    return parse_with_unit(text, size_units, size_bytes);
}

int vs_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hexadecimal ? text + 2 : text;
    char *end = NULL;

    /* strtoull takes blanks and signs; we do not. */
    if (!(hexadecimal ? isxdigit((unsigned char)*digits) : is_digit(*digits)))
        return VS_ERR_USAGE;
    errno = 0;
    unsigned long long number = strtoull(digits, &end, hexadecimal ? 16 : 10);

    if (errno != 0 || *end != '\0' || number < min || number > max)
        return VS_ERR_USAGE;
    *value = number;
    return 0;
}

/* [-+]digits[.digits][(e|E)[-+]digits]: no blanks, hexadecimal, inf or nan. */
static bool is_decimal_number(const char *at)
{
    if (*at == '-' || *at == '+')
        at++;
    if (!is_digit(*at))
        return false;
    at += strspn(at, "0123456789");
    if (*at == '.') {
        at++;
        if (!is_digit(*at))
            return false;
        at += strspn(at, "0123456789");
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '-' || *at == '+')
            at++;
        if (!is_digit(*at))
            return false;
        at += strspn(at, "0123456789");
    }
    return *at == '\0';
}

int vs_parse_double(const char *text, double min, double max, double *value)
{
    if (!is_decimal_number(text))
        return VS_ERR_USAGE;
    locale_t plain = newlocale(LC_ALL_MASK, "C", NULL);

    if (!plain)
        return VS_ERR_MEMORY;
    double number = strtod_l(text, NULL, plain);

    freelocale(plain);
    if (!isfinite(number) || number < min || number > max)
        return VS_ERR_USAGE;
    *value = number;
    return 0;
}

/* Up to width hexadecimal digits, then the character end; the place after it. */
static const char *hex_field(const char *at, unsigned width, char end, uint32_t max,
                             uint32_t *value)
{
    uint32_t number = 0;
    unsigned digits = 0;

    for (; isxdigit((unsigned char)*at); at++, digits++) {
        if (digits == width)
            return NULL;
        int digit = is_digit(*at) ? *at - '0' : tolower((unsigned char)*at) - 'a' + 10;

        number = number << 4 | (uint32_t)digit;
    }
    if (digits == 0 || *at != end || number > max)
        return NULL;
    *value = number;
    return end ? at + 1 : at;
}

int vs_parse_sbdf(const char *text, uint32_t *sbdf)
{
    const char *first = strchr(text, ':');
    bool has_segment = first && strchr(first + 1, ':');
    uint32_t segment = 0, bus = 0, device = 0, function = 0;
    const char *at = text;

    if (has_segment)
        at = hex_field(at, 4, ':', 0xffff, &segment);
    if (at)
        at = hex_field(at, 2, ':', 0xff, &bus);
    if (at)
        at = hex_field(at, 2, '.', 0x1f, &device);
    if (at)
        at = hex_field(at, 1, '\0', 7, &function);
    if (!at)
        return VS_ERR_USAGE;
    *sbdf = segment << 16 | bus << 8 | device << 3 | function;
    return 0;
}

char *vs_sbdf_text(uint32_t sbdf, char *buffer)
{
    snprintf(buffer, VS_SBDF_TEXT, "%04x:%02x:%02x.%x", sbdf >> 16, sbdf >> 8 & 0xff,
             sbdf >> 3 & 0x1f, sbdf & 7);
    return buffer;
}

/* Printed with the first unit in which three digits are enough; minutes and
 * hours only where seconds would need more. */
static const struct unit text_units[] = {
    {"us", UINT64_C(1000)},    {"ms", UINT64_C(1000000)}, {"s", VS_NS_PER_S},
    {"min", 60 * VS_NS_PER_S}, {"h", 3600 * VS_NS_PER_S}, {NULL, 0},
};

char *vs_duration_text(vs_ns duration_ns, char *buffer)
{
    if (duration_ns < 1000) {
        snprintf(buffer, VS_DURATION_TEXT, "%" PRIu64 " ns", duration_ns);
        return buffer;
    }
    for (const struct unit *unit = text_units; unit->name; unit++) {
        uint64_t scale = 100;

        for (int decimals = 2; decimals >= 0; decimals--, scale /= 10) {
            unsigned __int128 wide = (unsigned __int128)duration_ns * scale + unit->factor / 2;
            uint64_t scaled = (uint64_t)(wide / unit->factor);

            /* A fourth digit, also one gained by rounding (999.9 us), moves on. */
            if (scaled >= 1000 && (decimals > 0 || unit[1].name))
                continue;
            if (decimals == 0)
                snprintf(buffer, VS_DURATION_TEXT, "%" PRIu64 " %s", scaled, unit->name);
            else
                snprintf(buffer, VS_DURATION_TEXT, "%" PRIu64 ".%0*" PRIu64 " %s", scaled / scale,
                         decimals, scaled % scale, unit->name);
            return buffer;
        }
    }
    return buffer;
}

#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's distance in which a swap of two
 * neighbours, the commonest slip of the keyboard, counts once.  Both words are
 * at most WORD_MAX long. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *previous = rows[1], *current = rows[2];

    for (size_t j = 0; j <= b_length; j++)
        previous[j] = before[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        current[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;

            current[j] = least(previous[j - 1] + cost, least(previous[j], current[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                current[j] = least(current[j], before[j - 2] + 1);
        }
        size_t *oldest = before;

        before = previous;
        previous = current;
        current = oldest;
    }
    return previous[b_length];
}

const char *vs_nearest(const char *word, const char *const *candidates)
{
    size_t length = strlen(word);
    size_t limit = length / 3 > 2 ? length / 3 : 2;
    size_t best_distance = limit + 1;
    const char *best = NULL;

    if (length > WORD_MAX)
        return NULL;
    for (; *candidates; candidates++) {
        size_t other = strlen(*candidates);

        if (other > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, length, *candidates, other);

        /* A word with every letter changed is another word. */
        if (distance < best_distance && distance < (length > other ? length : other)) {
            best_distance = distance;
            best = *candidates;
        }
    }
    return best;
}
