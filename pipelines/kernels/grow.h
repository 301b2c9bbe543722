/* Make room for one more item of an array on the heap. */
#ifndef SPANWISE_GROW_H
#define SPANWISE_GROW_H

#include <stddef.h>

#include "status.h"

/* Double the capacity of an array. `array` is the address of the pointer to its items, which stay as they are when
   there is no memory. */
CHECKED Status grow_array(void *array, size_t *capacity, size_t item_size);

/* Make sure that an array of `count` items has room for another: `grow(&items, count, &capacity, sizeof(*items))`. */
CHECKED static inline Status grow(void *array, size_t count, size_t *capacity, size_t item_size)
{
    return count < *capacity ? OK : grow_array(array, capacity, item_size);
}

#endif
