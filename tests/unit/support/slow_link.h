/* slow_link: what link.h promises, done the slow and obvious way: at each word every name of every company
 * is tried.
 *
 *   in    the entities file's lines; a document with its text and `symbols`
 *   out   do the linker's entities and mentions agree?
 *
 * Names are found, settled and counted without an automaton, a hash or an early end: lists and loops after
 * the sentences of link.h and entities.h. What a symbol in a text is, tickers.h says to both sides; that
 * symbols are looked up rightly is asked by itself (slow_symbols_agree). Words are cut by words.h. For
 * fuzz targets and tests that hold the linker to it. */
#ifndef TW_SLOW_LINK_H
#define TW_SLOW_LINK_H

#include "base/arena.h"
#include "document.h"
#include "names/entities.h"

struct slow_companies;

/* The companies of an entities file that tw_entities_parse takes. Ends the process for want of memory. */
struct slow_companies *slow_companies_new(struct tw_text lines);
/* NULL is fine. */
void slow_companies_free(struct slow_companies *companies);

/* Links document->text and document->symbols, and compares with what tw_link left in the document. True when
 * both agree; else `what` (of `size` bytes) says the first difference. `entities` are the same companies;
 * `arena` has room for symbols. */
bool slow_link_agrees(const struct slow_companies *companies, const struct tw_automaton *entities,
    bool unlisted, const struct tw_document *document, struct tw_arena *arena, char *what, size_t size);

/* Is each beginning of the text, as a symbol, the same company by a look at all of them? */
bool slow_symbols_agree(const struct slow_companies *companies, const struct tw_automaton *entities,
    struct tw_text text, char *what, size_t size);

#endif
