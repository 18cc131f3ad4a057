/* message_headers: the headers of a Kafka record, by name. */
#ifndef TW_MESSAGE_HEADERS_H
#define TW_MESSAGE_HEADERS_H

#include "document.h"
#include "read/fields.h"

/* The header of that name, or NULL. The first one wins. */
const struct tw_header *tw_message_header(const struct tw_message *message, struct tw_text name);

/* The header of the first of these names that is there; then of CloudEvents' binary mode, ce_ before the
 * name: ce_id, ce_time, ce_source. NULL when there is none. */
const struct tw_header *tw_message_header_of(
    const struct tw_message *message, const struct tw_name_list *names);

#endif
