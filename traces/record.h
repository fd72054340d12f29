/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one record of vpcisim: one config-space access, or one event that takes
 * the locks which accesses take.  Importers and capture make records; the
 * simulator eats them.  32 bytes, fixed, little-endian hosts only (checked at
 * build time); traces/FORMAT.md says how they are packed on disk.
 */
#ifndef VS_TRACE_RECORD_H
#define VS_TRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a record says.  Values are part of the file format: append only.
 * Fields that a kind does not name are 0, except sbdf which is VS_SBDF_NONE.
 */
enum vs_kind {
    VS_KIND_NONE = 0,
    /* sbdf, reg (0..4095), size (1, 2 or 4), value.  An 8-byte ECAM access is two
     * records, as Xen handles it; the second carries VS_FLAG_SECOND_HALF. */
    VS_KIND_CFG_READ = 1,
    VS_KIND_CFG_WRITE = 2,
    /* MSI-X table or PBA: sbdf, reg = byte offset in the table, size, value. */
    VS_KIND_MSIX_READ = 3,
    VS_KIND_MSIX_WRITE = 4,
    /* Another trapped MMIO that walks the MMIO handlers (and so vPCI's msix_accept):
     * value = guest frame number, low 32 bits; size where known, else 0; no sbdf. */
    VS_KIND_MMIO = 5,
    /* Device appears to or leaves the hypervisor (PHYSDEVOP_pci_device_{add,remove}): sbdf. */
    VS_KIND_DEVICE_ADD = 6,
    VS_KIND_DEVICE_REMOVE = 7,
    /* sbdf, value = the domain that gets (assign) or gives up (deassign) the device. */
    VS_KIND_DEVICE_ASSIGN = 8,
    VS_KIND_DEVICE_DEASSIGN = 9,
    /* value = the domain created or destroyed; domain = who asked. */
    VS_KIND_DOMAIN_CREATE = 10,
    VS_KIND_DOMAIN_DESTROY = 11,
    VS_KIND_DEVICE_RESET = 12,   /* PHYSDEVOP_pci_device_reset: sbdf */
    VS_KIND_MMCFG_RESERVED = 13, /* PHYSDEVOP_pci_mmcfg_reserved: sbdf = segment << 16 */
    VS_KIND_MSI_MAP = 14,        /* hypercall that maps value MSI vectors: sbdf */
    VS_KIND_MSI_UNMAP = 15,      /* the same for unmapping */
    VS_KIND_DUMP = 16,           /* debug key 'M': walks every device */
    VS_KIND_IOMMU_FAULT = 17,    /* sbdf */
    VS_KIND_PV_CFG_WRITE = 18,   /* PV dom0's config write: sbdf, reg, size, value */
    VS_KIND_DRIVER_BIND = 19,    /* sbdf; seen by capture on Linux */
    VS_KIND_DRIVER_UNBIND = 20,
    VS_KIND_MSI_ENABLE = 21,     /* guest OS enables value vectors: sbdf */
    VS_KIND_CFG_BLOCK = 22,      /* config access blocked for duration_ns: sbdf */
    VS_KIND_LOCK_CONTENDED = 23, /* a wait for a real lock of duration_ns; value = 1 pci_lock,
                                    2 pci_config_lock, as the capture's metadata names them */
    /* value = records lost up to time_ns, since time_ns - duration_ns where known.
     * pcpu = the buffer they were lost from, VS_PCPU_NONE when not known. */
    VS_KIND_LOST = 24,
    VS_KIND_COUNT
};

/* What is inferred or special about a record.  Values are part of the format. */
enum vs_flag {
    VS_FLAG_SIZE_INFERRED = 1u << 0, /* the source does not record access sizes */
    VS_FLAG_VCPU_INFERRED = 1u << 1,
    VS_FLAG_DOMAIN_INFERRED = 1u << 2,
    VS_FLAG_TIME_BRACKETED = 1u << 3, /* time_ns is the start of the enclosing VM exit */
    VS_FLAG_PATH_PORT = 1u << 4,      /* arrived through 0xCF8/0xCFC */
    VS_FLAG_PATH_ECAM = 1u << 5,      /* arrived through memory-mapped configuration */
    VS_FLAG_INJECTED = 1u << 6,       /* put there by `vpci-trace inject`: not captured */
    VS_FLAG_SYNTHETIC = 1u << 7,      /* made by `vpci-trace generate`: not captured */
    VS_FLAG_SECOND_HALF = 1u << 8,    /* upper 4 bytes of an 8-byte access */
    VS_FLAG_SPLIT = 1u << 9,          /* the vCPU was descheduled, or continued through the
                                         scheduler, inside this exit */
    VS_FLAG_ABSENT = 1u << 10,        /* no function answered at this address */
    VS_FLAG_VALUE_UNKNOWN = 1u << 11,
    VS_FLAG_CF8_STALE = 1u << 12 /* the 0xCF8 latch came from another vCPU, or from before
                                    lost records: sbdf and reg are doubtful */
};

struct vs_record {
    uint64_t time_ns; /* since the trace's epoch (struct vs_clock) */
    uint32_t
        duration_ns; /* what struct vs_clock.duration_covers says; 0 where unknown; saturates */
    uint32_t value;  /* as the access saw it, zero-extended */
    uint32_t sbdf;   /* segment << 16 | bus << 8 | device << 3 | function, or VS_SBDF_NONE */
    uint16_t reg;    /* byte offset */
    uint16_t domain; /* domain id; several hosts merge as further domains */
    uint16_t vcpu;   /* VS_VCPU_NONE where the source cannot tell */
    uint16_t pcpu;   /* VS_PCPU_NONE where the source cannot tell */
    uint16_t flags;  /* enum vs_flag */
    uint8_t kind;    /* enum vs_kind */
    uint8_t size;    /* bytes: 1, 2, 4; 0 for events */
};

_Static_assert(sizeof(struct vs_record) == 32, "the record is 32 bytes");

#define VS_SBDF_NONE   UINT32_MAX
#define VS_VCPU_NONE   UINT16_MAX
#define VS_PCPU_NONE   UINT16_MAX
#define VS_DOMAIN_NONE UINT16_MAX

/* Lower-case-hyphen name of a kind ("cfg-read"), or NULL for a number that is none. */
const char *vs_kind_name(enum vs_kind kind);
/* The kind for a name, or VS_KIND_NONE. */
enum vs_kind vs_kind_from_name(const char *name);
/* Name of a flag bit ("size-inferred"), or NULL. */
const char *vs_flag_name(enum vs_flag flag);
/* The flag bit for a name, or 0. */
unsigned int vs_flag_from_name(const char *name);

/*
 * Is this record one that a producer may write?  Returns NULL when it is, else
 * the reason as a constant string.  Readers apply it to each record of a file
 * they did not write.
 */
const char *vs_record_invalid(const struct vs_record *record);
/* The same for an array: how many records at its start are valid; *reason says why
 * the next one is not, NULL when all are. */
size_t vs_records_valid(const struct vs_record *records, size_t count, const char **reason);

/* Is it an access that vPCI would handle (config, MSI-X or other MMIO)? */
static inline bool vs_kind_is_access(enum vs_kind kind)
{
    return kind >= VS_KIND_CFG_READ && kind <= VS_KIND_MMIO;
}

#endif
