/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program on paper.  Each line is one step; "|" at its left for each lock,
 * read section or reference that is held while it runs, so that a critical
 * section is seen at a glance.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#define FRAGMENT_COLUMN 66 /* where the fragment's name stands */
#define COMMENT_COLUMN  92 /* where remarks are wrapped */
#define MARGIN_TEXT     96
#define SEEN_MAX        16 /* branches that may be referred back to */

struct page {
    const struct vs_policy *policy;
    FILE *stream;
    unsigned int number;      /* of the last step */
    char margin[MARGIN_TEXT]; /* bars and indentation */
    const char *fragment;     /* of the last line */
    struct {
        const char *where; /* a branch that is on the page already */
        unsigned int first, last;
    } seen[SEEN_MAX];
    unsigned int seen_count;
};

static void print_block(struct page *page, const struct vs_block *block);

static void push(struct page *page, const char *text)
{
    size_t used = strlen(page->margin);

    if (used + strlen(text) < sizeof(page->margin))
        strcpy(page->margin + used, text);
}

/* Drops the innermost bar: what is deeper than it moves to the left. */
static void pop_bar(struct page *page)
{
    char *bar = strrchr(page->margin, '|');

    if (bar)
        memmove(bar, bar + 2, strlen(bar + 2) + 1);
}

static void print_comment(struct page *page, const char *comment)
{
    int column = 0;

    for (const char *word = comment; *word;) {
        int length = (int)strcspn(word, " ");

        if (column == 0 || column + 1 + length > COMMENT_COLUMN) {
            if (column > 0)
                fputc('\n', page->stream);
            column = fprintf(page->stream, "      %s#", page->margin);
        }
        column += fprintf(page->stream, " %.*s", length, word);
        word += length;
        word += strspn(word, " ");
    }
    fputc('\n', page->stream);
}

static void print_line(struct page *page, const struct vs_step *step)
{
    char text[VS_STEP_TEXT];

    if (step->comment)
        print_comment(page, step->comment);
    int column = fprintf(page->stream, "%4u  %s%s", ++page->number, page->margin,
                         vs_step_text(page->policy, step, text));
    const char *fragment = step->fragment ? step->fragment : "";

    if (strcmp(fragment, page->fragment) != 0 && *fragment) {
        int gap = FRAGMENT_COLUMN > column + 2 ? FRAGMENT_COLUMN - column : 2;

        fprintf(page->stream, "%*s%s", gap, "", fragment);
    }
    page->fragment = fragment;
    fputc('\n', page->stream);
}

/* A word of the structure, such as "else". */
static void print_word(const struct page *page, const char *word)
{
    fprintf(page->stream, "      %s%s\n", page->margin, word);
}

static bool block_leaves(const struct vs_block *block)
{
    return block->count > 0 && (block->steps[block->count - 1].kind == VS_STEP_LEAVE ||
                                block->steps[block->count - 1].kind == VS_STEP_RETRY);
}

/* An inner block, indented; the margin after it is kept in *after. */
static void print_inner(struct page *page, const struct vs_block *block, char *after)
{
    char before[MARGIN_TEXT];

    strcpy(before, page->margin);
    push(page, "    ");
    print_block(page, block);
    /* What the block took or released changes the bars, not the indentation. */
    size_t bars_before = 0, bars_after = 0;

    for (const char *at = before; *at; at++)
        bars_before += *at == '|';
    for (const char *at = page->margin; *at; at++)
        bars_after += *at == '|';
    strcpy(page->margin, before);
    for (; bars_after > bars_before; bars_before++)
        push(page, "| ");
    for (; bars_after < bars_before; bars_before--)
        pop_bar(page);
    strcpy(after, page->margin);
    strcpy(page->margin, before);
}

static void print_ways(struct page *page, const struct vs_step *step)
{
    char then[MARGIN_TEXT], otherwise[MARGIN_TEXT];

    print_line(page, step);
    strcpy(otherwise, page->margin);
    if (step->kind == VS_STEP_TRY)
        push(page, "| ");
    if (step->body.count > 0) {
        print_inner(page, &step->body, then);
    } else {
        strcpy(then, page->margin);
    }
    strcpy(page->margin, otherwise);
    if (step->orelse.count > 0) {
        print_word(page, step->kind == VS_STEP_TRY ? "not taken" : "else");
        print_inner(page, &step->orelse, otherwise);
    }
    strcpy(page->margin, block_leaves(&step->body) ? otherwise : then);
}

/* The same branch of the same fragment again ("do hw-cycle"): one line that
 * refers to the first.  Branches that take or release for others stay. */
static bool print_again(struct page *page, const struct vs_step *step)
{
    for (unsigned int i = 0; i < page->seen_count; i++) {
        if (strcmp(page->seen[i].where, step->where) != 0)
            continue;
        const char *name = step->fragment ? step->fragment : "the same";

        fprintf(page->stream, "%4u  %s%s, as steps %u to %u\n", ++page->number, page->margin, name,
                page->seen[i].first, page->seen[i].last);
        page->fragment = "";
        return true;
    }
    return false;
}

static void print_branch(struct page *page, const struct vs_step *step)
{
    char before[MARGIN_TEXT];
    unsigned int first = page->number + 1;

    if (print_again(page, step))
        return;
    strcpy(before, page->margin);
    print_ways(page, step);
    if (strcmp(before, page->margin) == 0 && page->number > first + 1 &&
        page->seen_count < SEEN_MAX) {
        page->seen[page->seen_count].where = step->where;
        page->seen[page->seen_count].first = first;
        page->seen[page->seen_count++].last = page->number;
    }
}

static void print_loop(struct page *page, const struct vs_step *step)
{
    char after[MARGIN_TEXT];

    print_line(page, step);
    print_inner(page, &step->body, after);
    if (step->orelse.count > 0) {
        print_word(page, "between two rounds");
        print_inner(page, &step->orelse, after);
    }
}

static bool takes(const struct vs_step *step)
{
    return step->kind == VS_STEP_LOCK || step->kind == VS_STEP_RCU_READ_LOCK ||
           step->kind == VS_STEP_GET || (step->kind == VS_STEP_TAKE_PENDING && step->with_ref);
}

static bool gives(const struct vs_step *step)
{
    return step->kind == VS_STEP_UNLOCK || step->kind == VS_STEP_RCU_READ_UNLOCK ||
           (step->kind == VS_STEP_PUT && !step->initial) ||
           (step->kind == VS_STEP_DEFER && step->with_ref);
}

static void print_step(struct page *page, const struct vs_step *step)
{
    switch (step->kind) {
    case VS_STEP_IF:
        print_branch(page, step);
        return;
    case VS_STEP_TRY:
    case VS_STEP_MAY_FAIL:
        print_ways(page, step);
        return;
    case VS_STEP_FOR_EACH:
    case VS_STEP_REPEAT:
        print_loop(page, step);
        return;
    case VS_STEP_DEREF:
        if (step->branch) {
            print_ways(page, step);
            return;
        }
        break;
    default:
        break;
    }
    if (gives(step))
        pop_bar(page);
    print_line(page, step);
    if (takes(step))
        push(page, "| ");
}

static void print_block(struct page *page, const struct vs_block *block)
{
    for (size_t i = 0; i < block->count; i++)
        print_step(page, &block->steps[i]);
}

static void print_part(struct page *page, const char *title, const struct vs_block *block)
{
    if (block->count == 0)
        return;
    fprintf(page->stream, "\n%s\n", title);
    page->margin[0] = '\0';
    page->fragment = "";
    print_block(page, block);
}

int vs_program_print(const struct vs_policy *policy, enum vs_op op, FILE *stream,
                     struct vs_error *error)
{
    const struct vs_program *program = &policy->programs[op];
    const struct vs_op_info *info = &vs_op_table[op];
    struct page page = {.policy = policy, .stream = stream, .fragment = ""};

    fprintf(stream, "%s (%s) under %s\n", info->name, info->label, policy->name);
    vs_print_wrapped(stream, "  ", "%s", info->summary);
    vs_print_wrapped(stream, "  Xen:    ", "%s", info->function);
    vs_print_wrapped(stream, "  source: ", "%s", program->source);
    print_part(&page, "entry: the same under every policy", &program->entry);
    print_part(&page,
               "steps: a lookup or deref that finds nothing releases all and goes to the end",
               &program->steps);
    print_part(&page, "where nothing was found", &program->miss);
    if (fflush(stream) != 0 || ferror(stream))
        return vs_error_set(error, VS_ERR_HOST, "cannot write: %s", strerror(errno));
    return 0;
}
