/* dynamodb: an item as DynamoDB writes it to JSON, each value under the name of its type.
 *
 *   in    an object whose members may be such values: {"title": {"S": "Velquin falls"}, "n": {"N": "12"}}
 *   out   the same object with plain values: {"title": "Velquin falls", "n": "12"}
 *
 * So are the images in DynamoDB's streams, as Lambda, EventBridge Pipes and Kinesis pass them on, and the
 * lines of its exports. S and N become texts (numbers stay digits, which other rooms read as numbers), BOOL
 * true or false, NULL null; SS, NS and L arrays, M objects, whose values are opened in turn. B and BS are
 * bytes in base64, and stay as they are. An object is an item when every member is such a value. */
#ifndef TW_DYNAMODB_H
#define TW_DYNAMODB_H

#include <jansson.h>

/* Opens an item in place; leaves an object alone that is none, which its first member shows in nearly all
 * messages. Takes time linear in the values. */
void tw_dynamodb_open(json_t *object);

#endif
