#include "examples/augment.h"

#include "base/random.h"
#include "cases/expand.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const tw_augmentation_names[] = {"entity-swap", "number-jitter", "token-dropout", "frames", NULL};

/* What a draw is for: each record has a place of 2^20 numbers in the stream, each purpose its part of
 * them. */
enum draw {
    DRAW_SWAP,
    DRAW_JITTER,
    DRAW_FACTOR,
    DRAW_FRAMED,
    DRAW_FRAME,
    DRAW_NAME = 1 << 8,
    DRAW_INVENTED = 1 << 12,
    DRAW_TOKEN = 1 << 16
};
enum { DRAWS_A_RECORD_BITS = 20, LONGEST_NUMBER = 40 };

static double draw(const struct tw_augment *augment, uint32_t epoch, uint64_t record, uint32_t what)
{
    return tw_random_uniform(augment->seed, TW_RANDOM_AUGMENT, epoch, (record << DRAWS_A_RECORD_BITS) + what);
}

static size_t draw_below(
    const struct tw_augment *augment, uint32_t epoch, uint64_t record, uint32_t what, size_t limit)
{
    return (size_t)tw_random_below(
        augment->seed, TW_RANDOM_AUGMENT, epoch, (record << DRAWS_A_RECORD_BITS) + what, limit);
}

/* ---- names to swap in ---- */

static int by_bytes(const void *left, const void *right)
{
    return tw_text_compare(*(const struct tw_text *)left, *(const struct tw_text *)right);
}

static bool is_found(const struct tw_dataset_entity *entity)
{
    return entity->place.end > entity->place.begin;
}

bool tw_augment_names(const struct tw_dataset *dataset, struct tw_arena *arena, struct tw_augment *augment,
    struct tw_error *err)
{
    size_t count = 0, distinct = 0;
    for (size_t at = 0; at < dataset->count; at++)
        count += dataset->examples[at].validation ? 0 : dataset->examples[at].entity_count;
    struct tw_text *names = tw_arena_array(arena, count, sizeof *names);
    if (!names)
        return tw_arena_fail(arena, err);
    count = 0;
    for (size_t at = 0; at < dataset->count; at++) {
        const struct tw_example *example = &dataset->examples[at];
        for (uint32_t entity = 0; !example->validation && entity < example->entity_count; entity++)
            if (is_found(&example->entities[entity]))
                names[count++] = example->entities[entity].name;
    }
    qsort(names, count, sizeof *names, by_bytes);
    for (size_t at = 0; at < count; at++)
        if (distinct == 0 || !tw_text_equal(names[distinct - 1], names[at]))
            names[distinct++] = names[at];
    augment->names = names;
    augment->name_count = distinct;
    return true;
}

/* ---- one text, piece by piece ---- */

/* A text in the making: pieces of the old one, and new ones in their stead. */
struct rewriting {
    const struct tw_example *example;
    const struct tw_text *new_names; /* [entity_count]; bytes == NULL: stays */
    bool jitter;
    double factor;
    char *bytes;
    size_t used, room;
    struct tw_dataset_entity *entities; /* with places in the new text */
    uint32_t *order;                    /* entities by where they stand */
};

static bool put(struct rewriting *rewriting, const char *bytes, size_t length)
{
    if (rewriting->room - rewriting->used < length)
        return false;
    memcpy(rewriting->bytes + rewriting->used, bytes, length);
    rewriting->used += length;
    return true;
}

static bool is_letter(char byte)
{
    return tw_text_is_letter(byte) || (unsigned char)byte >= 0x80;
}

/* Letters that may follow a number at once: "5bn", "3.2m". */
static bool is_unit(const char *letters, size_t length)
{
    static const char *const units[] = {"m", "mn", "mln", "b", "bn", "k", "pc", "p", "cr", "x", "pct"};
    for (size_t at = 0; at < sizeof units / sizeof units[0]; at++)
        if (strlen(units[at]) == length && strncasecmp(units[at], letters, length) == 0)
            return true;
    return false;
}

/* The length of the number at `at`: digits, with commas between groups of three and one point with digits
 * after it; 0: none. */
static size_t number_length(struct tw_text text, size_t at)
{
    size_t end = at;
    bool point = false;
    if (!tw_text_is_digit(text.bytes[at]) ||
        (at > 0 && (tw_text_is_digit(text.bytes[at - 1]) || is_letter(text.bytes[at - 1]))))
        return 0;
    for (;;) {
        while (end < text.length && tw_text_is_digit(text.bytes[end]))
            end++;
        bool more = end + 1 < text.length && tw_text_is_digit(text.bytes[end + 1]);
        if (!more || !((text.bytes[end] == '.' && !point) || (text.bytes[end] == ',' && !point)))
            break;
        point = point || text.bytes[end] == '.';
        end++;
    }
    size_t letters = end;
    while (letters < text.length && is_letter(text.bytes[letters]))
        letters++;
    return letters == end || is_unit(text.bytes + end, letters - end) ? end - at : 0;
}

static bool is_year(const char *number, size_t length)
{
    return length == 4 && (memcmp(number, "19", 2) == 0 || memcmp(number, "20", 2) == 0);
}

/* `digits` with the commas that `like` has, counted from the right end of its whole part. */
static size_t group_digits(const char *digits, size_t whole, bool commas, char *out)
{
    size_t used = 0;
    for (size_t at = 0; at < whole; at++) {
        if (commas && at > 0 && (whole - at) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[at];
    }
    return used;
}

/* The number times the factor, with as many decimals as it had. */
static bool put_number(struct rewriting *rewriting, const char *number, size_t length)
{
    char plain[LONGEST_NUMBER + 1], product[2 * LONGEST_NUMBER], grouped[4 * LONGEST_NUMBER];
    size_t digits = 0;
    if (length > LONGEST_NUMBER / 2 || is_year(number, length))
        return put(rewriting, number, length);
    for (size_t at = 0; at < length; at++)
        if (number[at] != ',')
            plain[digits++] = number[at];
    plain[digits] = '\0';
    const char *point = memchr(plain, '.', digits);
    int decimals = point ? (int)(plain + digits - point - 1) : 0;
    double value = strtod(plain, NULL) * rewriting->factor;
    int printed = snprintf(product, sizeof product, "%.*f", decimals, value);
    size_t whole = strcspn(product, ".");
    size_t used = group_digits(product, whole, memchr(number, ',', length) != NULL, grouped);
    return put(rewriting, grouped, used) && put(rewriting, product + whole, (size_t)printed - whole);
}

/* Text outside of entities. */
static bool put_between(struct rewriting *rewriting, size_t begin, size_t end)
{
    struct tw_text text = rewriting->example->text;
    if (!rewriting->jitter)
        return put(rewriting, text.bytes + begin, end - begin);
    for (size_t at = begin; at < end;) {
        size_t length = number_length(text, at);
        bool whole = length > 0 && at + length <= end;
        if (!(whole ? put_number(rewriting, text.bytes + at, length) : put(rewriting, text.bytes + at, 1)))
            return false;
        at += whole ? length : 1;
    }
    return true;
}

static bool put_entity(struct rewriting *rewriting, uint32_t entity)
{
    struct tw_place place = rewriting->example->entities[entity].place;
    struct tw_text name = rewriting->new_names[entity];
    if (!name.bytes)
        name =
            (struct tw_text){rewriting->example->text.bytes + place.begin, (size_t)(place.end - place.begin)};
    rewriting->entities[entity].place.begin = (uint32_t)rewriting->used;
    if (!put(rewriting, name.bytes, name.length))
        return false;
    rewriting->entities[entity].place.end = (uint32_t)rewriting->used;
    rewriting->entities[entity].name = name;
    return true;
}

/* Entities found, by where they stand; false when two overlap (such a text is left as it is). */
static bool order_entities(struct rewriting *rewriting, uint32_t *found)
{
    const struct tw_dataset_entity *entities = rewriting->example->entities;
    uint32_t *order = rewriting->order, count = 0;
    for (uint32_t entity = 0; entity < rewriting->example->entity_count; entity++) {
        if (!is_found(&entities[entity]))
            continue;
        uint32_t at = count++;
        for (; at > 0 && entities[order[at - 1]].place.begin > entities[entity].place.begin; at--)
            order[at] = order[at - 1];
        order[at] = entity;
    }
    for (uint32_t at = 1; at < count; at++)
        if (entities[order[at]].place.begin < entities[order[at - 1]].place.end)
            return false;
    *found = count;
    return true;
}

static bool rewrite(struct rewriting *rewriting, uint32_t found)
{
    const struct tw_example *example = rewriting->example;
    size_t at = 0;
    for (uint32_t turn = 0; turn < found; turn++) {
        uint32_t entity = rewriting->order[turn];
        if (!put_between(rewriting, at, example->entities[entity].place.begin) ||
            !put_entity(rewriting, entity))
            return false;
        at = example->entities[entity].place.end;
    }
    return put_between(rewriting, at, example->text.length);
}

/* Draws of a record that take as many numbers as they happen to need. */
static struct tw_draws draws_from(
    const struct tw_augment *augment, uint32_t epoch, uint64_t record, uint32_t what)
{
    return (struct tw_draws){augment->seed, TW_RANDOM_AUGMENT, epoch, (record << DRAWS_A_RECORD_BITS) + what};
}

/* One name: of another record, or, every other time, of the templates. bytes == NULL: there is none. */
static bool draw_name(const struct tw_augment *augment, uint32_t epoch, uint64_t record, uint32_t entity,
    struct tw_arena *arena, struct tw_text *name, struct tw_error *err)
{
    enum { DRAWS_A_NAME_BITS = 7 };
    struct tw_draws draws = draws_from(augment, epoch, record, DRAW_INVENTED + (entity << DRAWS_A_NAME_BITS));
    if (augment->templates && (augment->name_count == 0 || tw_draws_below(&draws, 2) == 0))
        return tw_case_name(augment->templates, &draws, arena, name, err);
    *name = augment->names[draw_below(augment, epoch, record, DRAW_NAME + entity, augment->name_count)];
    return true;
}

static bool draw_names(const struct tw_augment *augment, uint32_t epoch, uint64_t record,
    const struct tw_example *example, struct tw_arena *arena, struct tw_text *names, struct tw_error *err)
{
    for (uint32_t entity = 0; entity < example->entity_count; entity++)
        if (is_found(&example->entities[entity]) &&
            !draw_name(augment, epoch, record, entity, arena, &names[entity], err))
            return false;
    return true;
}

static size_t room_for(const struct tw_example *example, const struct tw_text *names)
{
    size_t room = example->text.length * 2 + 64; /* a number grows by a digit, and perhaps a comma */
    for (uint32_t entity = 0; entity < example->entity_count; entity++)
        room += names[entity].length;
    return room;
}

static bool swap_and_jitter(const struct tw_augment *augment, uint32_t epoch, uint64_t record,
    const struct tw_example *example, struct tw_arena *arena, struct tw_example *out, struct tw_error *err)
{
    bool swap = (augment->kinds & TW_AUGMENT_ENTITY_SWAP) &&
                (augment->name_count > 0 || augment->templates) && example->entity_count > 0 &&
                draw(augment, epoch, record, DRAW_SWAP) < augment->text_rate;
    bool jitter = (augment->kinds & TW_AUGMENT_NUMBER_JITTER) &&
                  draw(augment, epoch, record, DRAW_JITTER) < augment->text_rate;
    *out = *example;
    if (!swap && !jitter)
        return true;
    struct tw_text *names = tw_arena_array(arena, example->entity_count, sizeof *names);
    struct rewriting rewriting = {.example = example,
        .new_names = names,
        .jitter = jitter,
        /* 0.8 to 1.25, as likely above 1 as below. */
        .factor = exp((2 * draw(augment, epoch, record, DRAW_FACTOR) - 1) * log(1.25)),
        .entities = tw_arena_array(arena, example->entity_count, sizeof *rewriting.entities),
        .order = tw_arena_array(arena, example->entity_count, sizeof *rewriting.order)};
    if (!names || !rewriting.entities || !rewriting.order)
        return tw_arena_fail(arena, err);
    if (swap && !draw_names(augment, epoch, record, example, arena, names, err))
        return false;
    rewriting.room = room_for(example, names);
    rewriting.bytes = tw_arena_take(arena, rewriting.room);
    if (!rewriting.bytes)
        return tw_arena_fail(arena, err);
    if (example->entity_count)
        memcpy(rewriting.entities, example->entities, example->entity_count * sizeof *rewriting.entities);
    uint32_t found = 0;
    if (!order_entities(&rewriting, &found) || !rewrite(&rewriting, found))
        return true;
    out->text = (struct tw_text){rewriting.bytes, rewriting.used};
    out->entities = rewriting.entities;
    return true;
}

/* Around the text; the places of its entities move along. */
static bool put_in_frame(const struct tw_augment *augment, uint32_t epoch, uint64_t record,
    struct tw_arena *arena, struct tw_example *example, struct tw_error *err)
{
    struct tw_draws draws = draws_from(augment, epoch, record, DRAW_FRAME);
    const struct tw_case_frame *frame = tw_case_draw_frame(augment->templates, false, &draws);
    struct tw_case_text framed;
    if (!frame)
        return true;
    if (!tw_case_put_in_frame(augment->templates, frame, example->text, &draws, arena, &framed, err))
        return false;
    struct tw_dataset_entity *entities = tw_arena_array(arena, example->entity_count, sizeof *entities);
    if (!entities)
        return tw_arena_fail(arena, err);
    for (uint32_t entity = 0; entity < example->entity_count; entity++) {
        entities[entity] = example->entities[entity];
        if (!is_found(&entities[entity]))
            continue;
        entities[entity].place.begin += (uint32_t)framed.begin;
        entities[entity].place.end += (uint32_t)framed.begin;
    }
    example->text = framed.text;
    example->entities = entities;
    return true;
}

bool tw_augment_text(const struct tw_augment *augment, uint32_t epoch, uint64_t record,
    const struct tw_example *example, struct tw_arena *arena, struct tw_example *out, struct tw_error *err)
{
    if (!swap_and_jitter(augment, epoch, record, example, arena, out, err))
        return false;
    bool framed = (augment->kinds & TW_AUGMENT_FRAMES) && augment->templates &&
                  draw(augment, epoch, record, DRAW_FRAMED) < augment->text_rate;
    return !framed || put_in_frame(augment, epoch, record, arena, out, err);
}

/* ---- tokens ---- */

/* The first token of an entity that would lose all of them stays. */
static bool must_stay(
    const struct tw_token_range *kept, uint32_t kept_count, const bool *dropped, uint32_t token)
{
    for (uint32_t at = 0; at < kept_count; at++) {
        if (token + 1 != kept[at].end)
            continue;
        bool one_left = false;
        for (uint32_t before = kept[at].begin; before < token; before++)
            one_left = one_left || !dropped[before];
        if (!one_left)
            return true;
    }
    return false;
}

void tw_augment_tokens(const struct tw_augment *augment, uint32_t epoch, uint64_t record, int32_t mask,
    const struct tw_token_range *kept, uint32_t kept_count, int32_t *ids, uint32_t count)
{
    enum { MOST = 4096 };
    bool dropped[MOST] = {false};
    if (!(augment->kinds & TW_AUGMENT_TOKEN_DROPOUT))
        return;
    for (uint32_t token = 1; token + 1 < count && token < MOST; token++) {
        dropped[token] = draw(augment, epoch, record, DRAW_TOKEN + token) < augment->token_rate &&
                         !must_stay(kept, kept_count, dropped, token);
        if (dropped[token])
            ids[token] = mask;
    }
}
