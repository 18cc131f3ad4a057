/* events: what a text says has happened, and to whom.
 *
 *   in    a linked document (link.h) and a taxonomy (taxonomy.h)
 *   out   document.events in order of their first byte: type, the span that says so, the company
 *
 * Patterns are matched sentence by sentence; what is title and what is body never share one. Words of a
 * company's name say nothing ("Recall Holdings"). Exceptions take events away or turn them (taxonomy.h); of
 * those left that overlap and are of one company or one type, the one stands that crosses fewer commas, of
 * equals the one whose pattern has more words (gaps are none), of equals the longer one, of equals the one
 * that the file names first.
 *
 * The company is, of those mentioned in the sentence: where the pattern has an @, the first one there (at a
 * pattern's beginning the last one before it); else the first inside the span, else the one right behind it
 * and "at", "of" or "against", else the nearest before it, else the nearest behind it. A company that only
 * says of what kind another is (naming.h, `others`) is passed over; one behind the event is another party,
 * and nobody is meant, where the sentence names somebody whom no entities know. Who reports the headline
 * (naming.h) is meant only where it names nobody else. When the sentence names none, the document's only
 * entity; else nobody. A type is told once for each company, where it is told first.
 *
 * Costs about a nanosecond a byte of text, memory of at most TW_EVENTS_MOST events a document; later ones are
 * left out, and so are matches beyond the 64 of a sentence: both are counted in the document's
 * `events_dropped`. A sentence is looked at in pieces of TW_EVENT_SENTENCE words. */
#ifndef TW_EVENTS_H
#define TW_EVENTS_H

#include "base/arena.h"
#include "document.h"
#include "events/taxonomy.h"

enum { TW_EVENTS_MOST = 32, TW_EVENT_SENTENCE = 96 };

/* Fills the document's events; `taxonomy` NULL: there are none. False only when the arena is
 * full (TW_FULL). */
TW_MUST_USE bool tw_events_find(const struct tw_taxonomy *taxonomy, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err);

#endif
