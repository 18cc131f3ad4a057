/* fuzz_events: any bytes as events.yaml, and behind a NUL a text: refused with at least one problem, or a set
 * that finds events inside of the text, in order, of types that it has. */
#include "promise.h"

#include "events/events.h"

static struct tw_taxonomy *load(struct tw_text bytes, struct tw_arena *arena)
{
    struct tw_text_file source = {"events.yaml", bytes};
    struct tw_problems problems;
    struct tw_taxonomy *taxonomy;
    struct tw_error err;
    struct tw_text text;
    tw_problems_begin(&problems, arena);
    bool loaded = tw_taxonomy_load(&source, &problems, &taxonomy, &err);
    promise(loaded == (problems.count == 0), "a set is loaded, or something is wrong");
    promise(tw_problems_render(&problems, arena, &text, &err), "problems can be shown");
    promise(is_utf8_without_nul(text) || !is_utf8_without_nul(bytes), "problems are shown in UTF-8");
    return taxonomy;
}

static void find(const struct tw_taxonomy *taxonomy, struct tw_text text, struct tw_arena *arena)
{
    struct tw_error err;
    struct tw_document document = {.text = text, .title_length = (uint32_t)text.length / 3};
    uint32_t before = 0;
    promise(tw_events_find(taxonomy, &document, arena, &err), "events are looked for");
    promise(document.event_count <= TW_EVENTS_MOST, "there are no more events than may be");
    for (uint32_t at = 0; at < document.event_count; at++) {
        const struct tw_event *event = &document.events[at];
        promise(event->type < taxonomy->type_count, "an event is of a type of the set");
        promise(event->begin < event->end && event->end <= text.length, "an event lies in the text");
        promise(event->begin >= before, "events come in order");
        promise(event->entity == TW_EVENT_OF_NOBODY, "a text that names nobody is about nobody");
        before = event->begin;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct tw_arena arena;
    struct tw_error err;
    const uint8_t *nul = length ? memchr(bytes, 0, length) : NULL;
    size_t yaml = nul ? (size_t)(nul - bytes) : length, rest = nul ? length - yaml - 1 : 0;
    promise(tw_arena_begin(&arena, (size_t)16 << 20, &err), "address space is there");
    struct tw_taxonomy *taxonomy = load((struct tw_text){(const char *)bytes, yaml}, &arena);
    char *text = rest ? malloc(rest) : NULL; /* a piece of its own: a read past its end is seen */
    if (text)
        memcpy(text, nul + 1, rest);
    if (taxonomy && text)
        find(taxonomy, (struct tw_text){text, rest}, &arena);
    free(text);
    tw_taxonomy_free(taxonomy);
    tw_arena_end(&arena);
    return 0;
}
