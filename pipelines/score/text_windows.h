/* text_windows: how a text that is longer than one window is cut into those that the model reads.
 *   in    a cleaned text, bytes of it that are title, where companies are mentioned; limits
 *   out   document.windows, in the order of the text, with their tokens end to end in document.tokens;
 *         what was left out: document.truncated, document.read_bytes
 *
 * People read the title, then the lead, then on as long as it pays. So
 *   - the first window is the title; of a text without one, its first sentences, of TW_TITLE_BYTES at least;
 *   - each further one holds as many whole sentences (sentences.h) as fit into `window_tokens`, [CLS] and
 *     [SEP] included. A sentence that is longer is cut between words;
 *   - they follow one another until `most_windows`, or `most_tokens` of them together, are reached. Only when
 *     no more are left than companies that the text names and no window has shown yet, each next window
 *     begins with the sentence that names the next of these; what lies between is not read.
 *
 * Cost. The model reads at most `most_tokens` of a text in at most `most_windows`, whatever its length.
 * Cutting is linear in what is passed over, and takes arena for the tokens that are read alone. */
#ifndef TW_TEXT_WINDOWS_H
#define TW_TEXT_WINDOWS_H

#include "base/arena.h"
#include "document.h"

enum {
    TW_WINDOW_TOKENS = 64, /* of a window, and of a text without a title that is one */
    TW_TITLED_TOKENS = 48, /* of a title and a body that are read at once */
    TW_TITLE_BYTES = 24,   /* least of the sentences that serve as a title */
};

struct tw_tokenizer;

struct tw_text_windows_options {
    const struct tw_tokenizer *tokenizer;
    uint32_t window_tokens; /* 3 or more */
    uint32_t most_windows;  /* 2 or more */
    uint32_t most_tokens;   /* of all windows together; window_tokens or more */
};

/* The companies for whose sake a window may be moved: mentions in order of begin, by the number of what they
 * mention, below `count`. Mentions without bytes are passed over. */
struct tw_text_mentions {
    const struct tw_mention *items;
    uint32_t item_count, count;
};

/* Cuts document->text. TW_FULL when the arena is; TW_REFUSED for a text of 4 GiB or more. */
TW_MUST_USE bool tw_text_windows_cut(const struct tw_text_windows_options *options,
    struct tw_document *document, struct tw_text_mentions mentions, struct tw_arena *arena,
    struct tw_error *err);

/* Fills document->spans, in the order of their windows: for each of `mentions.count` companies one for each
 * window that names it, at its first mention there; for a company that no window names, each window whole.
 * The document's windows are cut. TW_FULL. */
TW_MUST_USE bool tw_text_windows_place(struct tw_document *document, struct tw_text_mentions mentions,
    struct tw_arena *arena, struct tw_error *err);

#endif
