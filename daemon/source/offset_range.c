#include "source/offset_range.h"

#include <stdio.h>
#include <stdlib.h>

enum { ASK_TIMEOUT_MS = 10000 };

struct tw_offset_question {
    uv_work_t work;
    struct tw_offset_range *range;
    struct tw_offset_question *next;
    uint64_t assignment;
    char topic[256];
    int32_t number;
    rd_kafka_resp_err_t code;
    struct tw_offset_bounds bounds;
};

static void ask_broker(uv_work_t *work)
{
    struct tw_offset_question *question = work->data;
    question->code = rd_kafka_query_watermark_offsets(question->range->kafka, question->topic,
        question->number, &question->bounds.first, &question->bounds.end, ASK_TIMEOUT_MS);
}

static void close_question(struct tw_offset_question *question)
{
    struct tw_offset_question **link = &question->range->questions;
    while (*link != question)
        link = &(*link)->next;
    *link = question->next;
}

static void broker_answered(uv_work_t *work, int status)
{
    struct tw_offset_question *question = work->data;
    struct tw_offset_range *range = question->range;
    bool told = status == 0 && question->code == RD_KAFKA_RESP_ERR_NO_ERROR;
    close_question(question);
    range->answered(range->context, question->assignment, told ? &question->bounds : NULL);
    free(question);
}

bool tw_offset_range_ask(struct tw_offset_range *range, const struct tw_partition *partition)
{
    for (const struct tw_offset_question *open = range->questions; open; open = open->next)
        if (open->assignment == partition->assignment)
            return true;
    struct tw_offset_question *question = calloc(1, sizeof *question);
    if (!question)
        return false;
    question->work.data = question;
    question->range = range;
    question->assignment = partition->assignment;
    snprintf(question->topic, sizeof question->topic, "%s", partition->topic);
    question->number = partition->number;
    if (uv_queue_work(range->loop, &question->work, ask_broker, broker_answered) != 0) {
        free(question);
        return false;
    }
    question->next = range->questions;
    range->questions = question;
    return true;
}

uint32_t tw_offset_range_open(const struct tw_offset_range *range)
{
    uint32_t count = 0;
    for (const struct tw_offset_question *open = range->questions; open; open = open->next)
        count++;
    return count;
}

enum tw_offset_verdict tw_offset_range_decide(
    enum tw_out_of_range policy, int64_t stored, const struct tw_offset_bounds *bounds)
{
    if (stored >= bounds->first && stored <= bounds->end)
        return TW_OFFSET_WITHIN;
    if (stored > bounds->end)
        return TW_OFFSET_BEYOND;
    if (policy == TW_OUT_OF_RANGE_EARLIEST)
        return TW_OFFSET_TO_FIRST;
    return policy == TW_OUT_OF_RANGE_LATEST ? TW_OFFSET_TO_END : TW_OFFSET_DELETED;
}
