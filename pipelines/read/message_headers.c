#include "read/message_headers.h"

#include <stdio.h>

const struct tw_header *tw_message_header(const struct tw_message *message, struct tw_text name)
{
    for (uint32_t header = 0; header < message->header_count; header++)
        if (tw_text_equal(message->headers[header].name, name))
            return &message->headers[header];
    return NULL;
}

const struct tw_header *tw_message_header_of(
    const struct tw_message *message, const struct tw_name_list *names)
{
    static const char *const prefixes[] = {"", "ce_"};
    for (size_t prefix = 0; prefix < 2 && message->header_count; prefix++)
        for (uint32_t name = 0; name < names->count; name++) {
            char full[104];
            int length = snprintf(full, sizeof full, "%s%.96s", prefixes[prefix], names->names[name]);
            struct tw_text wanted =
                prefix ? (struct tw_text){full, (size_t)length} : tw_text_of(names->names[name]);
            const struct tw_header *header = tw_message_header(message, wanted);
            if (header)
                return header;
        }
    return NULL;
}
