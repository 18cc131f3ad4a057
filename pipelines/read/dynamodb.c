#include "read/dynamodb.h"

#include <stdbool.h>
#include <string.h>

enum kind { KIND_NONE, KIND_PLAIN, KIND_NULL, KIND_ARRAY, KIND_LIST, KIND_MAP };

/* What is inside of a value, and of which kind it is; KIND_NONE when it is no value of DynamoDB's. */
static enum kind kind_of(json_t *value, json_t **inside)
{
    static const struct {
        const char *name;
        enum kind kind;
        json_type type;
    } kinds[] = {{"S", KIND_PLAIN, JSON_STRING}, {"N", KIND_PLAIN, JSON_STRING},
        {"BOOL", KIND_PLAIN, JSON_TRUE}, {"NULL", KIND_NULL, JSON_TRUE}, {"SS", KIND_ARRAY, JSON_ARRAY},
        {"NS", KIND_ARRAY, JSON_ARRAY}, {"L", KIND_LIST, JSON_ARRAY}, {"M", KIND_MAP, JSON_OBJECT},
        {"B", KIND_PLAIN, JSON_STRING}, {"BS", KIND_ARRAY, JSON_ARRAY}};
    void *only = json_object_size(value) == 1 ? json_object_iter(value) : NULL;
    for (size_t at = 0; only && at < sizeof kinds / sizeof kinds[0]; at++)
        if (strcmp(json_object_iter_key(only), kinds[at].name) == 0) {
            *inside = json_object_iter_value(only);
            bool right = json_typeof(*inside) == kinds[at].type ||
                         (json_is_false(*inside) && kinds[at].type == JSON_TRUE);
            return right ? kinds[at].kind : KIND_NONE;
        }
    return KIND_NONE;
}

static bool is_item(json_t *object)
{
    json_t *inside;
    void *member = json_object_iter(object);
    if (!member)
        return false;
    for (; member; member = json_object_iter_next(object, member))
        if (kind_of(json_object_iter_value(member), &inside) == KIND_NONE)
            return false;
    return true;
}

/* Objects and arrays whose values are still to be opened. Those that find no room stay closed. */
struct work {
    json_t *items[64];
    size_t count;
};

/* The plain value in place of one of DynamoDB's, a reference of its own; NULL: it is none of them. */
static json_t *opened(json_t *value, struct work *work)
{
    json_t *inside;
    enum kind kind = kind_of(value, &inside);
    if (kind == KIND_NONE)
        return NULL;
    bool nested = kind == KIND_LIST || kind == KIND_MAP;
    if (nested && work->count < sizeof work->items / sizeof work->items[0])
        work->items[work->count++] = inside;
    return kind == KIND_NULL ? json_null() : json_incref(inside);
}

static void open_members(json_t *object, struct work *work)
{
    for (void *member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
        json_t *plain = opened(json_object_iter_value(member), work);
        if (plain) /* where there is no memory for it, the value stays closed */
            json_object_iter_set_new(object, member, plain);
    }
}

static void open_elements(json_t *array, struct work *work)
{
    for (size_t at = 0; at < json_array_size(array); at++) {
        json_t *plain = opened(json_array_get(array, at), work);
        if (plain)
            json_array_set_new(array, at, plain);
    }
}

void tw_dynamodb_open(json_t *object)
{
    struct work work = {.count = 0};
    if (!is_item(object))
        return;
    work.items[work.count++] = object;
    while (work.count) {
        json_t *next = work.items[--work.count];
        if (json_is_array(next))
            open_elements(next, &work);
        else
            open_members(next, &work);
    }
}
