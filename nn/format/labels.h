/* labels: the classes of a text, and the words for them: in config.json, in records, on a terminal.
 *
 * A model's outputs are mapped to classes by these words, never by position (config_json.h); so are the
 * labels of records that people write. Probabilities are handed out in the order of enum tw_class
 * everywhere. */
#ifndef TW_LABELS_H
#define TW_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum tw_class { TW_NEGATIVE, TW_NEUTRAL, TW_POSITIVE, TW_CLASSES };

/* "negative", "neutral" or "positive"; `class_index` is below TW_CLASSES. */
const char *tw_class_name(size_t class_index);

/* What is wrong with a model of `count` outputs, which is not three: "two labels, three are needed". */
const char *tw_labels_count_fault(size_t count);
/* What helps then: no name of a label makes an output. */
#define TW_CURE_LABEL_COUNT                                                                                  \
    "teach it three: tapewatch finetune --fresh-heads -m FOLDER -o NEW RECORDS.jsonl, whose labels are "     \
    "negative, neutral and positive"

/* The enum tw_class of a word, case and blanks around it ignored: negative|neg|bearish|bear,
 * neutral|neu|neut, positive|pos|bullish|bull; -1 for any other word. */
int32_t tw_class_of(struct tw_text word);

#endif
