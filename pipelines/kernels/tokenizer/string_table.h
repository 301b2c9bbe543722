/* Strings found by their bytes: each has a number, in the order in which they were given. */
#ifndef SPANWISE_STRING_TABLE_H
#define SPANWISE_STRING_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

enum { NOT_FOUND = UINT32_MAX };

typedef struct {
    char *bytes;      /* UTF-8 of all strings, one behind the other */
    uint32_t *starts; /* [count + 1]: where each begins */
    uint32_t count;
    uint32_t *slots; /* [slot_mask + 1]: the number of a string + 1, found by hash; 0: free */
    uint32_t slot_mask;
} StringTable;

/* Make a table whose bytes and starts are set ready for looking up. */
CHECKED Status string_table_prepare(StringTable *table);
void string_table_free(StringTable *table);

/* Return the number of a string, or NOT_FOUND. */
uint32_t string_table_find(const StringTable *table, const char *utf8, size_t size);

#endif
