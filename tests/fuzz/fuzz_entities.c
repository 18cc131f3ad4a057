/* fuzz_entities: any bytes as an entities file: refused with a line, or a set in which each company is
 * found by its symbol and by the name that is shown. */
#include "promise.h"

#include "names/entities.h"

static void find_by_name(const struct tw_automaton *entities, uint32_t index, struct tw_text name)
{
    struct tw_word_walk walk = {.text = name};
    struct tw_name_match match;
    bool stopped, found = false;
    promise(tw_entities_next(entities, &walk, &stopped, &match) || (stopped && match.end > 0),
        "a name is found in itself");
    uint32_t count = 0;
    for (uint32_t at = 0, owner; tw_entities_owner(entities, name, &match, &at, &owner); count++) {
        promise(owner < tw_entities_count(entities), "an owner is a company");
        found = found || owner == index;
    }
    promise(count == match.owner_count, "all owners are counted");
    promise(found, "a name is its company's");
}

static void check(const struct tw_automaton *entities)
{
    for (uint32_t at = 0; at < tw_entities_count(entities); at++) {
        const struct tw_entity *entity = tw_entities_at(entities, at);
        promise(
            tw_entities_find(entities, entity->symbol) == (int32_t)at, "a company is found by its symbol");
        promise(tw_entities_find_symbol(entities, entity->symbol) == (int32_t)at, "and so in any spelling");
        if (!tw_text_equal(entity->name, entity->symbol))
            find_by_name(entities, at, entity->name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tw_text file = own_copy((struct tw_text){(const char *)data, size});
    struct tw_automaton *entities = NULL;
    struct tw_error err = {0};
    if (tw_entities_parse("entities.jsonl", file, &entities, &err))
        check(entities);
    else
        promise(!entities && (err.code == TW_CONFIG || err.code == TW_IO) && err.what[0] &&
                    is_utf8_without_nul(tw_text_of(err.what)) && is_utf8_without_nul(tw_text_of(err.where)),
            "a refusal says what, in UTF-8");
    tw_entities_free(entities);
    free((void *)(uintptr_t)file.bytes);
    return 0;
}
