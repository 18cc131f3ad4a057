/* poisson: how many of a kind of event are too many, when they come one by one at a known rate.
 *
 *     P(X >= k) = sum over j >= k of e^-rate rate^j / j!
 *
 * SAME ON EVERY MACHINE: the sum is taken relative to the largest term (e^-rate falls out), each term from
 * its neighbour by one product and one quotient, so that only IEEE 754 +, * and / of doubles are used, one
 * to a statement, and no function of a mathematical library. */
#ifndef TW_POISSON_H
#define TW_POISSON_H

#include <stdint.h>

/* The least k of which P(X >= k) <= probability; rate > 0, probability in (0, 1). Costs about 20 square roots
 * of the rate. */
int64_t tw_poisson_critical(double rate, double probability);

#endif
