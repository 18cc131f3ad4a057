#include "config/kafka_names.h"

#include "files/problems.h"
#include "files/yaml_tree.h"

#include <string.h>
#include <strings.h>

static const char name_marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* How many bytes at the beginning are among the marks. */
static size_t named_bytes(struct tw_text text, const char *marks)
{
    size_t named = 0;
    while (named < text.length && text.bytes[named] && strchr(marks, text.bytes[named]))
        named++;
    return named;
}

/* ---- topics ---- */

enum { TOPIC_MOST = 249 }; /* of Kafka's own names */

/* What librdkafka would take for a pattern, and the broker for no name, are refused here. */
static bool check_topic(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    bool dots = tw_text_equal(node->text, tw_text_of(".")) || tw_text_equal(node->text, tw_text_of(".."));
    size_t named = named_bytes(node->text, name_marks);
    int shown = node->text.length < 100 ? (int)node->text.length : 100;
    char wrong = named < node->text.length ? node->text.bytes[named] : '\0';
    if (wrong && strchr("^*+?[(|", wrong))
        return tw_yaml_problem(problems, node, "name each topic, as in topics: [news, tweets]",
            "\"%.*s\" is a pattern: topics are named one by one", shown, node->text.bytes);
    if (named < node->text.length || dots)
        return tw_yaml_problem(problems, node, "a topic has letters, digits, '.', '_' and '-'",
            "\"%.*s\" is no topic's name", shown, node->text.bytes);
    return node->text.length <= TOPIC_MOST ||
           tw_yaml_problem(problems, node, "give it a shorter one",
               "\"%.*s...\" is no topic's name: it has %zu bytes, %d are allowed", shown, node->text.bytes,
               node->text.length, TOPIC_MOST);
}

/* librdkafka subscribes to none of them then, and says no more than "invalid argument". */
static bool check_first(const struct tw_yaml_node *list, uint32_t at, struct tw_problems *problems)
{
    const struct tw_yaml_node *node = list->items[at];
    for (uint32_t before = 0; before < at; before++)
        if (node->text.length > 0 && tw_text_equal(list->items[before]->text, node->text))
            return tw_yaml_problem(problems, node, "write each topic once",
                "\"%.*s\" stands in line %u already", node->text.length < 100 ? (int)node->text.length : 100,
                node->text.bytes, list->items[before]->line);
    return true;
}

bool tw_kafka_names_topics(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    bool right = node->kind != TW_YAML_SCALAR || check_topic(node, problems);
    for (uint32_t at = 0; node->kind == TW_YAML_LIST && at < node->count; at++)
        right = check_topic(node->items[at], problems) && check_first(node, at, problems) && right;
    return right;
}

/* ---- brokers ---- */

static struct tw_text behind(struct tw_text text, size_t bytes)
{
    return (struct tw_text){text.bytes + bytes, text.length - bytes};
}

/* ":9092", or nothing. */
static bool is_port(struct tw_text text)
{
    enum { DIGITS = 5, MOST = 65535 };
    long port = 0;
    if (text.length == 0)
        return true;
    if (text.bytes[0] != ':' || text.length < 2 || text.length > 1 + DIGITS)
        return false;
    for (size_t at = 1; at < text.length; at++) {
        if (!tw_text_is_digit(text.bytes[at]))
            return false;
        port = port * 10 + (text.bytes[at] - '0');
    }
    return port >= 1 && port <= MOST;
}

/* Without the protocol that may stand before it. */
static bool is_address(struct tw_text text)
{
    if (text.length > 1 && text.bytes[0] == '[') {
        struct tw_text inside = behind(text, 1);
        size_t length = named_bytes(inside, "0123456789abcdefABCDEF:.");
        return length > 1 && length < inside.length && inside.bytes[length] == ']' &&
               is_port(behind(inside, length + 1));
    }
    size_t length = named_bytes(text, name_marks);
    return length > 0 && is_port(behind(text, length));
}

/* Those that librdkafka knows, in any case: by another, as "kafka://", it finds no broker and looks for
 * ever. */
static bool is_protocol(struct tw_text text)
{
    static const char *const protocols[] = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
    for (size_t at = 0; at < sizeof protocols / sizeof protocols[0]; at++)
        if (text.length == strlen(protocols[at]) && strncasecmp(text.bytes, protocols[at], text.length) == 0)
            return true;
    return false;
}

static bool is_broker(struct tw_text text)
{
    static const char mark[] = "://";
    const char *found = memmem(text.bytes, text.length, mark, sizeof mark - 1);
    if (!found)
        return is_address(text);
    struct tw_text protocol = {text.bytes, (size_t)(found - text.bytes)};
    return is_protocol(protocol) && is_address(behind(text, protocol.length + sizeof mark - 1));
}

static bool check_brokers(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    struct tw_text left = node->text;
    for (;;) {
        const char *comma = memchr(left.bytes, ',', left.length);
        struct tw_text broker =
            tw_text_trimmed((struct tw_text){left.bytes, comma ? (size_t)(comma - left.bytes) : left.length});
        if (broker.length && memchr(broker.bytes, '@', broker.length))
            return tw_yaml_problem(problems, node,
                "leave it out: sasl.username is a property, sasl.password a file under kafka.secrets",
                "a user or password does not belong into a broker's address");
        if (broker.length && !is_broker(broker))
            return tw_yaml_problem(problems, node, "write host:port, several with commas between",
                "\"%.*s\" is no broker's address", broker.length < 100 ? (int)broker.length : 100,
                broker.bytes);
        if (!comma)
            return true;
        left = behind(left, (size_t)(comma - left.bytes) + 1);
    }
}

bool tw_kafka_names_brokers(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    static const char *const names[] = {"bootstrap.servers", "metadata.broker.list"};
    bool right = true;
    for (uint32_t at = 0; node->kind == TW_YAML_MAP && at < node->count; at++)
        for (size_t name = 0; name < sizeof names / sizeof names[0]; name++)
            if (tw_text_equal(node->pairs[at].key->text, tw_text_of(names[name])) &&
                node->pairs[at].value->kind == TW_YAML_SCALAR)
                right = check_brokers(node->pairs[at].value, problems) && right;
    return right;
}
