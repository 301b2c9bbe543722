/* Arrays that double when they are full; see grow.h. */
#include "grow.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

Status grow_array(void *array, size_t *capacity, size_t item_size)
{
    if (*capacity > SIZE_MAX / 2 / item_size) return NO_MEMORY;
    const size_t more = *capacity ? 2 * *capacity : FIRST_CAPACITY;
    void *items;
    memcpy(&items, array, sizeof(items)); /* whatever the type of the items is */
    items = realloc(items, more * item_size);
    if (!items) return NO_MEMORY;
    memcpy(array, &items, sizeof(items));
    *capacity = more;
    return OK;
}
