/* automaton: how the names of entities.h are held, and how they come in. For link/ alone: others ask by
 * entities.h.
 *
 *     tw_automaton_begin(&automaton, err);
 *     tw_automaton_add(automaton, &entity, &index, err);              // once a company, then its names
 *     tw_automaton_add_name(automaton, index, name, common, err);
 *     tw_automaton_seal(automaton, sha256, err);                      // and nothing changes any more
 *
 * Names stand in name_table.h, symbols in symbol_table.h, entities in order of the file. Texts that are
 * given are copied. Errors: TW_CONFIG for what is given, TW_INTERNAL and TW_FULL for memory; a half-filled
 * automaton is freed by tw_entities_free. */
#ifndef TW_AUTOMATON_H
#define TW_AUTOMATON_H

#include "names/entities.h"

/* An automaton without entities. */
TW_MUST_USE bool tw_automaton_begin(struct tw_automaton **out, struct tw_error *err);

/* Adds a company; `name` may be empty: the symbol is shown then. Its place goes to *index. A symbol that is
 * there is refused. */
TW_MUST_USE bool tw_automaton_add(
    struct tw_automaton *automaton, const struct tw_entity *entity, uint32_t *index, struct tw_error *err);

/* Adds a name of that company. `common`: it matches in its exact case only. */
TW_MUST_USE bool tw_automaton_add_name(
    struct tw_automaton *automaton, uint32_t entity, struct tw_text name, bool common, struct tw_error *err);

/* All has come, from the file with this digest: now the automaton may be asked for names. */
TW_MUST_USE bool tw_automaton_seal(
    struct tw_automaton *automaton, const char sha256[65], struct tw_error *err);

/* Fills err with what is wrong with a name, cut to be shown. Its callers return false themselves: an analyser
 * that looks into few functions sees it then. */
void tw_automaton_fail_name(struct tw_text name, const char *cure, const char *what, struct tw_error *err);

#endif
