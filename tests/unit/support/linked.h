/* linked: stories of texts, and the companies found in them as "SYMBOL*mentions", unlisted ones in lower
 * brackets. Include it behind cmocka.h.
 *
 *     static const struct expected cases[] = {{"$VELQ falls", "VELQ*1"}};
 *     assert_listed(listed, cases, sizeof cases / sizeof cases[0]);
 *
 * What the linker finds is held to slow_link.h besides. */
#ifndef TW_LINKED_H
#define TW_LINKED_H

#include <stdio.h>

#include "link/link.h"
#include "slow_link.h"
#include "test_arena.h"

static struct tw_automaton *entities;
static struct slow_companies *companies; /* the same, for the matcher that tries every name */

/* "AAPL*2 [MSFT]*1": what was linked, after checking what must hold of every result. */
static void describe(const struct tw_document *document, char *line, size_t size)
{
    size_t used = 0;
    uint32_t mentions = 0;
    line[0] = '\0';
    for (uint32_t at = 0; at < document->entity_count; at++) {
        const struct tw_linked_entity *entity = &document->entities[at];
        assert_true(at == 0 || tw_text_compare(document->entities[at - 1].symbol, entity->symbol) < 0);
        assert_true(entity->mentions >= 1);
        mentions += entity->mentions;
        used += (size_t)snprintf(line + used, size - used, "%s%s%.*s%s*%u", at ? " " : "",
            entity->listed ? "" : "[", (int)entity->symbol.length, entity->symbol.bytes,
            entity->listed ? "" : "]", entity->mentions);
    }
    assert_int_equal(mentions, document->mention_count);
    for (uint32_t at = 0; at < document->mention_count; at++) {
        const struct tw_mention *mention = &document->mentions[at];
        assert_true(mention->entity < document->entity_count);
        assert_true(mention->begin <= mention->end && mention->end <= document->text.length);
        assert_true(at == 0 || document->mentions[at - 1].end <= mention->begin);
    }
}

static struct tw_document linked(const char *text, bool unlisted)
{
    struct tw_document document = {.text = tw_text_of(text)};
    struct tw_error err;
    assert_true(tw_link(entities, unlisted, &document, &arena, &err));
    return document;
}

struct expected {
    const char *text, *entities;
};

static void assert_all(const struct expected *cases, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        struct tw_document document = linked(cases[at].text, true);
        char line[400];
        if (!slow_link_agrees(companies, entities, true, &document, &arena, line, sizeof line))
            fail_msg("%s, in: %s", line, cases[at].text);
        describe(&document, line, sizeof line);
        if (strcmp(line, cases[at].entities) != 0)
            print_error("text: %s\n", cases[at].text);
        assert_string_equal(line, cases[at].entities);
    }
}

/* The same with the companies of another file. */
static void assert_listed(const char *listed, const struct expected *cases, size_t count)
{
    struct tw_automaton *all = entities;
    struct slow_companies *slowly = companies;
    struct tw_error err;
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(listed), &entities, &err));
    companies = slow_companies_new(tw_text_of(listed));
    assert_all(cases, count);
    slow_companies_free(companies);
    tw_entities_free(entities);
    companies = slowly;
    entities = all;
}

#endif
