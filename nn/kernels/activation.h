/* activation: what stands between the two linear maps of a layer, and behind a head's first one. kernels.h
 * gives the formulas. */
#ifndef TW_ACTIVATION_H
#define TW_ACTIVATION_H

enum tw_activation { TW_GELU_ERF, TW_GELU_TANH, TW_RELU, TW_TANH, TW_ACTIVATIONS };

#endif
