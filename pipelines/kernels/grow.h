/* Room for one more item of an array on the heap. */
#ifndef SPANWISE_GROW_H
#define SPANWISE_GROW_H

#include <stdlib.h>

/* Returns -1 from the calling function when there is no memory. */
#define GROW(ITEMS, COUNT, CAPACITY)                                                                                   \
    if ((COUNT) == (CAPACITY)) {                                                                                       \
        const size_t capacity = (CAPACITY) ? 2 * (CAPACITY) : 256;                                                     \
        void *items = realloc((ITEMS), capacity * sizeof(*(ITEMS)));                                                   \
        if (!items) return -1;                                                                                         \
        (ITEMS) = items;                                                                                               \
        (CAPACITY) = capacity;                                                                                         \
    }

#endif
