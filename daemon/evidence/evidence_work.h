/* evidence_work: what is done to one document of a step on its worker: read anew, the words that made the
 * model decide, how far it is about the company.
 *
 *     tw_evidence_work_begin(&work, err)
 *     tw_evidence_work_run(&work, shared, pulse, &text, err)   a text at a time, on the lane of evidence
 *     tw_evidence_work_forget(&work)                        the words of all texts so far are gone
 *     tw_evidence_work_end(&work)
 *
 * What explains (explain/explain.h) is made when the first text comes, and again when the model is another;
 * it is kept, and its model with it. The thread is made less urgent than those that read the stream: where
 * processors are short, evidence waits, and nothing for it.
 *
 * MEMORY. For a model in fp32 what one worker of `explain` takes, for one with 8-bit weights those in fp32
 * too; 64 MiB of address space for a text at work, of which a short one touches little. */
#ifndef TW_EVIDENCE_WORK_H
#define TW_EVIDENCE_WORK_H

#include "explain/explain_stored.h"
#include "shared.h"

/* As column `method` of alert_evidence names them. */
enum tw_evidence_method { TW_EVIDENCE_GRADIENTS, TW_EVIDENCE_PATTERN, TW_EVIDENCE_NONE };
extern const char *const tw_evidence_method_names[];

struct tw_evidence_text {
    /* in */
    struct tw_stored stored;
    bool has_event; /* an event made its rule speak, told by bytes [event_begin, event_end) of the text */
    uint32_t event_begin, event_end;

    /* out; texts live until they are forgotten */
    enum tw_evidence_method method;
    int32_t relevance; /* -1: the text does not name the company any more */
    bool of_entity;    /* GRADIENTS: else of the document as a whole; the next three are of GRADIENTS too */
    enum tw_class label;
    float base, logit;
    struct tw_text words; /* JSON; empty: none */
    const char *sha256;   /* of the model that was asked; lent for as long as `shared` is held */
};

struct tw_evidence_work {
    struct tw_arena scratch;  /* of the text at work */
    struct tw_arena kept;     /* words of texts that are done */
    struct tw_shared *shared; /* whose model the next two are of; NULL: none */
    struct tw_explainer *explainer;
    struct tw_explain_workspace *workspace;
};

/* TW_INTERNAL without memory. */
TW_MUST_USE bool tw_evidence_work_begin(struct tw_evidence_work *work, struct tw_error *err);
/* Zeroed is fine. */
void tw_evidence_work_end(struct tw_evidence_work *work);

/* Fills what is `out` of the text. `shared` has a struct tw_work_shared (pool/work.h); `pulse` is the job's.
 * Errors as of tw_explain, and TW_REFUSED for a text that cannot be read any more. */
TW_MUST_USE bool tw_evidence_work_run(struct tw_evidence_work *work, struct tw_shared *shared,
    struct tw_pulse *pulse, struct tw_evidence_text *text, struct tw_error *err);
/* Before the texts of the next step. */
void tw_evidence_work_forget(struct tw_evidence_work *work);

#endif
