#include "rows.h"

void tw_rows_mark_times(struct tw_rows *rows)
{
    rows->highest_us = TW_NO_TIME;
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        rows->latest_us[at] = rows->highest_us;
        if (document->moves_watermark && document->event_us > rows->highest_us)
            rows->highest_us = document->event_us;
    }
}
