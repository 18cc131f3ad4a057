#include "scenario/waiting.h"

#include "base/growing.h"
#include "stories/sketch.h"

#include <stdlib.h>

enum { FIRST_DOCUMENTS = 64 };

/* A rule spoke for a document; texts other than the symbol are the rules' and the taxonomy's. */
struct waiting_event {
    struct tw_text symbol;
    bool listed;
    struct tw_headline_event event;
};

struct tw_waiting_document {
    uint64_t number;
    int64_t time_us;
    struct tw_text sketch;
    struct waiting_event *events; /* only where stories are counted */
    uint32_t event_count;
};

bool tw_waiting_begin(struct tw_waiting *waiting, const struct tw_waiting_options *options,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_stories_options stories = tw_stories_defaults();
    stories.most_documents = options->most_documents;
    *waiting = (struct tw_waiting){.options = *options, .arena = arena, .filed_to_us = TW_NO_TIME};
    return tw_stories_begin(&waiting->stories, &stories, err);
}

void tw_waiting_end(struct tw_waiting *waiting)
{
    tw_stories_end(&waiting->stories);
    free(waiting->documents);
    *waiting = (struct tw_waiting){0};
}

/* -- as it comes ----------------------------------------------------------------------------------------- */

static struct tw_waiting_document *add(struct tw_waiting *waiting, struct tw_error *err)
{
    if (waiting->count == waiting->capacity) {
        struct tw_waiting_document *larger =
            tw_grow_heap(waiting->documents, &waiting->capacity, sizeof *larger, FIRST_DOCUMENTS);
        if (!larger) {
            tw_fail(err, TW_INTERNAL, "stories", NULL, "out of memory");
            return NULL;
        }
        waiting->documents = larger;
    }
    waiting->documents[waiting->count] = (struct tw_waiting_document){0};
    return &waiting->documents[waiting->count++];
}

static bool keep_events(struct tw_waiting *waiting, const struct tw_rows *rows,
    struct tw_waiting_document *document, struct tw_error *err)
{
    document->events = tw_arena_array(waiting->arena, rows->headline_count, sizeof *document->events);
    if (!document->events)
        return tw_arena_fail(waiting->arena, err);
    for (; document->event_count < rows->headline_count; document->event_count++) {
        const struct tw_headline_row *row = &rows->headlines[document->event_count];
        const struct tw_score_row *score = &rows->scores[row->score];
        struct waiting_event *event = &document->events[document->event_count];
        *event = (struct waiting_event){.symbol = tw_arena_copy(waiting->arena, score->symbol),
            .listed = score->listed,
            .event = tw_simulation_event_of(rows, row, 0)};
        if (!event->symbol.bytes)
            return tw_arena_fail(waiting->arena, err);
    }
    return true;
}

bool tw_waiting_add(
    struct tw_waiting *waiting, const struct tw_rows *rows, uint64_t number, struct tw_error *err)
{
    struct tw_simulation *simulation = waiting->options.simulation;
    struct tw_waiting_document *document = add(waiting, err);
    if (!document)
        return false;
    document->number = number;
    document->time_us = rows->documents[0].event_us;
    if (!tw_sketch_write(&rows->documents[0], waiting->arena, &document->sketch, err))
        return false;
    if (!simulation)
        return true;
    return tw_simulation_put_bars(simulation, rows, err) &&
           (waiting->options.counted ? keep_events(waiting, rows, document, err)
                                     : tw_simulation_put_events(simulation, rows, 0, err));
}

/* -- filed ----------------------------------------------------------------------------------------------- */

static int compare_times(const void *left, const void *right)
{
    const struct tw_waiting_document *one = left;
    const struct tw_waiting_document *other = right;
    if (one->time_us != other->time_us)
        return one->time_us < other->time_us ? -1 : 1;
    return (one->number > other->number) - (one->number < other->number);
}

/* Whether the story told of the entity before: then it is taken off its bar again. */
static bool is_told(const struct tw_sketch *sketch, const bool *told, struct tw_text symbol)
{
    for (uint32_t at = 0; at < sketch->entity_count; at++)
        if (tw_text_equal(sketch->entities[at].symbol, symbol))
            return told[at];
    return false;
}

static bool take_off(struct tw_simulation *simulation, const struct tw_waiting_document *document,
    const struct tw_sketch *sketch, const bool *told, struct tw_error *err)
{
    for (uint32_t at = 0; at < sketch->entity_count; at++) {
        struct tw_bar_row bar = tw_sketch_bar(&sketch->entities[at], document->time_us);
        bar.count = -bar.count;
        bar.sum = -bar.sum;
        bar.sum_of_squares = -bar.sum_of_squares;
        bar.negative_sum = -bar.negative_sum;
        if (told[at] && !tw_simulation_put_bar(simulation, &bar, false, err))
            return false;
    }
    return true;
}

static bool hand_on(struct tw_waiting *waiting, const struct tw_waiting_document *document,
    const struct tw_sketch *sketch, const bool *told, struct tw_error *err)
{
    struct tw_simulation *simulation = waiting->options.simulation;
    if (!simulation || !waiting->options.counted)
        return true;
    for (uint32_t at = 0; at < document->event_count; at++) {
        struct waiting_event *event = &document->events[at];
        event->event.is_copy = is_told(sketch, told, event->symbol);
        if (!tw_simulation_put_event(simulation, event->symbol, event->listed, &event->event, err))
            return false;
    }
    return take_off(simulation, document, sketch, told, err);
}

static bool file(struct tw_waiting *waiting, const struct tw_waiting_document *document,
    const struct tw_waiting_sink *sink, struct tw_error *err)
{
    struct tw_sketch sketch;
    struct tw_story_telling telling;
    struct tw_story_verdict verdict;
    size_t mark = tw_arena_mark(waiting->arena);
    if (!tw_sketch_read(document->sketch, waiting->arena, &sketch, err) ||
        !tw_sketch_tell(&sketch, document->time_us, (int64_t)document->number, waiting->arena, &telling, err))
        return false;
    bool *told = tw_arena_array(waiting->arena, telling.entity_count, sizeof *told);
    if (!told)
        return tw_arena_fail(waiting->arena, err);
    if (!tw_stories_file(&waiting->stories, &telling, &verdict, told, err) ||
        !hand_on(waiting, document, &sketch, told, err))
        return false;
    tw_arena_rewind(waiting->arena, mark);
    sink->filed(sink->context, document->number, (uint64_t)verdict.story);
    return true;
}

bool tw_waiting_file(
    struct tw_waiting *waiting, int64_t edge_us, const struct tw_waiting_sink *sink, struct tw_error *err)
{
    size_t filed = 0;
    if (edge_us <= waiting->filed_to_us)
        return true;
    if (waiting->count > 1)
        qsort(waiting->documents, waiting->count, sizeof *waiting->documents, compare_times);
    for (; filed < waiting->count && waiting->documents[filed].time_us < edge_us; filed++)
        if (!file(waiting, &waiting->documents[filed], sink, err))
            return false;
    tw_stories_keep(&waiting->stories);
    waiting->count -= filed;
    if (filed > 0 && waiting->count > 0)
        memmove(waiting->documents, waiting->documents + filed, waiting->count * sizeof *waiting->documents);
    waiting->filed_to_us = edge_us;
    return true;
}
