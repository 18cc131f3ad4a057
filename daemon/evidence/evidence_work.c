#include "evidence/evidence_work.h"

#include "pool/work.h"
#include "score/classifier.h"

#include <sys/resource.h>
#include <unistd.h>

enum { LESS_URGENT = 5, KEPT_BYTES = 1 << 20 };
static const size_t scratch_bytes = (size_t)64 << 20, words_bytes = (size_t)4 << 20;

const char *const tw_evidence_method_names[] = {[TW_EVIDENCE_GRADIENTS] = "gradients",
    [TW_EVIDENCE_PATTERN] = "pattern",
    [TW_EVIDENCE_NONE] = "none",
    NULL};

static const struct tw_river *river_of(const struct tw_shared *shared)
{
    return &((const struct tw_work_shared *)shared->content)->river;
}

bool tw_evidence_work_begin(struct tw_evidence_work *work, struct tw_error *err)
{
    *work = (struct tw_evidence_work){0};
    return tw_arena_begin(&work->scratch, scratch_bytes, err) &&
           tw_arena_begin(&work->kept, words_bytes, err);
}

static void let_go(struct tw_evidence_work *work)
{
    tw_explain_workspace_free(work->workspace);
    tw_explainer_close(work->explainer);
    tw_shared_leave(work->shared);
    work->workspace = NULL;
    work->explainer = NULL;
    work->shared = NULL;
}

void tw_evidence_work_end(struct tw_evidence_work *work)
{
    let_go(work);
    tw_arena_end(&work->scratch);
    tw_arena_end(&work->kept);
}

void tw_evidence_work_forget(struct tw_evidence_work *work)
{
    tw_arena_reset(&work->kept, KEPT_BYTES);
}

/* What explains is that of the model at hand. The model without words has none. */
static bool adopt(struct tw_evidence_work *work, struct tw_shared *shared, struct tw_error *err)
{
    const struct tw_classifier *classifier = river_of(shared)->classifier;
    if (work->shared && river_of(work->shared)->classifier == classifier) {
        struct tw_shared *before = work->shared; /* entities that were replaced are not kept for its model */
        work->shared = tw_shared_use(shared);
        tw_shared_leave(before);
        return true;
    }
    let_go(work);
    if (tw_classifier_model(classifier) &&
        (!tw_explainer_open(classifier, &work->explainer, err) ||
            !tw_explain_workspace_new(work->explainer, &work->workspace, err))) {
        let_go(work);
        return false;
    }
    work->shared = tw_shared_use(shared);
    return true;
}

static bool explain(struct tw_evidence_work *work, const struct tw_river *river,
    const struct tw_document *document, struct tw_evidence_text *text, struct tw_error *err)
{
    struct tw_stored_reason reason;
    if (!tw_stored_explain(
            &text->stored, river, work->explainer, work->workspace, document, &work->scratch, &reason, err))
        return false;
    text->method = TW_EVIDENCE_GRADIENTS;
    text->of_entity = reason.of_entity;
    text->label = reason.explanation.label;
    text->base = reason.explanation.base;
    text->logit = reason.explanation.logit;
    text->words = reason.words;
    return true;
}

static bool find_words(struct tw_evidence_work *work, const struct tw_river *river,
    struct tw_evidence_text *text, struct tw_error *err)
{
    struct tw_document document;
    text->method = TW_EVIDENCE_NONE;
    text->words = (struct tw_text){0};
    if (!tw_stored_read(&text->stored, river, &work->scratch, &document, err) ||
        !tw_stored_relevance(&text->stored, river, &document, &work->scratch, &text->relevance, err))
        return false;
    if (!text->has_event)
        return !work->explainer || explain(work, river, &document, text, err);
    text->method = TW_EVIDENCE_PATTERN;
    return tw_stored_pattern(
        &document, text->event_begin, text->event_end, &work->scratch, &text->words, err);
}

bool tw_evidence_work_run(struct tw_evidence_work *work, struct tw_shared *shared, struct tw_pulse *pulse,
    struct tw_evidence_text *text, struct tw_error *err)
{
    const struct tw_river *river = river_of(shared);
    (void)setpriority(
        PRIO_PROCESS, (id_t)gettid(), LESS_URGENT); /* as urgent as before, should it be refused */
    tw_arena_reset(&work->scratch, KEPT_BYTES);
    if (!adopt(work, shared, err))
        return false;
    if (work->workspace)
        tw_explain_watch(work->workspace, pulse);
    if (!find_words(work, river, text, err))
        return false;
    text->sha256 = tw_classifier_sha256(river->classifier);
    if (!text->words.bytes)
        return true;
    text->words = tw_arena_copy(&work->kept, text->words);
    return text->words.bytes || tw_arena_fail(&work->kept, err);
}
