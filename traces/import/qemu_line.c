/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's log lines.  The formats are those of QEMU's trace-events files:
 *   memory_region_ops_*  system/trace-events (softmmu/, memory.c before);
 *                        "name '%s'" was added in 6.x
 *   pci_cfg_*            hw/pci/trace-events; "%s %02u:%u" (device and function,
 *                        no bus) before 7.2, "%s %02x:%02x.%x" since
 *   acpi_pci_*           hw/acpi/trace-events
 * The stamp is THREAD@SECONDS.MICROS: or, newer, ISO 8601 as GLib's
 * g_date_time_format_iso8601 prints it: no fraction where that is zero.
 * Hand-written rather than sscanf: a log has millions of lines, and a refusal
 * must say where and what was expected.
 */
#include "qemu_line.h"

#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

static bool skip(struct cursor *cursor, const char *literal)
{
    size_t length = strlen(literal);

    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, literal, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

/* Decimal digits, at least one, value at most max. */
static bool decimal(struct cursor *cursor, uint64_t max, uint64_t *value)
{
    const char *start = cursor->at;
    uint64_t sum = 0;

    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        unsigned digit = (unsigned)(*cursor->at - '0');

        if (sum > (max - digit) / 10 || digit > max)
            return false;
        sum = sum * 10 + digit;
        cursor->at++;
    }
    *value = sum;
    return cursor->at > start;
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

/* Lower-case hexadecimal digits as printf's %x makes them, at least one. */
static bool hexadecimal(struct cursor *cursor, uint64_t max, uint64_t *value)
{
    const char *start = cursor->at;
    uint64_t sum = 0;
    int digit;

    while (cursor->at < cursor->end && (digit = hex_digit(*cursor->at)) >= 0) {
        if (sum > max >> 4)
            return false;
        sum = sum << 4 | (unsigned)digit;
        cursor->at++;
    }
    *value = sum;
    return cursor->at > start && sum <= max;
}

/* cpu %d mr %p addr 0x%x value 0x%x size %u[ name '%s'] */
static const char *parse_region(struct cursor *cursor, struct vs_qemu_line *line)
{
    uint64_t number;
    bool negative;

    if (!skip(cursor, "cpu "))
        return "'cpu NUMBER'";
    negative = skip(cursor, "-");
    if (!decimal(cursor, negative ? 1 : 65534, &number))
        return "a CPU number from -1 to 65534";
    line->cpu = negative ? -(int32_t)number : (int32_t)number;
    if (!skip(cursor, " mr "))
        return "' mr POINTER'";
    if (!skip(cursor, "(nil)") && !(skip(cursor, "0x") && hexadecimal(cursor, UINT64_MAX, &number)))
        return "a pointer in hexadecimal";
    if (!skip(cursor, " addr 0x") || !hexadecimal(cursor, UINT64_MAX, &line->address))
        return "' addr 0xADDRESS'";
    if (!skip(cursor, " value 0x") || !hexadecimal(cursor, UINT64_MAX, &line->value))
        return "' value 0xVALUE'";
    if (!skip(cursor, " size ") || !decimal(cursor, 4096, &number))
        return "' size BYTES'";
    line->size_bytes = (uint32_t)number;
    if (cursor->at == cursor->end)
        return NULL;
    if (!skip(cursor, " name '") || cursor->at == cursor->end || cursor->end[-1] != '\'')
        return "' name 'REGION'' or the end of the line";
    line->name = cursor->at;
    line->name_length = (size_t)(cursor->end - 1 - cursor->at);
    cursor->at = cursor->end;
    return NULL;
}

/* Where the address after a device's name starts: names hold no blank in QEMU, but nothing
 * forbids it, so the address is the last word before " @0x" (or before the end). */
static const char *find_address(const struct cursor *cursor, const char **name_end)
{
    const char *stop = cursor->end;
    const char *at;

    for (at = cursor->end; at - cursor->at >= 4; at--) {
        if (memcmp(at - 4, " @0x", 4) == 0) {
            stop = at - 4;
            break;
        }
    }
    for (at = stop; at > cursor->at; at--) {
        if (at[-1] == ' ') {
            *name_end = at - 1;
            return at;
        }
    }
    return NULL;
}

/* BB:DD.F in hexadecimal, or DD:F in decimal without a bus. */
static const char *parse_function(struct cursor *cursor, struct vs_qemu_line *line)
{
    struct cursor old = *cursor;
    uint64_t bus, device, function;

    if (hexadecimal(cursor, 255, &bus) && skip(cursor, ":") && hexadecimal(cursor, 31, &device) &&
        skip(cursor, ".") && hexadecimal(cursor, 7, &function)) {
        line->bus_known = true;
    } else if (decimal(&old, 31, &device) && skip(&old, ":") && decimal(&old, 7, &function)) {
        *cursor = old;
        bus = 0;
    } else {
        return "BUS:DEVICE.FUNCTION";
    }
    line->bdf = (uint16_t)(bus << 8 | device << 3 | function);
    return NULL;
}

/* NAME BB:DD.F @0xOFFSET -> 0xVALUE, with "<-" for a write */
static const char *parse_config(struct cursor *cursor, struct vs_qemu_line *line)
{
    const char *arrow = line->event == VS_QEMU_CFG_READ ? " -> 0x" : " <- 0x";
    const char *name_end = cursor->at;
    const char *address = find_address(cursor, &name_end);
    const char *wrong;
    uint64_t number;

    if (!address || name_end == cursor->at)
        return "a device name and BUS:DEVICE.FUNCTION";
    line->name = cursor->at;
    line->name_length = (size_t)(name_end - cursor->at);
    line->empty = line->name_length == 5 && memcmp(line->name, "empty", 5) == 0;
    cursor->at = address;
    wrong = parse_function(cursor, line);
    if (wrong)
        return wrong;
    if (line->empty && cursor->at == cursor->end)
        return NULL;
    if (!skip(cursor, " @0x") || !hexadecimal(cursor, 4095, &number))
        return "' @0xOFFSET' below 0x1000";
    line->reg = (uint16_t)number;
    line->reg_known = true;
    if (!skip(cursor, arrow) || !hexadecimal(cursor, UINT32_MAX, &line->value))
        return line->event == VS_QEMU_CFG_READ ? "' -> 0xVALUE'" : "' <- 0xVALUE'";
    return NULL;
}

/* "bsel: %u slot: %u" */
static const char *parse_slot(struct cursor *cursor, struct vs_qemu_line *line)
{
    uint64_t bus_select, slot;

    if (!skip(cursor, "bsel: ") || !decimal(cursor, UINT32_MAX, &bus_select))
        return "'bsel: NUMBER'";
    if (!skip(cursor, " slot: ") || !decimal(cursor, UINT32_MAX, &slot))
        return "' slot: NUMBER'";
    line->bus_select = (uint32_t)bus_select;
    line->slot = (uint32_t)slot;
    return NULL;
}

/* "0x%x <== %u" */
static const char *parse_register_write(struct cursor *cursor, struct vs_qemu_line *line)
{
    uint64_t offset;

    if (!skip(cursor, "0x") || !hexadecimal(cursor, UINT64_MAX, &offset) ||
        !skip(cursor, " <== ") || !decimal(cursor, UINT64_MAX, &line->value))
        return "'0xREGISTER <== VALUE'";
    return NULL;
}

/* "%u" */
static const char *parse_number(struct cursor *cursor, struct vs_qemu_line *line)
{
    return decimal(cursor, UINT32_MAX, &line->value) ? NULL : "a decimal number";
}

/* Arguments that are not needed: acpi_pci_unplug's change their order between versions. */
static const char *parse_anything(struct cursor *cursor, struct vs_qemu_line *line)
{
    (void)line;
    cursor->at = cursor->end;
    return NULL;
}

struct event_format {
    const char *name;
    enum vs_qemu_event event;
    const char *(*parse)(struct cursor *cursor, struct vs_qemu_line *line);
};

/* Most frequent first. */
static const struct event_format formats[] = {
    {"memory_region_ops_read", VS_QEMU_REGION_READ, parse_region},
    {"pci_cfg_read", VS_QEMU_CFG_READ, parse_config},
    {"memory_region_ops_write", VS_QEMU_REGION_WRITE, parse_region},
    {"pci_cfg_write", VS_QEMU_CFG_WRITE, parse_config},
    {"msix_write_config", VS_QEMU_MSIX_CONFIG, parse_anything},
    {"acpi_pci_sel_write", VS_QEMU_ACPI_SELECT, parse_register_write},
    {"acpi_pci_up_read", VS_QEMU_ACPI_UP, parse_number},
    {"acpi_pci_eject_slot", VS_QEMU_ACPI_EJECT, parse_slot},
    {"acpi_pci_unplug", VS_QEMU_ACPI_UNPLUG, parse_anything},
};

static bool event_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_';
}

static const char *parse_event(struct cursor *cursor, struct vs_qemu_line *line)
{
    const char *name = cursor->at;
    size_t length, i;

    while (cursor->at < cursor->end && event_character(*cursor->at))
        cursor->at++;
    length = (size_t)(cursor->at - name);
    if (length == 0)
        return "an event name";
    if (cursor->at < cursor->end && !skip(cursor, " "))
        return "a blank after the event name";
    for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strlen(formats[i].name) == length && memcmp(formats[i].name, name, length) == 0) {
            line->event = formats[i].event;
            return formats[i].parse(cursor, line);
        }
    }
    line->event = VS_QEMU_OTHER;
    line->name = name;
    line->name_length = length;
    return parse_anything(cursor, line);
}

/* COUNT decimal digits and what follows them. */
static bool part(struct cursor *cursor, int digits, const char *after, uint64_t low, uint64_t high,
                 uint64_t *value)
{
    const char *start = cursor->at;

    return decimal(cursor, high, value) && cursor->at - start == digits && *value >= low &&
           skip(cursor, after);
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar: years counted from March put the
 * leap day last, and 153 days make the five months from March to July. */
static uint64_t days_since_1970(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = month > 2 ? year : year - 1;
    uint64_t from_march = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 -
           719468; /* days from 0000-03-01 to 1970-01-01 */
}

/* YYYY-MM-DDTHH:MM:SS[.MICROS]Z and a blank */
static const char *parse_date(struct cursor *cursor, struct vs_qemu_line *line)
{
    uint64_t year, month, day, hour, minute, second, micros = 0;
    const char *start;

    line->thread = VS_QEMU_THREAD_UNKNOWN;
    if (!part(cursor, 4, "-", 1970, 2285, &year) || !part(cursor, 2, "-", 1, 12, &month) ||
        !part(cursor, 2, "T", 1, 31, &day) || !part(cursor, 2, ":", 0, 23, &hour) ||
        !part(cursor, 2, ":", 0, 59, &minute) || !part(cursor, 2, "", 0, 60, &second))
        return "YYYY-MM-DDTHH:MM:SS";
    if (skip(cursor, ".")) {
        start = cursor->at;
        if (!decimal(cursor, 999999, &micros) || cursor->at - start != 6)
            return "six digits of microseconds";
    }
    line->time_us = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 * 1000000 +
                    second * 1000000 + micros;
    return skip(cursor, "Z ") ? NULL : "'Z' and a blank after the time";
}

/* THREAD@SECONDS.MICROS: */
static const char *parse_stamp(struct cursor *cursor, struct vs_qemu_line *line)
{
    uint64_t seconds, micros;
    const char *start;

    if (cursor->end - cursor->at > 4 && cursor->at[4] == '-' && hex_digit(cursor->at[0]) >= 0)
        return parse_date(cursor, line);

    if (!decimal(cursor, UINT64_MAX, &line->thread) || !skip(cursor, "@"))
        return "THREAD@SECONDS.MICROS:EVENT (QEMU prints it with -msg timestamp=on)";
    /* Ten digits: nanoseconds of it fit 64 bits. */
    if (!decimal(cursor, UINT64_C(9999999999), &seconds) || !skip(cursor, "."))
        return "SECONDS.MICROS";
    start = cursor->at;
    if (!decimal(cursor, 999999, &micros) || cursor->at - start != 6)
        return "six digits of microseconds";
    line->time_us = seconds * 1000000 + micros;
    return skip(cursor, ":") ? NULL : "':' after the time";
}

const char *vs_qemu_line_parse(const char *text, size_t length, struct vs_qemu_line *line,
                               size_t *at)
{
    struct cursor cursor = {text, text + length};
    const char *wrong;

    memset(line, 0, sizeof(*line));
    line->name = "";
    wrong = parse_stamp(&cursor, line);
    if (!wrong)
        wrong = parse_event(&cursor, line);
    if (!wrong && cursor.at != cursor.end)
        wrong = "the end of the line";
    *at = (size_t)(cursor.at - text);
    return wrong;
}

bool vs_qemu_line_is_trace(const char *text, size_t length)
{
    struct cursor cursor = {text, text + length};
    struct vs_qemu_line line = {0};
    uint64_t number;

    if (length > 4 && text[4] == '-' && decimal(&cursor, 9999, &number)) {
        cursor.at = text;
        if (parse_date(&cursor, &line))
            return true; /* a date, though a bad one */
        while (cursor.at < cursor.end && event_character(*cursor.at))
            cursor.at++;
        return cursor.at == cursor.end || *cursor.at == ' ';
    }
    return decimal(&cursor, UINT64_MAX, &number) && skip(&cursor, "@");
}
