#include "names/entities.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "clean/references.h"
#include "files/archive.h"
#include "names/automaton.h"
#include "names/words.h"
#include "read/fields.h"

enum { LINE_BYTES = 1 << 20, NAME_BYTES = 512 }; /* a longer line of the file is refused */

/* ---- a line ---- */

static struct tw_text string_of(const json_t *value)
{
    return (struct tw_text){json_string_value(value), json_string_length(value)};
}

/* What a line looks like; "common" is seldom wanted. */
static const char line_cure[] =
    "one company a line, as {\"symbol\": \"AAPL\", \"names\": [\"Apple Inc\", \"Apple\"], \"common\": [\"Apple\"]}";

static bool fail_field(const char *field, const char *expected, struct tw_error *err)
{
    return tw_fail(err, TW_CONFIG, NULL, line_cure, "field %s is not %s", field, expected);
}

/* A table of companies calls the symbol by other names. */
static const json_t *symbol_of(const json_t *object)
{
    const json_t *symbol = tw_fields_member(object, "symbol");
    return symbol ? symbol : tw_fields_member(object, "ticker");
}

/* What may be a symbol and may be none is told from a line that has none; and so is a whole table in one
 * object, {"VELQ": {...}, "ODNL": {...}}. */
static bool fail_symbol(const json_t *object, struct tw_error *err)
{
    static const char *const others[] = {"code", "ric", "id"};
    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++)
        if (json_is_string(tw_fields_member(object, others[at])))
            return tw_fail(
                err, TW_CONFIG, NULL, line_cure, "field symbol is not there, but field %s is", others[at]);
    json_t *members = (json_t *)(uintptr_t)object;
    const json_t *first = json_object_iter_value(json_object_iter(members));
    if (json_is_object(first))
        return tw_fail(err, TW_CONFIG, NULL,
            symbol_of(first)
                ? "one company a line, as with: jq -c '.[]' FILE"
                : "one company a line, as with: jq -c 'to_entries[] | {symbol: .key} + .value' FILE",
            "the line is an object of companies, not a company");
    return fail_field("symbol", "there as text", err);
}

static bool read_optional(const json_t *object, const char *field, struct tw_text *to, struct tw_error *err)
{
    const json_t *value = tw_fields_member(object, field);
    *to = (struct tw_text){"", 0};
    if (!value)
        return true;
    *to = string_of(value);
    return json_is_string(value) || fail_field(field, "text", err);
}

static bool check_symbol(struct tw_text symbol, struct tw_error *err)
{
    if (symbol.length == 0 || symbol.length > TW_SYMBOL_BYTES)
        return tw_fail(err, TW_CONFIG, NULL, "give each company a short symbol of its own",
            "a symbol has 1 to %d bytes, this one %zu", TW_SYMBOL_BYTES, symbol.length);
    for (size_t at = 0; at < symbol.length; at++)
        if ((unsigned char)symbol.bytes[at] < ' ' || symbol.bytes[at] == 0x7F)
            return tw_fail(err, TW_CONFIG, NULL, "remove it", "the symbol holds a control character");
    if (symbol.bytes[0] == ' ' || symbol.bytes[symbol.length - 1] == ' ')
        return tw_fail(err, TW_CONFIG, NULL, "remove it", "symbol \"%.*s\" has white space at its end",
            (int)symbol.length, symbol.bytes);
    return true;
}

/* Is this name among those marked common? Each mark must be one of the names: a typing error is no
 * silence. */
static bool is_common(const json_t *common, struct tw_text name)
{
    if (json_is_true(common))
        return true;
    for (size_t at = 0; at < json_array_size(common); at++)
        if (tw_text_equal(string_of(json_array_get(common, at)), name))
            return true;
    return false;
}

static bool check_common(const json_t *common, const json_t *names, struct tw_error *err)
{
    if (!common || json_is_boolean(common))
        return true;
    if (!json_is_array(common))
        return fail_field("common", "true, false or an array of names", err);
    for (size_t mark = 0; mark < json_array_size(common); mark++) {
        const json_t *value = json_array_get(common, mark);
        if (!json_is_string(value))
            return fail_field("common", "true, false or an array of names", err);
        bool found = false;
        for (size_t name = 0; name < json_array_size(names) && !found; name++)
            found = json_equal(value, json_array_get(names, name));
        if (!found) {
            tw_automaton_fail_name(string_of(value), "write it as it stands in names",
                "is marked common but is not among the names", err);
            return false;
        }
    }
    return true;
}

/* The one name of a line of somebody's table of companies; NULL when it has none. */
static json_t *single_name(const json_t *object)
{
    static const char *const fields[] = {"name", "company_name", "companyName", "company", "longName",
        "shortName", "title", "Company Name", "Security Name"};
    for (size_t at = 0; at < sizeof fields / sizeof fields[0]; at++) {
        json_t *name = tw_fields_member(object, fields[at]);
        if (json_is_string(name) && json_string_length(name))
            return name;
    }
    return NULL;
}

/* "Velquin Chemicals; Velquin": names in one text. A comma parts none: "Velquin, Inc." */
static bool append_parts(json_t *names, struct tw_text text, struct tw_error *err)
{
    for (size_t at = 0, begin = 0; at <= text.length; at++) {
        if (at < text.length && text.bytes[at] != ';' && text.bytes[at] != '|')
            continue;
        struct tw_text part = tw_text_trimmed((struct tw_text){text.bytes + begin, at - begin});
        begin = at + 1;
        if (part.length && json_array_append_new(names, json_stringn(part.bytes, part.length)) != 0)
            return tw_fail(err, TW_INTERNAL, NULL, "add memory", "out of memory");
    }
    return true;
}

/* What stands under a name of names: an array of texts, or one text, in which tables write a list at times:
 * "[\"Velquin\"]". */
static bool append_names(json_t *names, const json_t *object, const char *field, struct tw_error *err)
{
    json_t *value = tw_fields_member(object, field), *list = NULL;
    const char *text = json_string_value(value);
    if (!value)
        return true;
    if (text && text[0] != '[')
        return append_parts(names, string_of(value), err);
    value = text ? list = json_loads(text, 0, NULL) : value;
    bool texts = json_is_array(value);
    for (size_t at = 0; texts && at < json_array_size(value); at++)
        texts = json_is_string(json_array_get(value, at));
    bool appended = texts ? json_array_extend(names, value) == 0 ||
                                tw_fail(err, TW_INTERNAL, NULL, "add memory", "out of memory")
                          : fail_field(field, "an array of texts", err);
    json_decref(list);
    return appended;
}

/* The names of a line, in *out, which the caller gives back: under "names", and "aliases" as others call
 * them; where there is no "names", the line's one name before them. */
static bool read_names(const json_t *object, json_t **out, struct tw_error *err)
{
    json_t *names = json_array(), *single = NULL;
    *out = names;
    if (!names)
        return tw_fail(err, TW_INTERNAL, NULL, "add memory", "out of memory");
    if (!tw_fields_member(object, "names"))
        single = single_name(object);
    if (single && json_array_append(names, single) != 0)
        return tw_fail(err, TW_INTERNAL, NULL, "add memory", "out of memory");
    return append_names(names, object, "names", err) && append_names(names, object, "aliases", err) &&
           check_common(tw_fields_member(object, "common"), names, err);
}

/* "Velquin &amp; Sons", out of a page: the name as people read it, in `bytes` where that takes any. */
static struct tw_text without_references(struct tw_text name, char *bytes, size_t size)
{
    struct tw_reference reference;
    size_t used = 0, taken;
    if (!memchr(name.bytes, '&', name.length))
        return name;
    for (size_t at = 0; at < name.length; at += taken) {
        taken = tw_reference_at(name, at, &reference);
        if (taken == 0) {
            reference = (struct tw_reference){{name.bytes[at]}, 1};
            taken = 1;
        }
        if (reference.length > size - used)
            return name;
        memcpy(bytes + used, reference.bytes, reference.length);
        used += reference.length;
    }
    return (struct tw_text){bytes, used};
}

static bool add_with_names(struct tw_automaton *automaton, const json_t *object, struct tw_text symbol,
    const json_t *names, struct tw_error *err)
{
    struct tw_entity entity = {.symbol = symbol};
    const json_t *common = tw_fields_member(object, "common");
    uint32_t index;
    if (!read_optional(object, "exchange", &entity.exchange, err) ||
        !read_optional(object, "kind", &entity.kind, err) ||
        !read_optional(object, "sector", &entity.sector, err))
        return false;
    char first[NAME_BYTES], bytes[NAME_BYTES];
    entity.name = json_array_size(names)
                      ? without_references(string_of(json_array_get(names, 0)), first, sizeof first)
                      : (struct tw_text){"", 0};
    if (!tw_automaton_add(automaton, &entity, &index, err))
        return false;
    for (size_t at = 0; at < json_array_size(names); at++) {
        struct tw_text name = string_of(json_array_get(names, at));
        bool marked = is_common(common, name);
        name = without_references(name, bytes, sizeof bytes);
        if (!tw_automaton_add_name(automaton, index, name, marked, err))
            return false;
    }
    return true;
}

/* A symbol is a text; a number in a file of Asia's is its digits. */
static bool add_entity(struct tw_automaton *automaton, const json_t *object, struct tw_error *err)
{
    char digits[24];
    json_t *names = NULL;
    if (!json_is_object(object))
        return tw_fail(err, TW_CONFIG, NULL, line_cure, "the line is no JSON object");
    const json_t *value = symbol_of(object);
    if (!json_is_string(value) && !json_is_integer(value))
        return fail_symbol(object, err);
    struct tw_text symbol = string_of(value);
    if (json_is_integer(value)) {
        int length = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        symbol = (struct tw_text){digits, (size_t)length};
    }
    bool added = check_symbol(symbol, err) && read_names(object, &names, err) &&
                 add_with_names(automaton, object, symbol, names, err);
    json_decref(names);
    return added;
}

static bool is_blank(struct tw_text line)
{
    size_t at = 0, length;
    while (at < line.length && (length = tw_word_space(line, at)) > 0)
        at += length;
    return at == line.length;
}

static bool add_line(struct tw_automaton *automaton, struct tw_text line, struct tw_error *err)
{
    if (is_blank(line))
        return true;
    json_error_t why;
    line = tw_text_past_mark(line);
    json_t *object = json_loadb(line.bytes, line.length, 0, &why);
    if (!object) {
        const char *near = strstr(why.text, " near ");
        int length = near ? (int)(near - why.text) : (int)strlen(why.text);
        if (strncmp(why.text, "unable to decode", 16) == 0)
            return tw_fail(err, TW_CONFIG, NULL,
                "save it in UTF-8, as with: iconv -f WINDOWS-1252 -t UTF-8 FILE >OTHER",
                "column %d: bytes that are no UTF-8", why.column);
        bool is_table = line.bytes[0] != '{' && line.bytes[0] != '['; /* which shows no brackets to mend */
        return tw_fail(err, TW_CONFIG, NULL, is_table ? line_cure : "one JSON object a line",
            "column %d: not JSON: %.*s", why.column, length, why.text);
    }
    bool added = add_entity(automaton, object, err);
    json_decref(object);
    return added;
}

static bool at_line(const char *name, uint64_t number, struct tw_error *err)
{
    char where[200];
    snprintf(where, sizeof where, "%.170s:%llu", name, (unsigned long long)number);
    return tw_error_in(err, where);
}

/* ---- the file ---- */

/* SHA-256 over lines as they are fed, each with its LF: independent of how the file is packed. */
struct digest {
    EVP_MD_CTX *context;
};

static bool digest_begin(struct digest *digest, struct tw_error *err)
{
    digest->context = EVP_MD_CTX_new();
    if (digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1)
        return true;
    EVP_MD_CTX_free(digest->context);
    return tw_fail(
        err, TW_INTERNAL, NULL, "look at the installation of libcrypto", "SHA-256 is not to be had");
}

static void digest_end(struct digest *digest, char hex[65])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(digest->context, bytes, &length);
    EVP_MD_CTX_free(digest->context);
    for (unsigned at = 0; at < length && at < 32; at++)
        snprintf(hex + 2 * at, 3, "%02x", bytes[at]);
}

/* A line was wrong: with somebody to tell, the next ones are looked at all the same. False when loading
 * ends here. */
static bool tell_wrong(
    const struct tw_entities_watch *watch, const struct tw_error *why, uint32_t *told, struct tw_error *first)
{
    if ((*told)++ == 0)
        *first = *why;
    if (watch)
        watch->wrong(watch->context, why);
    return watch && why->code == TW_CONFIG && *told < TW_ENTITIES_TOLD;
}

static bool load_lines(struct tw_automaton *automaton, struct tw_archive *archive, struct digest *digest,
    const struct tw_entities_watch *watch, struct tw_error *err)
{
    uint32_t told = 0;
    for (;;) {
        struct tw_archive_line line;
        struct tw_error why = {0};
        enum tw_read got = tw_archive_next(archive, &line, &why);
        if (got == TW_READ_END)
            return told == 0;
        if (got == TW_READ_REFUSED)
            why.code = TW_CONFIG;
        if (got == TW_READ_ITEM) {
            EVP_DigestUpdate(digest->context, line.text.bytes, line.text.length);
            EVP_DigestUpdate(digest->context, "\n", 1);
            if (add_line(automaton, line.text, &why))
                continue;
            at_line(tw_archive_name(archive), line.number, &why);
        }
        if (!tell_wrong(watch, &why, &told, err))
            return false;
    }
}

static bool load_archive(struct tw_archive *archive, const struct tw_entities_watch *watch,
    struct tw_automaton **out, struct tw_error *err)
{
    struct tw_automaton *automaton = NULL;
    struct digest digest;
    if (!tw_automaton_begin(&automaton, err))
        return false;
    if (!digest_begin(&digest, err)) {
        tw_entities_free(automaton);
        return false;
    }
    tw_archive_ask_for_records(archive, NULL);
    bool loaded = load_lines(automaton, archive, &digest, watch, err);
    char sha256[65] = "";
    digest_end(&digest, sha256);
    if (!loaded || !tw_automaton_seal(automaton, sha256, err)) {
        tw_entities_free(automaton);
        return false;
    }
    *out = automaton;
    return true;
}

bool tw_entities_load_watched(
    const char *path, const struct tw_entities_watch *watch, struct tw_automaton **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_archive *archive;
    if (!tw_archive_open(path, LINE_BYTES, &archive, err)) {
        if (watch)
            watch->wrong(watch->context, err);
        return false;
    }
    bool loaded = load_archive(archive, watch, out, err);
    tw_archive_close(archive);
    return loaded;
}

bool tw_entities_load(const char *path, struct tw_automaton **out, struct tw_error *err)
{
    return tw_entities_load_watched(path, NULL, out, err);
}

bool tw_entities_parse(
    const char *name, struct tw_text contents, struct tw_automaton **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_archive *archive;
    if (!tw_archive_open_memory(name, contents, LINE_BYTES, &archive, err))
        return false;
    bool loaded = load_archive(archive, NULL, out, err);
    tw_archive_close(archive);
    return loaded;
}
