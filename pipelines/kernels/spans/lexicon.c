/* The table of runs; lexicon.h has the idea. Open addressing with linear probing; writers take turns, finding takes no lock. */
#include "spans/lexicon.h"

#include <stdlib.h>
#include <string.h>

/* Slots looked at for one key: bounds what a hostile choice of keys can cost. */
enum { MAX_PROBES = 24, LARGEST_SHARE = 64 };

static Generation *generation_new(const Lexicon *lexicon)
{
    Generation *generation = calloc(1, sizeof(*generation));
    if (!generation) return NULL;
    generation->memory = malloc(lexicon->bytes);
    generation->index = calloc(lexicon->slots, sizeof(*generation->index));
    if (!generation->memory || !generation->index) {
        free(generation->memory);
        free(generation->index);
        free(generation);
        return NULL;
    }
    atomic_init(&generation->readers, 0);
    return generation;
}

static void generation_free(Generation *generation)
{
    if (!generation) return;
    free(generation->memory);
    free(generation->index);
    free(generation);
}

/* Called with the mutex held, when nobody reads the old generation: its memory becomes the young one's. */
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

int lexicon_init(Lexicon *lexicon, size_t bytes, size_t smallest)
{
    memset(lexicon, 0, sizeof(*lexicon));
    lexicon->bytes = bytes;
    lexicon->slots = 1024;
    while (lexicon->slots * smallest < bytes) lexicon->slots *= 2;
    pthread_mutex_init(&lexicon->mutex, NULL);
    lexicon->young = generation_new(lexicon);
    lexicon->old = generation_new(lexicon);
    if (lexicon->young && lexicon->old) return 0;
    lexicon_free(lexicon);
    return -1;
}

void lexicon_free(Lexicon *lexicon)
{
    generation_free(lexicon->young);
    generation_free(lexicon->old);
    if (lexicon->slots) pthread_mutex_destroy(&lexicon->mutex);
    memset(lexicon, 0, sizeof(*lexicon));
}

LexiconView lexicon_view(Lexicon *lexicon)
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

uint64_t lexicon_hash(const char *key, size_t size, uint32_t mode)
{
    uint64_t hash = 0x9e3779b97f4a7c15u * (size + 1) + mode;
    for (; size >= 8; key += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, key, 8);
        hash = (hash ^ word) * 0xd6e8feb86659fd93u;
        hash ^= hash >> 32;
    }
    uint64_t word = 0;
    memcpy(&word, key, size);
    hash = (hash ^ word) * 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

int record_is(const Record *record, uint64_t hash, const char *key, size_t size, uint32_t mode)
{
    return record->hash == hash && record->key_size == size && record->mode == mode &&
           !memcmp(record_key(record), key, size);
}

/* The record, or NULL; `*slot` is then the free slot for it, if there is one within reach. */
static Record *find_in(const Generation *generation, size_t slots, uint64_t hash, const char *key, size_t size,
                       uint32_t mode, _Atomic(Record *) **slot)
{
    *slot = NULL;
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        _Atomic(Record *) *at = &generation->index[(hash + probe) & (slots - 1)];
        Record *record = atomic_load_explicit(at, memory_order_acquire);
        if (!record) {
            *slot = at;
            return NULL;
        }
        if (record_is(record, hash, key, size, mode)) return record;
    }
    return NULL;
}

Record *lexicon_find(const Lexicon *lexicon, LexiconView view, uint64_t hash, const char *key, size_t size,
                     uint32_t mode, int *is_old)
{
    _Atomic(Record *) *slot;
    *is_old = 0;
    Record *record = find_in(view.young, lexicon->slots, hash, key, size, mode, &slot);
    if (record) return record;
    record = find_in(view.old, lexicon->slots, hash, key, size, mode, &slot);
    *is_old = record != NULL;
    return record;
}

void lexicon_keep(Lexicon *lexicon, Record *const *records, size_t count)
{
    if (!count) return;
    pthread_mutex_lock(&lexicon->mutex);
    Generation *young = lexicon->young;
    for (size_t i = 0; i < count && !young->full; i++) {
        const Record *record = records[i];
        const size_t size = record_size(record->tokens, record->row, record->key_size);
        _Atomic(Record *) *slot;
        if (size > lexicon->bytes / LARGEST_SHARE) continue;
        young->full = young->used + size > lexicon->bytes || young->count * 2 > lexicon->slots;
        if (young->full) break;
        if (find_in(young, lexicon->slots, record->hash, record_key(record), record->key_size, record->mode, &slot) ||
            !slot)
            continue;
        Record *copy = (Record *)(young->memory + young->used);
        memcpy(copy, record, size);
        young->used += size;
        young->count++;
        atomic_store_explicit(slot, copy, memory_order_release);
    }
    pthread_mutex_unlock(&lexicon->mutex);
}
