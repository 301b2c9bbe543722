/* The end of MurmurHash3_x64_128 (Austin Appleby, public domain), which is the same for keys and for bytes. */
#ifndef SPANWISE_MURMUR_H
#define SPANWISE_MURMUR_H

#include <stdint.h>

static inline uint64_t murmur_mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

/* Turn both halves of the state into four 32-bit values. */
static inline void murmur_end(uint64_t h1, uint64_t h2, uint32_t out[4])
{
    h1 += h2;
    h2 += h1;
    h1 = murmur_mix(h1);
    h2 = murmur_mix(h2);
    h1 += h2;
    h2 += h1;
    out[0] = (uint32_t)h1;
    out[1] = (uint32_t)(h1 >> 32);
    out[2] = (uint32_t)h2;
    out[3] = (uint32_t)(h2 >> 32);
}

#endif
