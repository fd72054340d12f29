/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the QEMU log importer counts, as one table: the enum, its group in the
 * report, its name there.  Every line of a log ends in one of these or in a
 * record.
 */
#ifndef VS_TRACES_IMPORT_QEMU_COUNT_H
#define VS_TRACES_IMPORT_QEMU_COUNT_H

#include <stdint.h>

#include "import.h"

#define VS_QEMU_COUNTS(X)                                                                       \
    /* lines, by what they are */                                                               \
    X(LINES, SEEN, "lines")                                                                     \
    X(CFG_READ, SEEN, "pci-cfg-read-lines")                                                     \
    X(CFG_WRITE, SEEN, "pci-cfg-write-lines")                                                   \
    X(CFG_EMPTY, SEEN, "pci-cfg-empty-lines")                                                   \
    X(CF8_WRITE, SEEN, "cf8-writes")                                                            \
    X(PORT_READ, SEEN, "port-data-reads")                                                       \
    X(PORT_WRITE, SEEN, "port-data-writes")                                                     \
    X(ECAM_READ, SEEN, "ecam-reads")                                                            \
    X(ECAM_WRITE, SEEN, "ecam-writes")                                                          \
    X(MSIX_TABLE, SEEN, "msix-table-accesses")                                                  \
    X(TIME_BACK, SEEN, "time-went-back-held")                                                   \
    /* accesses that no device's handler saw */                                                 \
    X(ABSENT_PORT_READ, SEEN, "absent-port-reads")                                              \
    X(ABSENT_PORT_WRITE, SEEN, "absent-port-writes")                                            \
    X(ABSENT_ECAM_READ, SEEN, "absent-ecam-reads")                                              \
    X(ABSENT_ECAM_WRITE, SEEN, "absent-ecam-writes")                                            \
    X(ABSENT_UNPAIRED, SEEN, "absent-without-access-line")                                      \
    X(BEYOND_CONFIG, SEEN, "unanswered-extended-register-of-present-function")                  \
    X(SILENT_ANSWER, SEEN, "answered-without-device-line")                                      \
    X(GONE, SEEN, "functions-that-stopped-answering")                                           \
    /* pairs whose two lines disagree: the access's value is kept, and its address when it came \
     * through the ECAM window; through the port the device line's */                           \
    X(BUS_DISAGREES, SEEN, "pair-disagrees-on-bus")                                             \
    X(FUNCTION_DISAGREES, SEEN, "pair-disagrees-on-function")                                   \
    X(REG_DISAGREES, SEEN, "pair-disagrees-on-register")                                        \
    X(VALUE_DISAGREES, SEEN, "pair-disagrees-on-value")                                         \
    X(CPU_DISAGREES, SEEN, "cpu-line-disagrees-with-threads-option")                            \
    /* inferred */                                                                              \
    X(SIZE_INFERRED, INFERRED, "size-from-register-and-value")                                  \
    X(CPU_LEARNED, INFERRED, "vcpu-from-thread")                                                \
    X(CPU_NUMBERED, INFERRED, "vcpu-unknown-threads-numbered-by-first-line")                    \
    X(CPU_UNKNOWN, INFERRED, "vcpu-unknown")                                                    \
    X(CF8_OTHER_CPU, INFERRED, "cf8-changed-by-another-vcpu-since")                             \
    X(CF8_FOREIGN, INFERRED, "cf8-never-written-by-this-vcpu")                                  \
    X(CF8_CORRECTED, INFERRED, "cf8-corrected-from-device-line")                                \
    X(ADDRESS_FROM_DEVICE, INFERRED, "address-from-device-line")                                \
    X(WINDOW_LEARNED, INFERRED, "ecam-windows-learned")                                         \
    X(MSIX_LOCATED, INFERRED, "msix-table-device-from-bars")                                    \
    X(BUS_FROM_EJECT, INFERRED, "acpi-hotplug-bus-learned")                                     \
    X(BUS_CONFLICT, INFERRED, "acpi-hotplug-bus-relearned")                                     \
    X(DEVICE_ADDED, INFERRED, "device-add-from-first-answer-after-acpi-plug")                   \
    X(DEVICE_REMOVED, INFERRED, "device-remove-from-acpi-eject")                                \
    /* should have become a record and did not */                                               \
    X(MALFORMED, NOT_REBUILT, "malformed-lines")                                                \
    X(TRUNCATED, NOT_REBUILT, "damaged-input-cut-off")                                          \
    X(CUT_LINE, NOT_REBUILT, "cut-last-line")                                                   \
    X(NO_CF8, NOT_REBUILT, "port-data-before-first-cf8")                                        \
    X(NO_WINDOW, NOT_REBUILT, "ecam-access-without-known-window")                               \
    X(OUTSIDE_WINDOW, NOT_REBUILT, "ecam-access-outside-window")                                \
    X(NO_BUS, NOT_REBUILT, "device-line-without-bus")                                           \
    X(NO_REGISTER, NOT_REBUILT, "empty-line-without-register")                                  \
    X(ODD_SIZE, NOT_REBUILT, "access-size-not-1-2-4")                                           \
    X(INVALID, NOT_REBUILT, "register-outside-config-space")                                    \
    X(MSIX_UNKNOWN, NOT_REBUILT, "msix-table-of-unknown-device")                                \
    X(MSIX_AMBIGUOUS, NOT_REBUILT, "msix-table-of-several-devices")                             \
    X(UNPLUG_UNKNOWN, NOT_REBUILT, "acpi-unplug-of-unknown-device")                             \
    /* nothing for us */                                                                        \
    X(FURTHER_HANDLER, IGNORED, "further-device-lines-of-one-access")                           \
    X(CF8_READ, IGNORED, "cf8-reads")                                                           \
    X(CF8_PARTIAL, IGNORED, "cf8-accesses-not-4-bytes")                                         \
    X(CF8_DISABLED, IGNORED, "port-data-while-cf8-disabled")                                    \
    X(MSIX_CONFIG, IGNORED, "msix-write-config-lines")                                          \
    X(ACPI_LINE, IGNORED, "acpi-select-and-up-lines")                                           \
    X(EJECT_LINE, IGNORED, "acpi-eject-and-unplug-lines")                                       \
    X(OTHER_OUTPUT, IGNORED, "other-output-lines")                                              \
    X(OTHER_NAMES, IGNORED, "further-event-and-region-names")

enum vs_qemu_count {
#define X(name, group, text) VS_QEMU_COUNT_##name,
    VS_QEMU_COUNTS(X)
#undef X
        VS_QEMU_COUNT_END
};

#endif
