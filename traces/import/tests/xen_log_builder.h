/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds xentrace logs byte by byte. */
#ifndef VS_TRACES_IMPORT_TESTS_XEN_LOG_BUILDER_H
#define VS_TRACES_IMPORT_TESTS_XEN_LOG_BUILDER_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { LOG_BYTES_MAX = 65536 };

struct log {
    uint8_t bytes[LOG_BYTES_MAX];
    size_t size;
    size_t window; /* offset of the open window's size field */
};

static inline void log_word(struct log *log, uint32_t word)
{
    assert(log->size + 4 <= LOG_BYTES_MAX);
    memcpy(log->bytes + log->size, &word, 4);
    log->size += 4;
}

/* What follows is of this pCPU. */
static inline void log_window(struct log *log, uint32_t pcpu)
{
    log_word(log, 0x2001f003);
    log_word(log, pcpu);
    log->window = log->size;
    log_word(log, 0);
}

static inline void log_record(struct log *log, uint32_t event, const uint64_t *tsc,
                              const uint32_t *words, uint32_t count)
{
    uint32_t bytes;

    log_word(log, event | count << 28 | (tsc ? 0x80000000u : 0));
    if (tsc) {
        log_word(log, (uint32_t)*tsc);
        log_word(log, (uint32_t)(*tsc >> 32));
    }
    for (uint32_t i = 0; i < count; i++)
        log_word(log, words[i]);
    bytes = (uint32_t)(log->size - log->window - 4);
    memcpy(log->bytes + log->window, &bytes, 4);
}

#define WORDS(...)         (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4
#define VCPU(domain, vcpu) ((uint32_t)(domain) << 16 | (vcpu))

enum { RUNNING = 0, RUNNABLE = 1, BLOCKED = 2 };
enum { REASON_SVM_IO = 0x7b, REASON_SVM_NPF = 0x400, REASON_VMX_IO = 30, REASON_VMX_EPT = 48 };

static inline void log_runstate(struct log *log, uint64_t tsc, uint32_t vcpu, uint32_t from,
                                uint32_t to)
{
    log_record(log, 0x21001 | from << 8 | to << 4, &tsc, WORDS(vcpu));
}

static inline void log_continue(struct log *log, uint64_t tsc, uint32_t vcpu)
{
    log_record(log, 0x21002, &tsc, WORDS(vcpu));
}

static inline void log_exit(struct log *log, uint64_t tsc, uint32_t reason, uint64_t rip)
{
    log_record(log, 0x81102, &tsc, WORDS(reason, (uint32_t)rip, (uint32_t)(rip >> 32)));
}

static inline void log_entry(struct log *log, uint64_t tsc)
{
    log_record(log, 0x81001, &tsc, NULL, 0);
}

static inline void log_out(struct log *log, uint32_t port, uint32_t value)
{
    log_record(log, 0x82216, NULL, WORDS(port, value));
}

static inline void log_in(struct log *log, uint32_t port, uint32_t value)
{
    log_record(log, 0x82016, NULL, WORDS(port, value));
}

static inline void log_load(struct log *log, uint32_t address, uint32_t value)
{
    log_record(log, 0x82017, NULL, WORDS(address, value));
}

static inline void log_fault(struct log *log, uint64_t address)
{
    log_record(log, 0x82021, NULL, WORDS((uint32_t)address, (uint32_t)(address >> 32), 0, 0, 0, 0));
}

static inline void log_lost(struct log *log, uint64_t tsc, uint32_t lost, uint32_t domain,
                            uint32_t vcpu, uint64_t first_tsc)
{
    log_record(log, 0x1f001, &tsc,
               WORDS(lost, vcpu << 16 | domain, (uint32_t)first_tsc, (uint32_t)(first_tsc >> 32)));
}

/* A whole exit with one port access: SVM, 100 ticks long. */
static inline void log_port_exit(struct log *log, uint64_t tsc, uint64_t rip, uint32_t write,
                                 uint32_t port, uint32_t value)
{
    log_exit(log, tsc, REASON_SVM_IO, rip);
    if (write)
        log_out(log, port, value);
    else
        log_in(log, port, value);
    log_entry(log, tsc + 100);
}

#endif
