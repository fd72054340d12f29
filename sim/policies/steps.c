/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One step written as words.  A table holds every sentence of the grammar;
 * lower-case words stand for themselves, capitals for a slot, [brackets] for a
 * part that may be left out and that its first word announces.
 */
#include "internal.h"

#include <ctype.h>
#include <string.h>

#include "base/units.h"

#define WORDS_MAX 12
#define STEP_MAX  160  /* bytes of a step's text */
#define TIMES_MAX 4096 /* a plain number of times */

struct sentence {
    const char *verb;
    const char *form; /* what follows the verb */
    int kind;
    uint8_t mode; /* enum vs_lock_mode */
};

/* clang-format off */
static const struct sentence sentences[] = {
    {"lookup", "pdev in LIST [of WHOSE]", VS_STEP_LOOKUP, 0},
    {"deref", "vpci", VS_STEP_DEREF, 0},
    {"recheck", "vpci", VS_STEP_DEREF, 0},
    {"recheck", "owner", VS_STEP_RECHECK_OWNER, 0},
    {"assert", "LOCK [of OF]", VS_STEP_ASSERT, 0},
    {"use", "OBJECT [of WHICH]", VS_STEP_USE, 0},
    {"lock", "LOCK [of OF]", VS_STEP_LOCK, VS_MODE_EXCLUSIVE},
    {"unlock", "LOCK [of OF]", VS_STEP_UNLOCK, VS_MODE_EXCLUSIVE},
    {"read-lock", "LOCK [of OF]", VS_STEP_LOCK, VS_MODE_READ},
    {"read-unlock", "LOCK [of OF]", VS_STEP_UNLOCK, VS_MODE_READ},
    {"write-lock", "LOCK [of OF]", VS_STEP_LOCK, VS_MODE_WRITE},
    {"write-unlock", "LOCK [of OF]", VS_STEP_UNLOCK, VS_MODE_WRITE},
    {"work", "WORK [* TIMES] [* TIMES] [/ PER]", VS_STEP_WORK, 0},
    {"read", "bars [of WHICH] [* NUMBER]", VS_STEP_READ_BARS, 0},
    {"write", "bars [of WHICH]", VS_STEP_WRITE_BARS, 0},
    {"link", "pdev [of WHICH] in LIST [of WHOSE]", VS_STEP_LINK, 0},
    {"unlink", "pdev [of WHICH] from LIST [of WHOSE]", VS_STEP_UNLINK, 0},
    {"set-owner", "[of WHICH] to WHOSE", VS_STEP_SET_OWNER, 0},
    {"allocate", "OBJECT [of WHICH]", VS_STEP_ALLOCATE, 0},
    {"publish", "vpci [of WHICH]", VS_STEP_PUBLISH, 0},
    {"clear", "vpci [of WHICH]", VS_STEP_CLEAR, 0},
    {"clear", "pending", VS_STEP_CLEAR_PENDING, 0},
    {"free", "OBJECT [of WHICH]", VS_STEP_FREE, 0},
    {"rcu-read-lock", "LOCK", VS_STEP_RCU_READ_LOCK, 0},
    {"rcu-read-unlock", "LOCK", VS_STEP_RCU_READ_UNLOCK, 0},
    {"call-rcu", "LOCK free OBJECT [of WHICH]", VS_STEP_CALL_RCU, 0},
    {"rcu-barrier", "LOCK", VS_STEP_RCU_BARRIER, 0},
    {"get", "LOCK [of WHICH]", VS_STEP_GET, 0},
    {"put", "[initial] LOCK [of WHICH]", VS_STEP_PUT, 0},
    {"defer", "map [unraised] [by sbdf] [with LOCK]", VS_STEP_DEFER, 0},
    {"take", "pending [by sbdf] [with LOCK]", VS_STEP_TAKE_PENDING, 0},
    {"softirq", "", VS_STEP_SOFTIRQ, 0},
    {"reschedule", "", VS_STEP_RESCHEDULE, 0},
    {"retry", "", VS_STEP_RETRY, 0},
    {"leave", "", VS_STEP_LEAVE, 0},
    {"do", "FRAGMENT", VS_STEP_DO, 0},
    {"body", "", VS_STEP_BODY, 0},
};

/* clang-format on */

#define SENTENCE_COUNT (sizeof(sentences) / sizeof(sentences[0]))

const char *vs_step_verb(size_t index)
{
    return index < SENTENCE_COUNT ? sentences[index].verb : NULL;
}

struct scan {
    struct vs_compiler *compiler;
    const struct vs_json *at;
    const struct sentence *sentence;
    struct vs_step *step;
    char text[STEP_MAX + 1];          /* cut into words */
    const char *words[WORDS_MAX + 1]; /* NULL behind the last */
    unsigned int next;                /* word to read */
};

static int refuse_usage(struct scan *scan, const char *expected)
{
    const char *word = scan->words[scan->next];

    return vs_json_refuse(scan->at, scan->compiler->error,
                          "expected %s, found %s%s%s; this step is written \"%s%s%s\"", expected,
                          word ? "\"" : "", word ? word : "the end of the step", word ? "\"" : "",
                          scan->sentence->verb, *scan->sentence->form ? " " : "",
                          scan->sentence->form);
}

static int refuse_name(struct scan *scan, const char *what, const char *const *candidates)
{
    const char *word = scan->words[scan->next];
    char hint[VS_HINT_TEXT];

    if (!word)
        return refuse_usage(scan, what);
    return vs_json_refuse(scan->at, scan->compiler->error, "unknown %s \"%s\"%s", what, word,
                          vs_hint(word, candidates, hint, sizeof(hint)));
}

/* --------------------------------------------------------------------- slots */

static int slot_list(struct scan *scan)
{
    const char *word = scan->words[scan->next];
    int list = word ? vs_list_from_name(word) : -1;

    if (list < 0)
        return refuse_name(scan, "list", vs_list_names);
    scan->step->list = (uint8_t)list;
    return 0;
}

static int slot_whose(struct scan *scan)
{
    const char *word = scan->words[scan->next];
    int whose = word ? vs_whose_from_name(word) : -1;

    if (whose < 0)
        return refuse_name(scan, "domain", vs_whose_names);
    /* dom_xen's list is walked; nothing here changes it, or takes its lock by that name. */
    if (whose == VS_OF_XEN && scan->step->kind != VS_STEP_LOOKUP)
        return vs_json_refuse(scan->at, scan->compiler->error,
                              "\"of xen\" is for lookups and for-each alone");
    scan->step->whose = (uint8_t)whose;
    return 0;
}

static int slot_which(struct scan *scan)
{
    const char *word = scan->words[scan->next];

    if (!word || strcmp(word, "other") != 0)
        return refuse_usage(scan, "\"other\" (the device of the innermost for-each)");
    scan->step->which = VS_OTHER;
    return 0;
}

static int slot_object(struct scan *scan)
{
    static const char *const names[] = {"pdev", "vpci", NULL};
    const char *word = scan->words[scan->next];

    for (int i = 0; word && names[i]; i++) {
        if (strcmp(word, names[i]) == 0) {
            scan->step->object = (uint8_t)(i == 0 ? VS_OBJECT_PDEV : VS_OBJECT_VPCI);
            return 0;
        }
    }
    return refuse_name(scan, "object", names);
}

static bool lock_suits(const struct vs_lock_kind_info *info, enum vs_lock_kind kind,
                       const struct sentence *sentence)
{
    switch (sentence->kind) {
    case VS_STEP_LOCK:
    case VS_STEP_UNLOCK:
        return sentence->mode == VS_MODE_EXCLUSIVE ? info->exclusive : info->shared;
    case VS_STEP_ASSERT:
        return info->exclusive || info->shared;
    case VS_STEP_GET:
    case VS_STEP_PUT:
    case VS_STEP_DEFER:
    case VS_STEP_TAKE_PENDING:
        return kind == VS_LOCK_REFCOUNT;
    default:
        return kind == VS_LOCK_RCU;
    }
}

static int slot_lock(struct scan *scan)
{
    const struct vs_policy *policy = scan->compiler->policy;
    const char *names[VS_POLICY_LOCKS_MAX + 1] = {NULL};
    const char *word = scan->words[scan->next];
    int lock = word ? vs_lock_find(policy, word) : -1;

    for (size_t i = 0; i < policy->lock_count; i++)
        names[i] = policy->locks[i].name;
    if (lock < 0)
        return refuse_name(scan, "lock", names);
    enum vs_lock_kind kind = policy->locks[lock].kind;

    if (!lock_suits(&vs_lock_kind_table[kind], kind, scan->sentence))
        return vs_json_refuse(scan->at, scan->compiler->error,
                              "\"%s\" is no step for %s, whose kind is %s", scan->sentence->verb,
                              word, vs_lock_kind_table[kind].name);
    scan->step->lock = (uint8_t)lock;
    if (scan->step->kind == VS_STEP_DEFER || scan->step->kind == VS_STEP_TAKE_PENDING)
        scan->step->with_ref = true;
    return 0;
}

/* Whose instance of the lock: a domain's or a device's, as it is declared. */
static int slot_of(struct scan *scan)
{
    const struct vs_lock_decl *lock = &scan->compiler->policy->locks[scan->step->lock];

    switch (lock->scope) {
    case VS_SCOPE_DOMAIN:
        return slot_whose(scan);
    case VS_SCOPE_DEVICE:
        return slot_which(scan);
    case VS_SCOPE_GLOBAL:
        break;
    }
    return vs_json_refuse(scan->at, scan->compiler->error,
                          "%s is one lock for the whole host: leave out \"of %s\"", lock->name,
                          scan->words[scan->next] ? scan->words[scan->next] : "");
}

static int slot_work(struct scan *scan)
{
    const char *names[VS_WORK_COUNT + 1] = {NULL};
    const char *word = scan->words[scan->next];
    int work = word ? vs_work_from_name(word) : -1;

    for (int i = 0; i < VS_WORK_COUNT; i++)
        names[i] = vs_work_table[i].name;
    if (work < 0)
        return refuse_name(scan, "work", names);
    scan->step->work = (uint8_t)work;
    return 0;
}

static int quantity_of(struct scan *scan, uint8_t *quantity)
{
    const char *names[VS_Q_COUNT + 1] = {NULL};
    const char *word = scan->words[scan->next];
    int found = word ? vs_quantity_from_name(word) : -1;

    for (unsigned int i = 0; i < VS_Q_COUNT; i++)
        names[i] = vs_quantity_name((enum vs_quantity)i);
    if (found < 0)
        return refuse_name(scan, "quantity", names);
    *quantity = (uint8_t)found;
    return 0;
}

static int slot_number(struct scan *scan)
{
    const char *word = scan->words[scan->next];
    uint64_t number = 0;

    if (!word || vs_parse_u64(word, 1, TIMES_MAX, &number) != 0)
        return refuse_usage(scan, "a whole number from 1 to 4096");
    scan->step->count *= (uint32_t)number;
    if (scan->step->count > TIMES_MAX)
        return refuse_usage(scan, "a product of at most 4096");
    return 0;
}

static int slot_times(struct scan *scan)
{
    const char *word = scan->words[scan->next];

    if (word && isdigit((unsigned char)*word))
        return slot_number(scan);
    if (scan->step->quantity != VS_QUANTITY_ONE)
        return refuse_usage(scan, "a number (one quantity is there already)");
    return quantity_of(scan, &scan->step->quantity);
}

static int slot_per(struct scan *scan)
{
    return quantity_of(scan, &scan->step->per);
}

static int slot_fragment(struct scan *scan)
{
    const char *word = scan->words[scan->next];

    if (!word)
        return refuse_usage(scan, "the name of a fragment");
    /* Whether it exists is found when the operation that says so is expanded. */
    scan->step->fragment = vs_arena_text(scan->compiler->arena, word);
    return scan->step->fragment ? 0 : vs_compiler_memory(scan->compiler);
}

static const struct slot {
    const char *name;
    int (*read)(struct scan *scan);
} slots[] = {
    {"LIST", slot_list},     {"WHOSE", slot_whose},       {"WHICH", slot_which},
    {"OBJECT", slot_object}, {"LOCK", slot_lock},         {"OF", slot_of},
    {"WORK", slot_work},     {"TIMES", slot_times},       {"PER", slot_per},
    {"NUMBER", slot_number}, {"FRAGMENT", slot_fragment},
};

/* ------------------------------------------------------------------ matching */

/* One word of a form, with the brackets around it cut off. */
struct part {
    char word[16];
    bool opens, closes;
};

static const char *next_part(const char *form, struct part *part)
{
    size_t length = 0;

    *part = (struct part){.opens = *form == '['};
    form += part->opens;
    for (; *form && *form != ' ' && *form != ']' && length + 1 < sizeof(part->word); form++)
        part->word[length++] = *form;
    if (*form == ']') {
        part->closes = true;
        form++;
    }
    return form + (*form == ' ');
}

static int match_slot(struct scan *scan, const char *word)
{
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        if (strcmp(slots[i].name, word) == 0)
            return slots[i].read(scan);
    }
    return vs_error_set(scan->compiler->error, VS_ERR_INPUT, "no slot \"%s\"", word);
}

/* Words that a literal's presence alone says. */
static void note_literal(struct vs_step *step, const char *word)
{
    if (strcmp(word, "sbdf") == 0)
        step->by_sbdf = true;
    else if (strcmp(word, "initial") == 0)
        step->initial = true;
    else if (strcmp(word, "unraised") == 0)
        step->unraised = true;
}

static int match_form(struct scan *scan, const char *form)
{
    struct part part;
    bool skipping = false;

    while (*form) {
        form = next_part(form, &part);
        const char *word = scan->words[scan->next];
        bool literal = !isupper((unsigned char)part.word[0]);

        if (part.opens)
            skipping = !word || strcmp(word, part.word) != 0;
        if (!skipping) {
            char expected[32];
            int ret = 0;

            snprintf(expected, sizeof(expected), "\"%s\"", part.word);
            if (!literal)
                ret = match_slot(scan, part.word);
            else if (!word || strcmp(word, part.word) != 0)
                ret = refuse_usage(scan, expected);
            if (ret != 0)
                return ret;
            if (literal)
                note_literal(scan->step, part.word);
            scan->next++;
        }
        if (part.closes)
            skipping = false;
    }
    if (scan->words[scan->next])
        return refuse_usage(scan, "the end of the step");
    return 0;
}

static int split_words(struct scan *scan, const char *text)
{
    unsigned int count = 0;
    char *rest = NULL;

    if (strlen(text) > STEP_MAX)
        return vs_json_refuse(scan->at, scan->compiler->error,
                              "a step of more than %d bytes: \"%.40s...\"", STEP_MAX, text);
    strcpy(scan->text, text);
    for (char *word = strtok_r(scan->text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (count == WORDS_MAX)
            return vs_json_refuse(scan->at, scan->compiler->error,
                                  "a step of more than %d words: \"%s\"", WORDS_MAX, text);
        scan->words[count++] = word;
    }
    if (count == 0)
        return vs_json_refuse(scan->at, scan->compiler->error, "expected a step, found \"\"");
    return 0;
}

/* Two sentences may share a verb ("clear vpci", "clear pending"): the second
 * word decides. */
static const struct sentence *find_sentence(const struct scan *scan)
{
    const struct sentence *found = NULL;

    for (size_t i = 0; i < SENTENCE_COUNT; i++) {
        struct part part;

        if (strcmp(sentences[i].verb, scan->words[0]) != 0)
            continue;
        next_part(sentences[i].form, &part);
        if (!found || (scan->words[1] && strcmp(scan->words[1], part.word) == 0))
            found = &sentences[i];
    }
    return found;
}

int vs_step_parse(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    struct scan scan = {.compiler = compiler, .at = at, .step = step, .next = 1};
    const char *text = NULL;
    int ret = vs_json_string(at, &text, compiler->error);

    if (ret == 0)
        ret = split_words(&scan, text);
    if (ret != 0)
        return ret;
    scan.sentence = find_sentence(&scan);
    if (!scan.sentence) {
        const char *verbs[SENTENCE_COUNT + 1] = {NULL};

        for (size_t i = 0; i < SENTENCE_COUNT; i++)
            verbs[i] = sentences[i].verb;
        scan.next = 0;
        return refuse_name(&scan, "step", verbs);
    }
    *step = (struct vs_step){.kind = (enum vs_step_kind)scan.sentence->kind,
                             .mode = scan.sentence->mode,
                             .quantity = VS_QUANTITY_ONE,
                             .per = VS_QUANTITY_ONE,
                             .count = 1};
    step->recheck = step->kind == VS_STEP_DEREF && strcmp(scan.sentence->verb, "recheck") == 0;
    return match_form(&scan, scan.sentence->form);
}

int vs_times_parse(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    static const struct sentence sentence = {"repeat", "TIMES [* TIMES] [/ PER]", VS_STEP_REPEAT,
                                             0};
    struct scan scan = {.compiler = compiler, .at = at, .step = step, .sentence = &sentence};
    const char *text = NULL;
    uint64_t number = 0;

    if (vs_json_kind(at) == VS_JSON_NUMBER) {
        int ret = vs_json_u64(at, 1, TIMES_MAX, &number, compiler->error);

        step->count = (uint32_t)number;
        return ret;
    }
    int ret = vs_json_string(at, &text, compiler->error);

    if (ret == 0)
        ret = split_words(&scan, text);
    return ret == 0 ? match_form(&scan, sentence.form) : ret;
}
