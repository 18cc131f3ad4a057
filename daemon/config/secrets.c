#include "config/secrets.h"

#include "files/problems.h"
#include "files/yaml_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <libpq-fe.h>

enum { MOST_DEPTH = 8, MOST_NODES = 10000, MOST_CONNINFO = 8192 };

static const char file_cure[] = "put it into a file and name that under kafka.secrets";

/* librdkafka's names, names that people bring along from Java's clients, and endings: a property that this
 * librdkafka does not know may hold a secret too. The first that fits counts. */
static const struct {
    const char *name;
    bool ending;
    const char *cure;
} secrets[] = {
    {"ssl.truststore.password", false,
        "leave it out, and set ssl.ca.location to a PEM file, which needs none"},
    {"jaas.config", true,
        "set sasl.mechanism and sasl.username, and a file for sasl.password under kafka.secrets"},
    {"sasl.oauthbearer.config", false, file_cure},
    {"ssl.keystore.key", false, "put it into a file and name that as ssl.key.location"},
    {"ssl_key", false, "put it into a file and name that as ssl.key.location"},
    {"password", true, file_cure},
    {"passwd", true, file_cure},
    {"secret", true, file_cure},
    {"passphrase", true, file_cure},
    {"key.pem", true, file_cure},
    {".token", true, file_cure},
};

/* In a file that is no YAML these words make a line suspicious. */
static const char *const suspicious_words[] = {
    "pass", "secret", "token", "jaas", "oauthbearer", ".pem", "ssl_key", "PRIVATE KEY", "@"};

static bool same(struct tw_text text, const char *name)
{
    return text.length == strlen(name) && strncasecmp(text.bytes, name, text.length) == 0;
}

static bool ends_in(struct tw_text text, const char *ending)
{
    size_t length = strlen(ending);
    return text.length >= length && strncasecmp(text.bytes + text.length - length, ending, length) == 0;
}

bool tw_secret_property(struct tw_text name, const char **cure)
{
    for (size_t at = 0; at < sizeof secrets / sizeof secrets[0]; at++) {
        if (secrets[at].ending ? !ends_in(name, secrets[at].name) : !same(name, secrets[at].name))
            continue;
        if (cure)
            *cure = secrets[at].cure;
        return true;
    }
    return false;
}

/* A misspelt name holds the secret all the same. */
static bool is_nearly_secret(struct tw_text name)
{
    static const char *const names[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password",
        "ssl.key.pem", "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret", "password"};
    return tw_secret_property(name, NULL) || tw_nearest(name, names, sizeof names / sizeof names[0]);
}

static bool holds_word(struct tw_text text, const char *word)
{
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= text.length; at++)
        if (strncasecmp(text.bytes + at, word, length) == 0)
            return true;
    return false;
}

static bool is_suspicious(struct tw_text text)
{
    for (size_t at = 0; at < sizeof suspicious_words / sizeof suspicious_words[0]; at++)
        if (holds_word(text, suspicious_words[at]))
            return true;
    return false;
}

/* libpq marks the options that a form should show as stars. */
static const char *secret_option(const PQconninfoOption *options)
{
    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (option->val && option->val[0] && option->dispchar && option->dispchar[0] == '*')
            return option->keyword;
    return NULL;
}

enum tw_conninfo_finding tw_secret_conninfo(const char *conninfo, char words[256])
{
    char *refusal = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &refusal);
    if (!options) {
        const char *shown = is_suspicious(tw_text_of(conninfo)) ? NULL : refusal;
        snprintf(words, 256, "%s", shown ? shown : "libpq cannot read it");
        words[strcspn(words, "\n")] = '\0';
        PQfreemem(refusal);
        return TW_CONNINFO_UNREADABLE;
    }
    const char *option = secret_option(options);
    if (option)
        snprintf(words, 256, "%s", option);
    PQconninfoFree(options);
    return option ? TW_CONNINFO_SECRET : TW_CONNINFO_PLAIN;
}

bool tw_secret_address(struct tw_text address)
{
    const char *begin = address.length > 0 ? memmem(address.bytes, address.length, "://", 3) : NULL;
    if (!begin)
        return false;
    const char *end = address.bytes + address.length;
    for (const char *at = begin + 3; at < end && !strchr("/?#", *at); at++)
        if (*at == '@')
            return true;
    return memchr(begin, '?', (size_t)(end - begin)) != NULL; /* "?token=..." */
}

bool tw_secret_path(const char *path, char *found, size_t size, struct tw_error *err)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    const char *slash = strrchr(path, '/');
    if (credentials && (size_t)snprintf(found, size, "%s/%s", credentials, slash ? slash + 1 : path) < size &&
        access(found, F_OK) == 0)
        return true;
    return (size_t)snprintf(found, size, "%s", path) < size ||
           tw_fail(err, TW_CONFIG, NULL, "give a shorter path", "the path of a secret's file is too long");
}

/* ---- hiding ---- */

static void hide_value(
    const struct tw_yaml_node *key, const struct tw_yaml_node *value, struct tw_problems *problems)
{
    uint32_t last = value->line;
    for (size_t at = 0; at < value->text.length; at++)
        last += value->text.bytes[at] == '\n';
    /* A scalar in quotes or a block takes more lines than its text has. */
    tw_problems_hide(problems, key->source, key->line, value->quoted ? last + 1 : last);
}

static bool is_secret_conninfo(const struct tw_yaml_node *key, const struct tw_yaml_node *value)
{
    char text[MOST_CONNINFO];
    char words[256];
    if (!same(key->text, "conninfo") || value->kind != TW_YAML_SCALAR)
        return false;
    if (value->text.length >= sizeof text)
        return true;
    memcpy(text, value->text.bytes, value->text.length);
    text[value->text.length] = '\0';
    enum tw_conninfo_finding finding = tw_secret_conninfo(text, words);
    return finding == TW_CONNINFO_SECRET || (finding == TW_CONNINFO_UNREADABLE && is_suspicious(value->text));
}

/* Under whatever name: people write addresses with passwords where they do not belong, too. */
static bool is_secret_address(const struct tw_yaml_node *key, const struct tw_yaml_node *value)
{
    bool brokers = same(key->text, "bootstrap.servers") || same(key->text, "metadata.broker.list");
    return !same(key->text, "conninfo") && value->kind == TW_YAML_SCALAR &&
           (tw_secret_address(value->text) || (brokers && holds_word(value->text, "@")));
}

/* Aliases can make a small file a large tree: what is not walked is hidden. */
static void hide_in_tree(const struct tw_text_file *source, const struct tw_yaml_node *node, uint32_t depth,
    uint32_t *left, struct tw_problems *problems)
{
    if (depth == MOST_DEPTH || *left < node->count) {
        tw_problems_hide(problems, source, 0, UINT32_MAX);
        return;
    }
    *left -= node->count;
    for (uint32_t at = 0; node->kind == TW_YAML_LIST && at < node->count; at++)
        hide_in_tree(source, node->items[at], depth + 1, left, problems);
    for (uint32_t at = 0; node->kind == TW_YAML_MAP && at < node->count; at++) {
        const struct tw_yaml_pair *pair = &node->pairs[at];
        if (is_nearly_secret(pair->key->text) || is_secret_conninfo(pair->key, pair->value) ||
            is_secret_address(pair->key, pair->value))
            hide_value(pair->key, pair->value, problems);
        hide_in_tree(source, pair->value, depth + 1, left, problems);
    }
}

/* Where a value ends is not known: from a suspicious line on, all that a key in it may still hold is
 * hidden. */
static void hide_suspicious_lines(const struct tw_text_file *source, struct tw_problems *problems)
{
    const char *at = source->bytes.bytes;
    const char *end = at + source->bytes.length;
    uint32_t number = 1;
    bool hidden = false;
    for (; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct tw_text line = {at, (size_t)((newline ? newline : end) - at)};
        bool begins_key = line.length > 0 && memchr(line.bytes, ':', line.length);
        hidden = is_suspicious(line) || (hidden && !begins_key);
        if (hidden)
            tw_problems_hide(problems, source, number, number);
        at = newline ? newline + 1 : end;
    }
}

void tw_secrets_hide(
    const struct tw_text_file *source, const struct tw_yaml_node *root, struct tw_problems *problems)
{
    uint32_t left = MOST_NODES;
    for (const struct tw_hidden_lines *at = problems->hidden; at; at = at->next)
        if (at->source == source)
            return;
    if (root)
        hide_in_tree(source, root, 0, &left, problems);
    else
        hide_suspicious_lines(source, problems);
}
