/* addresses: the hosts of a conninfo on their way to addresses, so that libpq need not look names up (it
 * would block).
 *
 *     tw_addresses_begin(&addresses, "db1,/run/postgresql", "5432");      libpq's lists
 *     while (tw_addresses_next(&addresses))               addresses.host is to be asked for
 *         tw_addresses_add(&addresses, "192.0.2.7");      each address that it has
 *     ... .names, .numbers, .services: libpq's host, hostaddr and port, as many as there are addresses
 *
 * Sockets (a path, or no name at all) are no names: they are passed through. A list of one port serves every
 * host. What does not fit is left out. */
#ifndef TW_ADDRESSES_H
#define TW_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TW_ADDRESS_LIST_BYTES = 4096 };

struct tw_addresses {
    char names[TW_ADDRESS_LIST_BYTES];
    char numbers[TW_ADDRESS_LIST_BYTES];
    char services[TW_ADDRESS_LIST_BYTES];
    uint32_t found;
    char host[256]; /* the one to be asked for */
    char port[16];  /* and its port; empty: the usual one */

    char hosts[TW_ADDRESS_LIST_BYTES];
    char ports[TW_ADDRESS_LIST_BYTES];
    size_t host_at; /* offset of the next host in `hosts` */
    size_t port_at;
};

/* Nothing found yet; both lists are copied. */
void tw_addresses_begin(struct tw_addresses *addresses, const char *hosts, const char *ports);
/* Moves to the next host whose name must be looked up; false after the last. */
bool tw_addresses_next(struct tw_addresses *addresses);
/* An address of the host at hand. */
void tw_addresses_add(struct tw_addresses *addresses, const char *number);
/* Is that host a Unix socket, which has no address? */
bool tw_addresses_is_socket(const char *host);

#endif
