/* explain_shades: how strongly a word is shown, the same on a terminal and on a page. */
#ifndef TW_EXPLAIN_SHADES_H
#define TW_EXPLAIN_SHADES_H

#include "explain/explain.h"

enum { TW_EXPLAIN_SHADES = 4 };

/* The largest |weight| of all words; 0 without any. */
double tw_explain_most(const struct tw_explanation *explanation);

/* 1 to TW_EXPLAIN_SHADES for a word that spoke for the label, negative for one against it, 0 for one that is
 * below a tenth of `most`: shades are fourths of the rest. */
int tw_explain_shade(double weight, double most);

#endif
