/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lspci's dumps.  A device is a line "[SSSS:]BB:DD.F text", then (with -v) indented
 * lines, then (with -x) rows "OFFSET: 16 bytes in hexadecimal" from offset 0 up
 * (pciutils lspci.c: show_terse, show_hex_dump; ls-caps.c and show_size for
 * "Region N: ... [size=16K]").
 */
#include "lspci.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "input.h"

#define CONFIG_BYTES 4096u
#define ROW_BYTES    16u
#define ROM_BAR      6u
#define CARDBUS      128u /* lspci -x shows a CardBus bridge's header in full */
#define HEADER       64u
#define QUOTE_MAX    40

struct dump {
    struct vs_input *input;
    struct vs_trace_meta *meta;
    uint16_t domain;
    bool in_device;
    bool skipping;    /* the current device has no address in a trace */
    uint32_t skipped; /* devices of which that is true */
    bool cut;         /* the last device's rows end before its config space does */
    size_t device;    /* index in meta->devices of the current one */
    uint32_t seen;    /* devices found */
    uint8_t config[CONFIG_BYTES];
    size_t config_bytes;
};

static int refuse(const struct dump *dump, struct vs_error *error, const char *expected,
                  const char *found)
{
    char quoted[QUOTE_MAX + 1];
    size_t i;

    for (i = 0; found[i] != '\0' && i < QUOTE_MAX; i++)
        quoted[i] = found[i] >= ' ' && found[i] <= '~' ? found[i] : '?';
    quoted[i] = '\0';
    return vs_error_set_at(error, VS_ERR_INPUT, vs_input_path(dump->input), VS_NOWHERE,
                           vs_input_line_number(dump->input), "expected %s, found '%s'", expected,
                           quoted);
}

static int out_of_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* The rows of the current device are complete (or, at the end of the file, perhaps not): store
 * them. */
static int end_device(struct dump *dump, bool at_end, struct vs_error *error)
{
    size_t bytes = dump->config_bytes == CARDBUS ? HEADER : dump->config_bytes;
    struct vs_trace_device *device;
    char found[32];

    dump->skipping = false;
    if (at_end && dump->in_device && bytes != 0 && bytes != HEADER && bytes != 256 &&
        bytes != CONFIG_BYTES) {
        dump->config_bytes = bytes = bytes > 256 ? 256 : bytes > HEADER ? HEADER : 0;
        dump->cut = true;
    }
    if (!dump->in_device || dump->config_bytes == 0) {
        dump->in_device = false;
        return 0;
    }
    dump->in_device = false;
    device = &dump->meta->devices[dump->device];
    if (bytes != HEADER && bytes != 256 && bytes != CONFIG_BYTES) {
        snprintf(found, sizeof(found), "%zu", bytes);
        return refuse(dump, error, "64, 256 or 4096 bytes of config space before this line", found);
    }
    if (vs_trace_device_set_config(device, dump->config, bytes) < 0)
        return out_of_memory(error);
    dump->config_bytes = 0;
    return 0;
}

/* Two guests may each have a function at this address: the domain tells them apart. */
static struct vs_trace_device *find_device(struct vs_trace_meta *meta, uint32_t sbdf,
                                           uint16_t domain)
{
    for (size_t i = 0; i < meta->device_count; i++) {
        struct vs_trace_device *device = &meta->devices[i];

        if (device->sbdf == sbdf && (device->domain == domain || device->domain == VS_DOMAIN_NONE))
            return device;
    }
    return NULL;
}

/* "10000:e0:06.0": Linux gives domains above ffff to the functions behind Intel's VMD, which no
 * config space access of a guest reaches, nor a PCI segment number. */
static bool segment_too_large(const char *address)
{
    size_t digits = strspn(address, "0123456789abcdef");
    uint32_t sbdf;

    return digits > 4 && digits <= 8 && address[digits] == ':' &&
           vs_parse_sbdf(address + digits + 1, &sbdf) == 0;
}

static int start_device(struct dump *dump, const char *line, struct vs_error *error)
{
    size_t length = strcspn(line, " ");
    struct vs_trace_device *device;
    char address[VS_SBDF_TEXT + 8], origin[sizeof(device->origin)];
    uint32_t sbdf;
    int ret = end_device(dump, false, error);

    if (ret < 0)
        return ret;
    if (length >= sizeof(address))
        return refuse(dump, error, "a device's line, 'BUS:DEVICE.FUNCTION ...'", line);
    memcpy(address, line, length);
    address[length] = '\0';
    if (segment_too_large(address)) {
        dump->skipping = true;
        dump->skipped++;
        dump->seen++;
        return 0;
    }
    if (vs_parse_sbdf(address, &sbdf) < 0)
        return refuse(dump, error, "a device's line, '[SEGMENT:]BUS:DEVICE.FUNCTION ...'", line);
    device = find_device(dump->meta, sbdf, dump->domain);
    snprintf(origin, sizeof(origin), "lspci dump %s", vs_input_path(dump->input));
    if (device && strcmp(device->origin, origin) == 0)
        return refuse(dump, error, "each device once", address);
    if (!device) {
        device = vs_trace_meta_add_device(dump->meta);
        if (!device)
            return out_of_memory(error);
        device->sbdf = sbdf;
        device->domain = dump->domain;
    }
    memcpy(device->origin, origin, sizeof(origin));
    dump->device = (size_t)(device - dump->meta->devices);
    dump->in_device = true;
    dump->config_bytes = 0;
    dump->seen++;
    return 0;
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

/* "OFFSET: " of a row; the place behind it, or NULL. */
static const char *row_start(const char *line, size_t *offset)
{
    const char *at = line;

    for (*offset = 0; hex_digit(*at) >= 0 && at - line < 4; at++)
        *offset = *offset << 4 | (size_t)hex_digit(*at);
    return at - line >= 2 && at[0] == ':' && at[1] == ' ' ? at + 2 : NULL;
}

static int take_row(struct dump *dump, const char *line, const char *at, size_t offset,
                    struct vs_error *error)
{
    char expected[64];
    unsigned i;

    if (!dump->in_device)
        return refuse(dump, error, "a device's line before its config space", line);
    if (offset != dump->config_bytes || offset >= CONFIG_BYTES) {
        snprintf(expected, sizeof(expected), "the row of offset %zx%s", dump->config_bytes,
                 dump->config_bytes == CONFIG_BYTES ? " to be the last" : "");
        return refuse(dump, error, expected, line);
    }
    for (i = 0; i < ROW_BYTES; i++, at += 2) {
        int high, low;

        if (i && *at++ != ' ')
            return refuse(dump, error, "16 bytes in hexadecimal", line);
        high = hex_digit(at[0]);
        low = high < 0 ? -1 : hex_digit(at[1]);
        if (low < 0)
            return refuse(dump, error, "16 bytes in hexadecimal", line);
        dump->config[offset + i] = (uint8_t)(high << 4 | low);
    }
    if (at[strspn(at, " ")] != '\0')
        return refuse(dump, error, "the end of the row after 16 bytes", at);
    dump->config_bytes = offset + ROW_BYTES;
    return 0;
}

/* "[size=16K]": pciutils' units are powers of 1024. */
static bool parse_size(const char *line, uint64_t *size_bytes)
{
    static const char units[] = "KMGT";
    const char *at = strstr(line, "[size=");
    const char *unit;
    uint64_t number = 0;
    unsigned shift = 0;

    if (!at)
        return false;
    at += strlen("[size=");
    if (!isdigit((unsigned char)*at))
        return false;
    for (; isdigit((unsigned char)*at); at++) {
        if (number > UINT32_MAX)
            return false;
        number = number * 10 + (uint64_t)(*at - '0');
    }
    unit = *at && *at != ']' ? strchr(units, *at) : NULL;
    if (unit) {
        shift = 10 * (unsigned)(unit - units + 1);
        at++;
    }
    if (*at != ']' || number > UINT64_MAX >> shift)
        return false;
    *size_bytes = number << shift;
    return true;
}

/* An indented line of -v: only BARs and the ROM say something here.  Two tabs lead the regions
 * of virtual functions, which are not this function's. */
static int take_detail(struct dump *dump, const char *line, struct vs_error *error)
{
    unsigned bar;

    if (!dump->in_device)
        return refuse(dump, error, "a device's line first", line);
    if (strncmp(line, "\tExpansion ROM at ", 18) == 0)
        bar = ROM_BAR;
    else if (strncmp(line, "\tRegion ", 8) == 0 && line[8] >= '0' && line[8] <= '5' &&
             line[9] == ':')
        bar = (unsigned)(line[8] - '0');
    else
        return 0;
    if (strstr(line, "[size=") &&
        !parse_size(line, &dump->meta->devices[dump->device].bar_size[bar]))
        return refuse(dump, error, "'[size=NUMBER]' with K, M, G or T", strstr(line, "[size="));
    return 0;
}

static int take_line(struct dump *dump, const char *line, size_t length, struct vs_error *error)
{
    const char *row;
    size_t offset;

    if (memchr(line, '\0', length))
        return refuse(dump, error, "text", "a NUL byte");
    if (length == 0)
        return end_device(dump, false, error);
    /* Warnings, where both streams went to one file. */
    if (strncmp(line, "pcilib: ", 8) == 0 || strncmp(line, "lspci: ", 7) == 0)
        return 0;
    row = row_start(line, &offset);
    if (dump->skipping && (row || line[0] == '\t' || line[0] == ' '))
        return 0;
    if (line[0] == '\t' || line[0] == ' ')
        return take_detail(dump, line, error);
    return row ? take_row(dump, line, row, offset, error) : start_device(dump, line, error);
}

/* What of the dump did not become part of the trace. */
static int describe(const struct dump *dump, struct vs_error *error)
{
    int ret = 0;

    if (dump->skipped)
        ret = vs_trace_meta_add_note(dump->meta,
                                     "%s: %u functions in domains above ffff were left out: no PCI "
                                     "segment has such a number",
                                     vs_input_path(dump->input), dump->skipped);
    if (ret == 0 && dump->cut)
        ret =
            vs_trace_meta_add_note(dump->meta,
                                   "%s ends inside the last function's config space: its first 0, "
                                   "64 or 256 bytes are kept",
                                   vs_input_path(dump->input));
    return ret < 0 ? out_of_memory(error) : 0;
}

int vs_lspci_read(const char *path, struct vs_trace_meta *meta, uint16_t domain,
                  struct vs_error *error)
{
    struct dump dump = {.meta = meta, .domain = domain};
    int ret = vs_input_open(path, &dump.input, error);
    const char *line;
    size_t length, offset;
    int got;

    if (ret < 0)
        return ret;
    while ((got = vs_input_line(dump.input, &line, &length, error)) == 1) {
        /* A last row without newline was cut, if only before its line end. */
        if (vs_input_line_cut(dump.input) && dump.in_device && row_start(line, &offset) &&
            length < strlen("00: ") + 3 * ROW_BYTES - 1) {
            dump.cut = true;
            break;
        }
        ret = take_line(&dump, line, length, error);
        if (ret < 0)
            goto out;
    }
    ret = got < 0 ? got : end_device(&dump, true, error);
    if (ret == 0)
        ret = describe(&dump, error);
    if (ret == 0 && dump.seen == 0)
        ret = vs_error_set_at(error, VS_ERR_INPUT, path, 0, VS_NOWHERE,
                              "expected the output of lspci -x, -xxx or -xxxx, found no device");
out:
    vs_input_close(dump.input);
    return ret;
}
