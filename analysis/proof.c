/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what searches and hypotheses stored. */
#include "proof.h"

#include <string.h>

#include "base/json.h"

int vs_proof_load(struct vs_query *query, struct vs_proof *proof, struct vs_error *error)
{
    const struct {
        const char *name;
        struct vs_table **table;
    } wanted[] = {
        {"checks", &proof->checks},     {"findings", &proof->findings},
        {"policies", &proof->policies}, {"scenarios", &proof->scenarios},
        {"matrix", &proof->matrix},     {"hypotheses", &proof->hypotheses},
        {"tests", &proof->tests},
    };
    int ret = 0;

    *proof = (struct vs_proof){0};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted) && ret == 0; i++)
        ret = vs_query_table(query, "queries/proof.sql", wanted[i].name, wanted[i].table, error);
    return ret;
}

void vs_proof_free(struct vs_proof *proof)
{
    vs_table_free(proof->checks);
    vs_table_free(proof->findings);
    vs_table_free(proof->policies);
    vs_table_free(proof->scenarios);
    vs_table_free(proof->matrix);
    vs_table_free(proof->hypotheses);
    vs_table_free(proof->tests);
    *proof = (struct vs_proof){0};
}

struct vs_json_out *vs_proof_verdicts_json(const struct vs_proof *proof)
{
    struct vs_json_out *out = vs_json_new_object();

    for (size_t p = 0; p < proof->policies->row_count; p++) {
        struct vs_json_out *one = vs_json_new_object();
        const char *policy = vs_table_text(proof->policies, p, "policy");
        const char *rank = vs_table_text(proof->policies, p, "policy_rank");

        for (size_t i = 0; i < proof->matrix->row_count; i++)
            if (strcmp(vs_table_text(proof->matrix, i, "policy"), policy) == 0 &&
                strcmp(vs_table_text(proof->matrix, i, "policy_rank"), rank) == 0)
                vs_json_add_string(one, vs_table_text(proof->matrix, i, "scenario"),
                                   vs_table_text(proof->matrix, i, "verdict"));
        vs_json_add(out, vs_table_text(proof->policies, p, "name"), one);
    }
    return out;
}

struct vs_json_out *vs_proof_hypotheses_json(const struct vs_proof *proof)
{
    struct vs_json_out *list = vs_json_new_array();

    for (size_t i = 0; i < proof->hypotheses->row_count; i++) {
        struct vs_json_out *one = vs_json_new_object();
        static const char *const columns[] = {"name",    "title",     "claim",   "verdict",
                                              "because", "tested_by", "replaced"};

        for (size_t c = 0; c < sizeof(columns) / sizeof(*columns); c++)
            vs_json_add_string(one, columns[c], vs_table_text(proof->hypotheses, i, columns[c]));
        vs_json_add(list, NULL, one);
    }
    return list;
}
