#include "source/lag.h"

static void note_position(struct tw_owned_partition *partition, rd_kafka_t *kafka)
{
    struct tw_partition *base = &partition->base;
    int64_t low = 0;
    int64_t high = -1;
    if (rd_kafka_get_watermark_offsets(kafka, base->topic, base->number, &low, &high) ==
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        high > base->end_offset)
        base->end_offset = high;
    base->caught_up = partition->at_end && !tw_owned_holds_more(partition) && base->batches_out == 0 &&
                      tw_owned_is_cut(partition);
}

void tw_lag_note(struct tw_partitions *partitions, rd_kafka_t *kafka, struct tw_metrics *metrics)
{
    uint32_t read = 0;
    int64_t all = 0;
    for (struct tw_partition *at = partitions->first; at; at = at->next) {
        if (!tw_partition_is_read(at))
            continue;
        read++;
        note_position(tw_owned(at), kafka);
        int64_t lag = tw_partition_lag(at);
        all += lag > 0 ? lag : 0;
    }
    tw_gauge_set(metrics, TW_GAUGE_PARTITIONS, read);
    tw_gauge_set(metrics, TW_GAUGE_STRANDED, tw_partitions_count(partitions, TW_PARTITION_STRANDED));
    tw_gauge_set(metrics, TW_GAUGE_LAG, (double)all);
}

void tw_lag_tell(struct tw_partitions *partitions, rd_kafka_t *kafka)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (struct tw_partition *at = partitions->first; at; at = at->next) {
        struct tw_owned_partition *partition = tw_owned(at);
        if (!partition->queue || at->row_offset <= partition->told_offset)
            continue;
        rd_kafka_topic_partition_list_add(list, at->topic, at->number)->offset = at->row_offset;
        partition->told_offset = at->row_offset;
    }
    if (list->cnt > 0)
        rd_kafka_commit(kafka, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}
