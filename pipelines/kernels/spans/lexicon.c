/* The table of runs; see lexicon.h. Slots are found by open addressing with linear probing. Writers take turns; finding
takes no lock. */
#include "spans/lexicon.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_PROBES = 24,    /* slots looked at for one key: bounds what a hostile choice of keys can cost */
    LARGEST_SHARE = 64, /* a record that takes more than this part of a generation is not kept */
};

static void generation_free(Generation *generation)
{
    if (!generation) return;
    free(generation->memory);
    free(generation->index);
    free(generation);
}

CHECKED static Status generation_new(Generation **generation, const Lexicon *lexicon)
{
    Generation *made = calloc(1, sizeof(*made));
    if (!made) return NO_MEMORY;
    *generation = made; /* its owner frees it, also in part */
    made->memory = malloc(lexicon->bytes);
    made->index = calloc(lexicon->slots, sizeof(*made->index));
    return made->memory && made->index ? OK : NO_MEMORY;
}

/* Begin a generation in the memory of the old one. Called with the mutex held, when nobody reads the old one. */
static void turn_over(Lexicon *lexicon)
{
    Generation *next = lexicon->old;
    next->used = next->count = 0;
    next->full = 0;
    memset((void *)next->index, 0, lexicon->slots * sizeof(*next->index));
    lexicon->old = lexicon->young;
    lexicon->young = next;
    atomic_fetch_add(&lexicon->turnovers, 1);
}

Status lexicon_init(Lexicon *lexicon, size_t bytes, size_t mean_record)
{
    size_t slots = 1024;
    while (slots * mean_record < bytes) slots *= 2;
    memset(lexicon, 0, sizeof(*lexicon));
    if (pthread_mutex_init(&lexicon->mutex, NULL)) return NO_MEMORY;
    lexicon->bytes = bytes;
    lexicon->slots = slots;
    Status status = generation_new(&lexicon->young, lexicon);
    if (status == OK) status = generation_new(&lexicon->old, lexicon);
    if (status != OK) lexicon_free(lexicon);
    return status;
}

void lexicon_free(Lexicon *lexicon)
{
    generation_free(lexicon->young);
    generation_free(lexicon->old);
    if (lexicon->slots) /* it was initialized */
        pthread_mutex_destroy(&lexicon->mutex);
    memset(lexicon, 0, sizeof(*lexicon));
}

LexiconView lexicon_enter(Lexicon *lexicon)
{
    pthread_mutex_lock(&lexicon->mutex);
    if (lexicon->young->full && !atomic_load(&lexicon->old->readers)) turn_over(lexicon);
    const LexiconView view = {lexicon->young, lexicon->young->full ? lexicon->young : lexicon->old};
    atomic_fetch_add(&view.young->readers, 1);
    atomic_fetch_add(&view.old->readers, 1);
    pthread_mutex_unlock(&lexicon->mutex);
    return view;
}

void lexicon_leave(LexiconView view)
{
    atomic_fetch_sub(&view.young->readers, 1);
    atomic_fetch_sub(&view.old->readers, 1);
}

Key key_of(const char *utf8, size_t size, uint32_t mode)
{
    const char *at = utf8;
    size_t left = size;
    uint64_t word, hash = 0x9e3779b97f4a7c15u * (size + 1) + mode;
    for (; left >= 8; at += 8, left -= 8) {
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0xd6e8feb86659fd93u;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, at, left);
    hash = (hash ^ word) * 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return (Key){utf8, size, hash ^ hash >> 32, mode};
}

Status record_new(Record **record, const Key *key, size_t token_count, size_t row)
{
    Record *made = malloc(record_size(token_count, row, key->size));
    if (!made) return NO_MEMORY;
    *made = (Record){key->hash, (uint32_t)key->size, (uint32_t)token_count, key->mode, (uint32_t)row};
    memcpy(record_key(made), key->utf8, key->size);
    *record = made;
    return OK;
}

int record_has_key(const Record *record, const Key *key)
{
    return record->hash == key->hash && record->key_size == key->size && record->mode == key->mode &&
           !memcmp(record_key(record), key->utf8, key->size);
}

/* Return the record of a key, or NULL. Then `*slot` is the free slot for it, or NULL where none is within reach. */
static Record *find_in(const Generation *generation, size_t slots, const Key *key, _Atomic(Record *) **slot)
{
    *slot = NULL;
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        _Atomic(Record *) *at = &generation->index[(key->hash + probe) & (slots - 1)];
        Record *record = atomic_load_explicit(at, memory_order_acquire);
        if (!record) {
            *slot = at;
            return NULL;
        }
        if (record_has_key(record, key)) return record;
    }
    return NULL;
}

Record *lexicon_find(const Lexicon *lexicon, LexiconView view, const Key *key, int *is_old)
{
    _Atomic(Record *) *slot;
    *is_old = 0;
    Record *record = find_in(view.young, lexicon->slots, key, &slot);
    if (record) return record;
    record = find_in(view.old, lexicon->slots, key, &slot);
    *is_old = record != NULL;
    return record;
}

int lexicon_takes(const Lexicon *lexicon, size_t record_size) { return record_size <= lexicon->bytes / LARGEST_SHARE; }

/* Copy one record into the young generation, if there is room. Called with the mutex held. */
static void keep(Lexicon *lexicon, const Record *record)
{
    Generation *young = lexicon->young;
    const size_t size = record_size(record->token_count, record->row, record->key_size);
    const Key key = {record_key(record), record->key_size, record->hash, record->mode};
    _Atomic(Record *) *slot;
    if (!lexicon_takes(lexicon, size)) return;
    young->full = young->used + size > lexicon->bytes || young->count * 2 > lexicon->slots;
    if (young->full || find_in(young, lexicon->slots, &key, &slot) || !slot) return;
    Record *copy = (Record *)(young->memory + young->used);
    memcpy(copy, record, size);
    young->used += size;
    young->count++;
    atomic_store_explicit(slot, copy, memory_order_release);
}

void lexicon_keep(Lexicon *lexicon, Record *const *records, size_t count)
{
    if (!count) return;
    pthread_mutex_lock(&lexicon->mutex);
    for (size_t i = 0; i < count && !lexicon->young->full; i++) keep(lexicon, records[i]);
    pthread_mutex_unlock(&lexicon->mutex);
}
