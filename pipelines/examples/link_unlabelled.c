#include "examples/link_unlabelled.h"

#include "link/link.h"

#define SCRATCH_BYTES ((size_t)64 << 20)
#define KEEP_BYTES ((size_t)1 << 20)

/* Mentions in order: the first of each entity is where it is read. */
static bool take_mentions(const struct tw_document *document, struct tw_example *example,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_dataset_entity *entities = tw_arena_array(arena, document->entity_count, sizeof *entities);
    if (!entities)
        return tw_arena_fail(arena, err);
    for (uint32_t at = document->mention_count; at-- > 0;) {
        const struct tw_mention *mention = &document->mentions[at];
        entities[mention->entity] = (struct tw_dataset_entity){
            .name = {example->text.bytes + mention->begin, mention->end - mention->begin},
            .place = {mention->begin, mention->end},
            .label = -1};
    }
    example->entities = entities;
    example->entity_count = document->entity_count;
    return true;
}

static bool link_all(const struct tw_automaton *automaton, bool symbols, struct tw_dataset *dataset,
    size_t first, size_t end, struct tw_arena *arena, uint64_t *named, struct tw_error *err)
{
    struct tw_arena scratch;
    bool linked = tw_arena_begin(&scratch, SCRATCH_BYTES, err);
    for (size_t at = first; linked && at < end; at++) {
        struct tw_example *example = &dataset->examples[at];
        struct tw_document document = {.text = example->text};
        tw_arena_reset(&scratch, KEEP_BYTES);
        linked = tw_link(automaton, symbols, &document, &scratch, err) &&
                 take_mentions(&document, example, arena, err);
        *named += example->entity_count;
    }
    tw_arena_end(&scratch);
    return linked;
}

bool tw_link_unlabelled(const struct tw_link_unlabelled_options *options, struct tw_dataset *dataset,
    size_t first, size_t end, struct tw_arena *arena, uint64_t *named, struct tw_error *err)
{
    struct tw_automaton *automaton = NULL;
    *named = 0;
    if (!options->entities[0] && !options->symbols)
        return true;
    if (options->entities[0] && !tw_entities_load(options->entities, &automaton, err))
        return false;
    bool linked = link_all(automaton, options->symbols, dataset, first, end, arena, named, err);
    tw_entities_free(automaton);
    return linked;
}
