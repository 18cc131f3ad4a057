#include "postgres/addresses.h"

#include <stdio.h>
#include <string.h>

void tw_addresses_begin(struct tw_addresses *addresses, const char *hosts, const char *ports)
{
    memset(addresses, 0, sizeof *addresses);
    snprintf(addresses->hosts, sizeof addresses->hosts, "%s", hosts);
    snprintf(addresses->ports, sizeof addresses->ports, "%s", ports);
}

bool tw_addresses_is_socket(const char *host)
{
    return host[0] == '\0' || host[0] == '/' || host[0] == '@';
}

static bool append(char *list, const char *item, bool first)
{
    size_t used = strlen(list);
    return (size_t)snprintf(list + used, TW_ADDRESS_LIST_BYTES - used, "%s%s", first ? "" : ",", item) <
           TW_ADDRESS_LIST_BYTES - used;
}

void tw_addresses_add(struct tw_addresses *addresses, const char *number)
{
    bool first = addresses->found++ == 0;
    (void)(append(addresses->names, addresses->host, first) && append(addresses->numbers, number, first) &&
           append(addresses->services, addresses->port, first));
}

/* The next item of a comma-separated list; a list of one serves every host. */
static bool next_item(const char *list, size_t *at, bool keep_last, char *item, size_t size)
{
    if (*at > strlen(list))
        return false;
    size_t length = strcspn(list + *at, ",");
    if (length >= size)
        return false;
    memcpy(item, list + *at, length);
    item[length] = '\0';
    if (list[*at + length] == ',' || !keep_last)
        *at += length + 1;
    return true;
}

bool tw_addresses_next(struct tw_addresses *addresses)
{
    while (next_item(addresses->hosts, &addresses->host_at, false, addresses->host, sizeof addresses->host)) {
        if (!next_item(addresses->ports, &addresses->port_at, true, addresses->port, sizeof addresses->port))
            addresses->port[0] = '\0';
        if (!tw_addresses_is_socket(addresses->host))
            return true;
        tw_addresses_add(addresses, "");
    }
    return false;
}
