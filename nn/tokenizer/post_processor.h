/* post_processor: what tokenizer.json puts around texts, held against what is done here.
 *
 *     TemplateProcessing      [CLS] A [SEP]  and  [CLS] A [SEP] B [SEP], segments 0 and 1: nothing else
 *     BertProcessing          the same, told by its two ends
 *     RobertaProcessing       the same with two [SEP] between the texts of a pair (MPNet)
 *
 * It names [CLS] and [SEP] on the way: what they are called goes into `named`, `two_between` into the facts
 * (facts.h). A template of another shape would give other ids than are given here, and so would a token of
 * it that stands for other ids than its own: both are refused. */
#ifndef TW_POST_PROCESSOR_H
#define TW_POST_PROCESSOR_H

#include <jansson.h>

#include "tokenizer/facts.h"

/* Reads the part "post_processor", NULL when there is none (which is refused). After the vocabulary, before
 * tw_facts_settle. TW_CONFIG. The names live as long as `processor`. */
TW_MUST_USE bool tw_post_processor_read(struct tw_gathering *gathering, const json_t *processor);

#endif
