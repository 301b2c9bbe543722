/* Strings found by their bytes; see string_table.h. Slots are found by open addressing with linear probing. */
#include "tokenizer/string_table.h"

#include <stdlib.h>
#include <string.h>

/* Hash by 64-bit FNV-1a. */
static uint32_t hash_of(const char *utf8, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)utf8[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

Status string_table_prepare(StringTable *table)
{
    uint32_t slots = 16;
    while (slots < 2 * table->count) slots *= 2;
    table->slots = calloc(slots, sizeof(*table->slots));
    if (!table->slots) return NO_MEMORY;
    table->slot_mask = slots - 1;
    for (uint32_t n = 0; n < table->count; n++) {
        const uint32_t start = table->starts[n];
        uint32_t slot = hash_of(table->bytes + start, table->starts[n + 1] - start) & table->slot_mask;
        while (table->slots[slot]) slot = (slot + 1) & table->slot_mask;
        table->slots[slot] = n + 1;
    }
    return OK;
}

void string_table_free(StringTable *table)
{
    free(table->bytes);
    free(table->starts);
    free(table->slots);
}

uint32_t string_table_find(const StringTable *table, const char *utf8, size_t size)
{
    if (!table->count) return NOT_FOUND;
    for (uint32_t slot = hash_of(utf8, size) & table->slot_mask;; slot = (slot + 1) & table->slot_mask) {
        const uint32_t number = table->slots[slot];
        if (!number) return NOT_FOUND;
        const uint32_t start = table->starts[number - 1];
        if (table->starts[number] - start == size && !memcmp(table->bytes + start, utf8, size)) return number - 1;
    }
}
