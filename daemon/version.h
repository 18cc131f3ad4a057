/* version: which Tapewatch this is; what --version, reports and the rows of rule sets say. */
#ifndef TW_VERSION_H
#define TW_VERSION_H

/* "0.1.0": the version that CMake was told. */
const char *tw_version(void);

#endif
