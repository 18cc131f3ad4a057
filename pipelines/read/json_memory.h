/* json_memory: where the values of a JSON library live while a message is read, and what decompresses one.
 *
 * jansson makes a dozen small pieces for each message and gives them back a microsecond later. A worker
 * lends it an arena for as long as it reads messages: a piece is then a step of a pointer, and giving one
 * back is nothing.
 *
 *   once a process    tw_json_memory_install, before the first JSON value is made
 *   a worker          tw_json_memory_lend(arena), messages, tw_json_memory_lend(NULL)
 *   between messages  the worker resets the arena, when no value of it is held any more
 *
 * jansson knows one pair of functions for the whole process and no context, so the lent arena is a variable
 * of its thread, the only one of its kind here. A thread that was lent nothing, and an arena that is full,
 * are served by malloc; a value of malloc may be given back while an arena is lent. What was made in a lent
 * arena must be given back before the loan ends. */
#ifndef TW_JSON_MEMORY_H
#define TW_JSON_MEMORY_H

#include "base/arena.h"

/* Tells jansson to ask here. Without it loans have no effect. */
void tw_json_memory_install(void);

/* For others who need room while a message is read and no longer, such as libraries that decompress: from the
 * arena that is lent, else from malloc. NULL when both are out of it. */
void *tw_json_memory_take(size_t bytes);
/* Gives it back; NULL is fine. */
void tw_json_memory_give_back(void *piece);

/* From now on this thread's JSON values are made in `arena`, which stays the caller's; NULL ends the loan. */
void tw_json_memory_lend(struct tw_arena *arena);

#endif
