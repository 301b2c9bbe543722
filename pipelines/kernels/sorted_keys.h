/* Look a key up in an array that is sorted. */
#ifndef SPANWISE_SORTED_KEYS_H
#define SPANWISE_SORTED_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* Return the place of a key in `keys` [count], which ascend; `count` where it is missing. */
static inline size_t place_of_key(const uint64_t *keys, size_t count, uint64_t key)
{
    size_t first = 0, last = count;
    while (first < last) {
        const size_t middle = first + (last - first) / 2;
        if (keys[middle] < key)
            first = middle + 1;
        else
            last = middle;
    }
    return first < count && keys[first] == key ? first : count;
}

#endif
