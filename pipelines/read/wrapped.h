/* wrapped: the object with a text inside of what queues, streams, databases and feeds put around it.
 *
 *   in    an object without a text of its own, or whose text is JSON
 *   out   the object that has one, and the one around it, whose id, time and source stand in for
 *         missing ones
 *
 * What is gone into is a table of names that mean "here is the message": EventBridge's detail, SNS's
 * Message, SQS's body, Pub/Sub's message and data, Kinesis's and Firehose's data, Elasticsearch's _source,
 * MongoDB's fullDocument, GoldenGate's after, Maxwell's and Canal's data, value of Kafka's REST proxy, what
 * Twitter, Reddit, Telegram, Discord, Slack, Bluesky and GraphQL answer (data, channel_post, article, d,
 * event, commit), the Guardian's and Django's fields, a tweet's extended_tweet; an item of DynamoDB
 * (dynamodb.h). Under such a name may stand an object; JSON in a text; where a transport's fields stand
 * beside it JSON in base64, or words in base64 or as they are; an array of one object. Of two names the one
 * whose object has a text at once is preferred, then the earlier of the table. Six levels at the most. Where
 * that leads nowhere, what feeds call a text counts as one (feed_names.h). */
#ifndef TW_WRAPPED_H
#define TW_WRAPPED_H

#include "read/envelope.h"
#include "read/fields.h"

/* Names of a text. */
struct tw_wrapped_names {
    const struct tw_name_list *title, *body;
};

/* Is it a change that says that its row was deleted: Maxwell, Canal, GoldenGate, DynamoDB? */
bool tw_wrapped_says_deleted(const json_t *object);

/* The longer text of a tweet whose own is cut off: Twitter's extended_tweet and note_tweet; or NULL. */
json_t *tw_wrapped_longer_tweet(const json_t *object);

/* Goes on from out->fields to the object with a text within; what is there stays when there is none. Nothing
 * is refused: false only when the arena is full (TW_FULL). */
TW_MUST_USE bool tw_wrapped_open(const struct tw_wrapped_names *names, struct tw_arena *arena,
    struct tw_envelope_contents *out, struct tw_error *err);

/* The refusal of an object whose messages stand in a list under `path`, names with dots between; `what` is
 * said before it. Returns false. */
bool tw_wrapped_fail_several(const char *what, const char *path, struct tw_error *err);

/* An object with a title and no body: is it a feed's, whose messages stand in a list within (JSON Feed, a
 * page of answers)? Then its title is no news: err is the refusal (TW_REFUSED). */
bool tw_wrapped_is_feed(const json_t *object, const struct tw_wrapped_names *names, struct tw_error *err);

/* Is the object a table, as data frames are written: nothing but columns of one length, lists of two rows and
 * more or objects of numbered ones; or rows under their numbers? Then it is several messages, of which no
 * text is to be made: err is their refusal (TW_REFUSED). */
bool tw_wrapped_is_table(json_t *object, struct tw_error *err);

#endif
