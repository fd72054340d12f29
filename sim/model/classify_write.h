/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes through each kind of handler; private to the classifier. */
#ifndef VS_MODEL_CLASSIFY_WRITE_H
#define VS_MODEL_CLASSIFY_WRITE_H

#include "classify.h"

/* An access to one handler's register, in the register's own frame. */
struct vs_write {
    struct vs_function *function;
    struct vs_verdict *verdict;
    const struct vs_handler *handler;
    bool hardware_domain;
    bool value_known;
    bool partial;   /* does not cover the whole register */
    uint32_t value; /* bits outside mask are 0 */
    uint32_t mask;  /* bits that the access covers */
};

/* Class of the write; moves the function's state, adds quantities and guesses. */
typedef enum vs_op vs_write_rule(const struct vs_write *write);

vs_write_rule vs_write_command, vs_write_status, vs_write_bar, vs_write_bar_void, vs_write_rom,
    vs_write_capability, vs_write_msi_control, vs_write_msi_address, vs_write_msi_mask,
    vs_write_msix_control, vs_write_rebar;

/* State from the value of a control register as read. */
void vs_learn_msi(struct vs_function *function, uint32_t control);
void vs_learn_msix(struct vs_function *function, uint32_t control);

#endif
