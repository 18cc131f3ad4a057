/* secrets: what of a configuration is a secret, and how it is kept out of whatever is printed.
 *
 *     a property of Kafka's or a key    by its name: one table, and the endings that names of secrets have
 *     the connection string             by parsing it as libpq does: password and sslpassword, in a URI as
 *                                       in key=value form; passfile= names a file and is none
 *
 *     an address (tell.alertmanager)    by what stands before the host's name, or behind a question mark
 *     a file that holds one             by its path, or as the systemd credential of that name
 *
 * Secrets are refused where they stand (config.h); the lines that hold them are then hidden from the list of
 * problems, so that no caret shows one. */
#ifndef TW_SECRETS_H
#define TW_SECRETS_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct tw_problems;
struct tw_text_file;
struct tw_yaml_node;

/* Is the value of a property (or key) of this name a secret? Case is ignored. `cure`, when not NULL,
 * receives where it belongs. */
bool tw_secret_property(struct tw_text name, const char **cure);

/* What libpq makes of a connection string. */
enum tw_conninfo_finding {
    TW_CONNINFO_PLAIN,      /* understood, and without a secret */
    TW_CONNINFO_SECRET,     /* `words` names the option that holds one */
    TW_CONNINFO_UNREADABLE, /* `words` are libpq's, or ours when libpq's could show a secret */
};

/* Looks into a connection string or URI; `words` is filled but for PLAIN. No server is asked, no environment
 * is read. */
enum tw_conninfo_finding tw_secret_conninfo(const char *conninfo, char words[256]);

/* Does this address (scheme://user:password@host?query) hold a user, a password, or a query, in which a
 * token may stand? */
bool tw_secret_address(struct tw_text address);

/* Where the file of a secret lies: the credential of its last component in $CREDENTIALS_DIRECTORY
 * (systemd.exec(5), LoadCredential=) when there is one, else `path` itself: the file may be root's alone,
 * and the credential a copy for the daemon. TW_CONFIG for a path too long. */
TW_MUST_USE bool tw_secret_path(const char *path, char *found, size_t size, struct tw_error *err);

/* Hides the lines of `source` that hold or may hold secrets from the carets of `problems`. `root` is its
 * tree; NULL when it could not be read as YAML: then words and not places decide. Done once for a list. */
void tw_secrets_hide(
    const struct tw_text_file *source, const struct tw_yaml_node *root, struct tw_problems *problems);

#endif
