#include "rule_kinds/poisson.h"

#define NEGLIGIBLE 1e-18 /* of the sum: far below what a double of it can show */
#define FAR_TAIL 1e-9    /* of the probability asked for: no further term changes the answer */

/* The terms below the largest, added up. */
static double sum_below(double rate, int64_t mode)
{
    double sum = 0, term = 1;
    for (int64_t count = mode; count > 0 && term > NEGLIGIBLE; count--) {
        term = term * (double)count;
        term = term / rate;
        sum = sum + term;
    }
    return sum;
}

int64_t tw_poisson_critical(double rate, double probability)
{
    int64_t count = (int64_t)rate; /* of the largest term, which is 1 here */
    double term = 1;
    double total = sum_below(rate, count);
    double far = probability * FAR_TAIL;
    total = total + term;
    while (term > far * total) {
        count++;
        term = term * rate;
        term = term / (double)count;
        total = total + term;
    }
    /* From there down, the smallest terms first. */
    double tail = 0;
    double most = total * probability;
    while (count >= 0) {
        double larger = tail + term;
        if (larger > most)
            break;
        tail = larger;
        term = term * (double)count;
        term = term / rate;
        count--;
    }
    return count + 1;
}
