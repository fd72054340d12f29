/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ECAM windows: PCI Express Base Specification 7.2.2: bus << 20 | device << 15 | function << 12. */
#include "import/ecam.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "import/input.h"

#define BUS_BYTES (UINT64_C(1) << 20)

static uint64_t window_first(const struct vs_ecam *window)
{
    return window->base + window->bus_first * BUS_BYTES;
}

static uint64_t window_last(const struct vs_ecam *window)
{
    return window->base + (window->bus_last + UINT64_C(1)) * BUS_BYTES - 1;
}

/* NULL, or why the window cannot be one of meta's. */
static const char *add_window(struct vs_trace_meta *meta, const struct vs_ecam *window)
{
    struct vs_ecam *added;

    if (window->bus_first > window->bus_last)
        return "the first bus is above the last";
    if (window->base == 0)
        return "the base is 0";
    if (window->base % BUS_BYTES != 0)
        return "the base is not a multiple of 1 MiB, one bus's space";
    if (window->base > UINT64_MAX - 256 * BUS_BYTES)
        return "the base is too high";
    for (size_t i = 0; i < meta->ecam_count; i++) {
        if (window->base == meta->ecam[i].base && window->segment == meta->ecam[i].segment &&
            window->bus_first == meta->ecam[i].bus_first &&
            window->bus_last == meta->ecam[i].bus_last)
            return NULL; /* stated twice */
        if (window_first(window) <= window_last(&meta->ecam[i]) &&
            window_first(&meta->ecam[i]) <= window_last(window))
            return "the window overlaps another one";
    }
    added = vs_trace_meta_add_ecam(meta);
    if (!added)
        return "out of memory";
    *added = *window;
    return NULL;
}

/* ------------------------------------------------------------------- option */

static bool parse_bus(const char *text, bool hexadecimal, uint8_t *bus)
{
    char prefixed[16];
    uint64_t value;

    if (strlen(text) > 4)
        return false;
    snprintf(prefixed, sizeof(prefixed), "%s%s",
             hexadecimal && strncmp(text, "0x", 2) != 0 ? "0x" : "", text);
    if (vs_parse_u64(prefixed, 0, 255, &value) < 0)
        return false;
    *bus = (uint8_t)value;
    return true;
}

int vs_ecam_parse(const char *text, struct vs_trace_meta *meta, struct vs_error *error)
{
    struct vs_ecam window = {0};
    char base[24], segment[12], first[8], last[8];
    const char *why = NULL;
    uint64_t value;
    int end = 0;

    if (sscanf(text, "%23[^:]:%11[^:]:%7[^-]-%7[^:]%n", base, segment, first, last, &end) != 4 ||
        text[end] != '\0') {
        why = "it has not these parts";
    } else if (strncmp(base, "0x", 2) != 0 || vs_parse_u64(base, 0, UINT64_MAX, &value) < 0) {
        why = "BASE is no hexadecimal number with 0x in front";
    } else {
        /* "00-ff" can only be hexadecimal; "00-10" is decimal, as the help says. */
        bool hexadecimal = strpbrk(first, "abcdefABCDEF") || strpbrk(last, "abcdefABCDEF");

        window.base = value;
        if (vs_parse_u64(segment, 0, 0xffff, &value) < 0)
            why = "SEG is no number up to 65535";
        window.segment = (uint16_t)value;
        if (!why && (!parse_bus(first, hexadecimal, &window.bus_first) ||
                     !parse_bus(last, hexadecimal, &window.bus_last)))
            why = "BUS0 and BUS1 are no numbers up to 255";
    }
    if (!why)
        why = add_window(meta, &window);
    if (why)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--ecam: expected BASE:SEG:BUS0-BUS1 as 0xb0000000:0:0-255, found "
                            "\"%s\": %s",
                            text, why);
    return 0;
}

/* --------------------------------------------------------------------- MCFG */

/* ACPI 6.5 5.2.6 (table header) and PCI Firmware Specification 3.2 table 4-2, 4-3. */
enum { MCFG_HEADER_BYTES = 44, MCFG_ENTRY_BYTES = 16, MCFG_BYTES_MAX = 65536 };

static uint64_t little_endian(const unsigned char *bytes, unsigned int count)
{
    uint64_t value = 0;

    for (unsigned int i = count; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static int mcfg_refuse(const char *path, uint64_t offset, const char *why, struct vs_error *error)
{
    return vs_error_set_at(error, VS_ERR_INPUT, path, offset, VS_NOWHERE, "ACPI MCFG table: %s",
                           why);
}

static int mcfg_parse(const char *path, const unsigned char *bytes, size_t size,
                      struct vs_trace_meta *meta, struct vs_error *error)
{
    uint8_t sum = 0;
    size_t length;

    if (size < MCFG_HEADER_BYTES || memcmp(bytes, "MCFG", 4) != 0)
        return mcfg_refuse(path, 0, "expected the signature \"MCFG\" and 44 bytes of header",
                           error);
    length = (size_t)little_endian(bytes + 4, 4);
    if (length > size || length < MCFG_HEADER_BYTES ||
        (length - MCFG_HEADER_BYTES) % MCFG_ENTRY_BYTES != 0)
        return mcfg_refuse(path, 4, "its length does not fit the file or its 16-byte entries",
                           error);
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    if (sum != 0)
        return mcfg_refuse(path, 9, "its checksum is wrong", error);
    if (length == MCFG_HEADER_BYTES)
        return mcfg_refuse(path, 44, "it has no entries", error);
    for (size_t at = MCFG_HEADER_BYTES; at < length; at += MCFG_ENTRY_BYTES) {
        struct vs_ecam window = {.base = little_endian(bytes + at, 8),
                                 .segment = (uint16_t)little_endian(bytes + at + 8, 2),
                                 .bus_first = bytes[at + 10],
                                 .bus_last = bytes[at + 11]};
        const char *why = add_window(meta, &window);

        if (why)
            return mcfg_refuse(path, at, why, error);
    }
    return 0;
}

int vs_ecam_read_mcfg(const char *path, struct vs_trace_meta *meta, struct vs_error *error)
{
    char *content = NULL;
    size_t size = 0;
    int ret = vs_input_read_all(path, MCFG_BYTES_MAX, &content, &size, error);

    if (ret == 0)
        ret = mcfg_parse(path, (const unsigned char *)content, size, meta, error);
    free(content);
    return ret;
}

/* -------------------------------------------------------------------- iomem */

/* 1 when the line is a window, 0 when it is something else, or an error.  Windows of domains above
 * ffff (Linux's numbers for what is behind Intel's VMD) are no PCI segment's: counted in *left. */
static int iomem_line(const char *path, uint64_t number, const char *line, unsigned int *left,
                      struct vs_trace_meta *meta, struct vs_error *error)
{
    const char *name = strstr(line, " : PCI MMCONFIG ");
    uint64_t start, end;
    unsigned int segment, first, last;
    struct vs_ecam window;
    const char *why;

    if (!name)
        name = strstr(line, " : PCI ECAM ");
    if (!name)
        return 0;
    if (sscanf(line, " %" SCNx64 "-%" SCNx64, &start, &end) != 2 ||
        sscanf(name, " : PCI %*s %x [bus %x-%x]", &segment, &first, &last) != 3 || first > 0xff ||
        last > 0xff)
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, number,
                               "expected \"START-END : PCI MMCONFIG SEG [bus B0-B1]\", found "
                               "\"%.80s\"",
                               line);
    if (segment > 0xffff) {
        ++*left;
        return 0;
    }
    window = (struct vs_ecam){.base = start - first * BUS_BYTES,
                              .segment = (uint16_t)segment,
                              .bus_first = (uint8_t)first,
                              .bus_last = (uint8_t)last};
    if (start < first * BUS_BYTES || end != window_last(&window))
        why = start == 0 ? "the addresses are 0: /proc/iomem shows them only to root"
                         : "the range does not fit its buses, 1 MiB each";
    else
        why = add_window(meta, &window);
    if (why)
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, number, "%s", why);
    return 1;
}

int vs_ecam_read_iomem(const char *path, struct vs_trace_meta *meta, struct vs_error *error)
{
    struct vs_input *input = NULL;
    const char *line;
    size_t length, found = 0;
    unsigned int left = 0;
    int ret = vs_input_open(path, &input, error);

    if (ret < 0)
        return ret;
    while ((ret = vs_input_line(input, &line, &length, error)) > 0) {
        ret = iomem_line(path, vs_input_line_number(input), line, &left, meta, error);
        if (ret < 0)
            break;
        found += (size_t)ret;
    }
    vs_input_close(input);
    if (ret == 0 && found == 0)
        ret = vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, VS_NOWHERE,
                              "expected a line \"... : PCI MMCONFIG SEG [bus B0-B1]\", found none");
    if (ret == 0 && left &&
        vs_trace_meta_add_note(meta, "%s: %u ECAM windows of domains above ffff were left out",
                               path, left) < 0)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    return ret < 0 ? ret : 0;
}

/* ------------------------------------------------------------------- lookup */

bool vs_ecam_find(const struct vs_trace_meta *meta, uint64_t address, uint32_t *sbdf, uint16_t *reg)
{
    for (size_t i = 0; i < meta->ecam_count; i++) {
        const struct vs_ecam *window = &meta->ecam[i];
        uint64_t offset = address - window->base;

        if (address < window_first(window) || address > window_last(window))
            continue;
        *sbdf = (uint32_t)window->segment << 16 | (uint32_t)(offset >> 12);
        *reg = (uint16_t)(offset & 0xfff);
        return true;
    }
    return false;
}
