/* The model folders of nn's own tests, for the rooms above it. */
#include "../nn/support_random_model.c"
