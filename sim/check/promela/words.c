/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the words of a step mean for the program that is being written. */
#include <ctype.h>
#include <string.h>

#include "internal.h"

char *vs_promela_whose(const struct vs_promela_writer *writer, uint8_t whose, char *buffer)
{
    unsigned int domain = writer->domain;

    if (whose == VS_OF_OWNER && writer->device != VS_CHECK_NONE) {
        snprintf(buffer, PROMELA_TEXT, "owner[%u]", writer->device);
        return buffer;
    }
    if (whose == VS_OF_XEN) {
        snprintf(buffer, PROMELA_TEXT, "DOM_XEN");
        return buffer;
    }
    if (whose == VS_OF_TARGET)
        domain = writer->target != VS_CHECK_NONE ? writer->target : 0;
    else if (whose == VS_OF_HARDWARE)
        domain = 0;
    snprintf(buffer, PROMELA_TEXT, "%u", domain);
    return buffer;
}

static bool is_other(const struct vs_promela_writer *writer, uint8_t which)
{
    return which == VS_OTHER && writer->loop_count > 0;
}

char *vs_promela_pdev(const struct vs_promela_writer *writer, uint8_t which, char *buffer)
{
    if (is_other(writer, which))
        snprintf(buffer, PROMELA_TEXT, "at%u", writer->loop_count - 1);
    else
        snprintf(buffer, PROMELA_TEXT, "pdev");
    return buffer;
}

char *vs_promela_vpci(const struct vs_promela_writer *writer, uint8_t which, char *buffer)
{
    if (is_other(writer, which))
        snprintf(buffer, PROMELA_TEXT, "vpci_at%u", writer->loop_count - 1);
    else
        snprintf(buffer, PROMELA_TEXT, "vpci");
    return buffer;
}

char *vs_promela_device(const struct vs_promela_writer *writer, uint8_t which, char *buffer)
{
    if (is_other(writer, which))
        snprintf(buffer, PROMELA_TEXT, "DEVICE_OF(at%u)", writer->loop_count - 1);
    else
        snprintf(buffer, PROMELA_TEXT, "%u", writer->device);
    return buffer;
}

const char *vs_promela_list(uint8_t list)
{
    static const char *const names[VS_LIST_COUNT] = {
        [VS_LIST_ALL_DEVICES] = "ALL_DEVICES",
        [VS_LIST_DOMAIN_DEVICES] = "DOMAIN_DEVICES",
        [VS_LIST_MSIX_TABLES] = "MSIX_TABLES",
    };

    return names[list];
}

const char *vs_promela_stale(const struct vs_promela_writer *writer, uint8_t which)
{
    return writer->from_slot && !is_other(writer, which) ? "DANGLING_PENDING" : "USE_AFTER_FREE";
}

char *vs_promela_kind_name(enum vs_violation violation, char *buffer)
{
    const char *name = vs_violation_table[violation].name;
    size_t i = 0;

    for (; name[i] && i + 1 < PROMELA_TEXT; i++)
        buffer[i] = (char)(name[i] == '-' ? '_' : toupper((unsigned char)name[i]));
    buffer[i] = 0;
    return buffer;
}

const char *vs_promela_lock_type(enum vs_lock_kind kind)
{
    switch (kind) {
    case VS_LOCK_RWLOCK:
        return "rwlock_t";
    case VS_LOCK_PERCPU_RWLOCK:
        return "percpu_rwlock_t";
    case VS_LOCK_RCU:
    case VS_LOCK_REFCOUNT:
        return NULL; /* no word of its own */
    default:
        return "spinlock_t";
    }
}

/* Letters, digits and underscores; a prefix where a word of the .pml files may be meant. */
char *vs_promela_lock_name(const struct vs_lock_decl *decl, char *buffer)
{
    static const char *const taken[] = {"spin_",  "recursive_", "read_",
                                        "write_", "percpu_",    "rcu_"};
    size_t length = strlen(decl->name);
    bool prefix = length < 6 || strcmp(decl->name + length - 5, "_lock") != 0 ||
                  !islower((unsigned char)decl->name[0]);

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        prefix |= strncmp(decl->name, taken[i], strlen(taken[i])) == 0;
    snprintf(buffer, PROMELA_TEXT, "%s%.100s", prefix ? "lock_" : "", decl->name);
    for (char *at = buffer; *at; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return buffer;
}
