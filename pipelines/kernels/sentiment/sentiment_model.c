/* The sentiment model's mathematics, `pipelines/sentiment/reference_model.py` to the letter; see sentiment.h. */
#include "sentiment/sentiment_model.h"

#include <math.h>
#include <string.h>

#include "grow.h"

enum { MIN_NGRAM = 3, MAX_NGRAM = 5, NGRAM_KEY = 24 };
enum { HEAD_ROWS = 64 };          /* sentences whose hidden layer is computed together */
enum { LARGEST_IDLE = 1 << 16 };  /* items of an array that is kept for the next call */
static const float LIMIT = 30.0f; /* of an attention's logit */

/* A word of a text: its number, or, below 0, where its row was put together: ~index. */
typedef struct {
    uint32_t start, end, flags;
    int32_t number;
} Known;

/* Something to be scored: words [first, last) of `known`; for a target, `place` of these come before it, and it covers
   `target_first` to `target_last`. */
typedef struct {
    size_t first, length, place, target_first, target_last;
    float *logits;
} Pending;

typedef struct SentimentWork {
    struct SentimentWork *next;
    SentimentModel *model;
    Chunk chunk;
    uint32_t *points;
    size_t point_capacity;
    Known *known;
    size_t known_count, known_capacity;
    float *made; /* rows of words that are not in the vocabulary */
    size_t made_count, made_capacity;
    Pending *pending;
    size_t pending_count, pending_capacity;
    float *row;          /* [padded(width)] of one word */
    float *attention;    /* [rows of a chunk][padded(heads)] */
    float *features;     /* [HEAD_ROWS][parts x padded(width)] */
    float *sums;         /* [heads], of the sentence that is pooled */
    float *hidden, *out; /* [HEAD_ROWS][...] */
    const float **in;
    float **to;
    size_t feature_rows;
    float *logits[HEAD_ROWS];
} SentimentWork;

static size_t larger_of(size_t a, size_t b) { return a > b ? a : b; }

static void work_free(SentimentWork *work)
{
    chunk_free(&work->chunk);
    free(work->points);
    free(work->known);
    free(work->made);
    free(work->pending);
    free(work->row);
    free(work->attention);
    free(work->features);
    free(work->sums);
    free(work->hidden);
    free(work->out);
    free(work->in);
    free(work->to);
    free(work);
}

static SentimentWork *work_new(SentimentModel *model)
{
    SentimentWork *work = calloc(1, sizeof(*work));
    if (!work) return NULL;
    const SentimentNetwork *a = &model->sentence, *b = &model->target;
    const Network *networks[2] = {&a->network, &b->network};
    const size_t width = padded(model->width);
    work->model = model;
    if (chunk_init(&work->chunk, networks, 2)) {
        free(work);
        return NULL;
    }
    const size_t rows = work->chunk.max_rows;
    work->row = calloc(width, sizeof(float));
    work->attention = calloc(rows * larger_of(a->attention.outputs, b->attention.outputs), sizeof(float));
    work->features = calloc(HEAD_ROWS * larger_of(a->parts, b->parts) * width, sizeof(float));
    work->sums = calloc(larger_of(a->heads, b->heads), sizeof(float));
    work->hidden = calloc(HEAD_ROWS * larger_of(a->hidden.outputs, b->hidden.outputs), sizeof(float));
    work->out = calloc(HEAD_ROWS * larger_of(a->output.outputs, b->output.outputs), sizeof(float));
    work->in = malloc(larger_of(rows, HEAD_ROWS) * sizeof(*work->in));
    work->to = malloc(larger_of(rows, HEAD_ROWS) * sizeof(*work->to));
    if (work->row && work->attention && work->features && work->sums && work->hidden && work->out && work->in &&
        work->to)
        return work;
    work_free(work);
    return NULL;
}

static SentimentWork *work_take(SentimentModel *model)
{
    pthread_mutex_lock(&model->mutex);
    SentimentWork *work = model->idle;
    if (work) model->idle = work->next;
    pthread_mutex_unlock(&model->mutex);
    return work ? work : work_new(model);
}

static void work_give_back(SentimentWork *work)
{
    SentimentModel *model = work->model;
    work->known_count = work->made_count = work->pending_count = work->feature_rows = 0;
    chunk_clear(&work->chunk);
    if (work->point_capacity > LARGEST_IDLE || work->known_capacity > LARGEST_IDLE ||
        work->made_capacity > LARGEST_IDLE || work->pending_capacity > LARGEST_IDLE) {
        work_free(work);
        return;
    }
    pthread_mutex_lock(&model->mutex);
    work->next = model->idle;
    model->idle = work;
    pthread_mutex_unlock(&model->mutex);
}

/* ---- words ---- */

static uint64_t hash_of(const char *key, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, 64 bits */
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

static int32_t number_of(const SentimentModel *model, const char *key, size_t size)
{
    for (uint32_t slot = (uint32_t)hash_of(key, size) & model->slot_mask;; slot = (slot + 1) & model->slot_mask) {
        const uint32_t number = model->slots[slot];
        if (!number) return -1;
        const uint32_t start = model->word_starts[number - 1];
        if (model->word_starts[number] - start == size && !memcmp(model->vocabulary + start, key, size))
            return (int32_t)number - 1;
    }
}

int sentiment_prepare(SentimentModel *model)
{
    uint32_t slots = 16;
    while (slots < 2 * model->words) slots *= 2;
    model->slot_mask = slots - 1;
    model->slots = calloc(slots, sizeof(*model->slots));
    if (!model->slots || pthread_mutex_init(&model->mutex, NULL)) return -1;
    model->has_mutex = 1;
    for (uint32_t w = 0; w < model->words; w++) {
        const uint32_t start = model->word_starts[w], size = model->word_starts[w + 1] - start;
        uint32_t slot = (uint32_t)hash_of(model->vocabulary + start, size) & model->slot_mask;
        while (model->slots[slot]) slot = (slot + 1) & model->slot_mask;
        model->slots[slot] = w + 1;
    }
    return 0;
}

static void sentiment_network_free(SentimentNetwork *network)
{
    network_free(&network->network);
    matrix_free(&network->attention);
    matrix_free(&network->hidden);
    matrix_free(&network->output);
}

void sentiment_free(SentimentModel *model)
{
    while (model->idle) {
        SentimentWork *work = model->idle;
        model->idle = work->next;
        work_free(work);
    }
    characters_free(&model->characters);
    free(model->vocabulary);
    free(model->word_starts);
    free(model->slots);
    free(model->scales);
    free(model->flags);
    free(model->positions);
    free(model->mask);
    sentiment_network_free(&model->sentence);
    sentiment_network_free(&model->target);
    if (model->has_mutex) pthread_mutex_destroy(&model->mutex);
}

static void add_row(const SentimentModel *model, uint32_t row, float *to)
{
    const int8_t *codes = model->codes + (size_t)row * model->width;
    const float scale = model->scales[row];
    for (size_t i = 0; i < model->width; i++) to[i] += scale * (float)codes[i];
}

/* The mean of the n-grams' rows of `<key>`, of which at most NGRAM_KEY code points count: `ngram_buckets` in reference.py. */
static void make_row(const SentimentModel *model, const char *key, size_t size, float *to)
{
    char marked[4 * NGRAM_KEY + 2] = "<";
    uint32_t starts[NGRAM_KEY + 3], points = 1;
    size_t bytes = 1, rows = 0;
    starts[0] = 0;
    for (size_t i = 0; i < size; i++) {
        if (((unsigned char)key[i] & 0xc0) != 0x80) {
            if (points == NGRAM_KEY + 1) break;
            starts[points++] = (uint32_t)bytes;
        }
        marked[bytes++] = key[i];
    }
    starts[points++] = (uint32_t)bytes;
    marked[bytes++] = '>';
    starts[points] = (uint32_t)bytes;
    for (uint32_t n = MIN_NGRAM; n <= MAX_NGRAM; n++)
        for (uint32_t first = 0; first + n <= points; first++, rows++) {
            uint32_t hash = 2166136261u; /* FNV-1a, 32 bits */
            for (uint32_t b = starts[first]; b < starts[first + n]; b++)
                hash = (hash ^ (unsigned char)marked[b]) * 16777619u;
            add_row(model, model->words + hash % model->buckets, to);
        }
    for (size_t i = 0; i < model->width; i++) to[i] /= (float)rows;
}

/* The number of what a stretched word may have been, or -1: `unstretched` in tokens.py. */
static int32_t number_of_unstretched(const SentimentModel *model, const char *key, size_t size)
{
    size_t first = 0, last = 0;
    for (size_t i = 1; i < size; i++)
        if (key[i] == key[i - 1] && key[i] >= 'a' && key[i] <= 'z') {
            if (!first) first = i;
            last = i;
        }
    int32_t number = -1;
    for (int way = 0; first && way < 3 && number < 0; way++) {
        char shorter[KEY_BYTES];
        size_t kept = 0;
        for (size_t i = 0; i < size; i++) {
            const int is_doubled = i && key[i] == key[i - 1] && key[i] >= 'a' && key[i] <= 'z';
            if (is_doubled && (way == 2 || i == (way ? first : last))) continue;
            shorter[kept++] = key[i];
        }
        number = number_of(model, shorter, kept);
    }
    return number;
}

static int know(void *context, const SentimentWord *word)
{
    SentimentWork *work = context;
    GROW(work->known, work->known_count, work->known_capacity)
    int32_t number = number_of(work->model, word->key, word->key_size);
    if (number < 0 && word->flags & FLAG_STRETCHED)
        number = number_of_unstretched(work->model, word->key, word->key_size);
    if (number < 0) {
        const size_t stride = padded(work->model->width);
        if (work->made_count == work->made_capacity) {
            const size_t capacity = work->made_capacity ? 2 * work->made_capacity : 64;
            float *made = realloc(work->made, capacity * stride * sizeof(float));
            if (!made) return -1;
            work->made = made;
            work->made_capacity = capacity;
        }
        float *row = work->made + work->made_count * stride;
        memset(row, 0, stride * sizeof(float));
        make_row(work->model, word->key, word->key_size, row);
        number = ~(int32_t)work->made_count++;
    }
    work->known[work->known_count++] = (Known){word->start, word->end, word->flags, number};
    return 0;
}

static int read_text(SentimentWork *work, const SentimentText *text, uint32_t *count)
{
    if (text->size > work->point_capacity) {
        const size_t capacity = larger_of(2 * work->point_capacity, larger_of(text->size, 4096));
        free(work->points);
        work->points = malloc(capacity * sizeof(*work->points));
        work->point_capacity = work->points ? capacity : 0;
        if (!work->points) return -1;
    }
    *count = utf8_decode(text->utf8, text->size, work->points);
    return 0;
}

static void add_known(const SentimentWork *work, const Known *known, float *to)
{
    const SentimentModel *model = work->model;
    const size_t stride = padded(model->width);
    if (known->number >= 0) {
        add_row(model, (uint32_t)known->number, to);
    } else {
        const float *row = work->made + (size_t)~known->number * stride;
        for (size_t i = 0; i < stride; i++) to[i] += row[i];
    }
    for (uint32_t bit = 0; bit < SENTIMENT_FLAGS; bit++)
        if (known->flags >> bit & 1)
            for (size_t i = 0; i < stride; i++) to[i] += model->flags[bit * stride + i];
}

static const float *sentence_row(const void *context, uint32_t pending, uint32_t token)
{
    const SentimentWork *work = context;
    memset(work->row, 0, padded(work->model->width) * sizeof(float));
    add_known(work, &work->known[work->pending[pending].first + token], work->row);
    return work->row;
}

/* A target is one row: what stands for any target, and the mean of those of its words that are no names. */
static void add_target(const SentimentWork *work, const Pending *pending, float *to)
{
    const SentimentModel *model = work->model;
    const size_t stride = padded(model->width);
    size_t common = 0;
    for (size_t w = pending->target_first; w < pending->target_last; w++)
        if (!(work->known[w].flags & (FLAG_CAPITALS | FLAG_TITLE))) {
            add_known(work, &work->known[w], to);
            common++;
        }
    for (size_t i = 0; i < stride; i++) to[i] = model->mask[i] + (common ? to[i] / (float)common : 0);
}

static const float *target_row(const void *context, uint32_t number, uint32_t token)
{
    const SentimentWork *work = context;
    const Pending *pending = &work->pending[number];
    const size_t stride = padded(work->model->width);
    memset(work->row, 0, stride * sizeof(float));
    int64_t distance = (int64_t)token - (int64_t)pending->place;
    if (!distance)
        add_target(work, pending, work->row);
    else
        add_known(work,
                  &work->known[distance < 0 ? pending->first + token : pending->target_last + (size_t)distance - 1],
                  work->row);
    if (distance > MAX_DISTANCE) distance = MAX_DISTANCE;
    if (distance < -MAX_DISTANCE) distance = -MAX_DISTANCE;
    const float *position = work->model->positions + (size_t)(distance + MAX_DISTANCE) * stride;
    for (size_t i = 0; i < stride; i++) work->row[i] += position[i];
    return work->row;
}

/* ---- the network ---- */

/* The hidden layer and the outputs of all sentences that are pooled. */
static void head_run(const SentimentNetwork *network, SentimentWork *work)
{
    for (size_t r = 0; r < work->feature_rows; r++) {
        work->in[r] = work->features + r * network->hidden.inputs;
        work->to[r] = work->hidden + r * network->hidden.outputs;
    }
    matrix_apply(&network->hidden, work->in, work->to, work->feature_rows);
    for (size_t r = 0; r < work->feature_rows; r++) {
        work->in[r] = work->hidden + r * network->hidden.outputs;
        work->to[r] = work->out + r * network->output.outputs;
    }
    matrix_apply(&network->output, work->in, work->to, work->feature_rows);
    for (size_t r = 0; r < work->feature_rows; r++)
        memcpy(work->logits[r], work->to[r], network->outputs * sizeof(float));
    work->feature_rows = 0;
}

/* Add one word to what is pooled of its sentence: [heads][width] weighted sums, then [width] maxima. */
static void pool_word(const SentimentNetwork *network, SentimentWork *work, const float *vector, const float *attention,
                      int is_first)
{
    const size_t stride = padded(network->network.width);
    float *features = work->features + work->feature_rows * network->hidden.inputs;
    for (size_t h = 0; h < network->heads; h++, features += stride) {
        const float logit = attention[h] > LIMIT ? LIMIT : attention[h] < -LIMIT ? -LIMIT : attention[h];
        const float weight = expf(logit);
        work->sums[h] = is_first ? weight : work->sums[h] + weight;
        if (is_first)
            for (size_t i = 0; i < stride; i++) features[i] = weight * vector[i];
        else
            for (size_t i = 0; i < stride; i++) features[i] += weight * vector[i];
    }
    if (is_first)
        memcpy(features, vector, stride * sizeof(float));
    else
        for (size_t i = 0; i < stride; i++) features[i] = features[i] > vector[i] ? features[i] : vector[i];
}

static void pool_end(const SentimentNetwork *network, SentimentWork *work, float *logits)
{
    const size_t stride = padded(network->network.width);
    float *features = work->features + work->feature_rows * network->hidden.inputs;
    for (size_t h = 0; h < network->heads; h++, features += stride)
        for (size_t i = 0; i < stride; i++) features[i] /= work->sums[h];
    work->logits[work->feature_rows++] = logits;
    if (work->feature_rows == HEAD_ROWS) head_run(network, work);
}

/* Compute the chunk, and pool its sentences. The last may be cut: the next chunk goes on with it. */
static void chunk_score(const SentimentNetwork *network, SentimentWork *work, int targets)
{
    Chunk *chunk = &work->chunk;
    const size_t stride = padded(network->network.width), heads = network->attention.outputs;
    if (!chunk->part_count) return;
    network_run(&network->network, chunk, targets ? target_row : sentence_row, work);
    size_t rows = 0;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++)
        for (uint32_t t = part->first; t < part->last; t++, rows++) {
            work->in[rows] = chunk->vectors + (part->row + t - part->first) * stride;
            work->to[rows] = work->attention + rows * heads;
        }
    matrix_apply(&network->attention, work->in, work->to, rows);
    size_t row = 0;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        const Pending *pending = &work->pending[part->text];
        for (uint32_t t = part->first; t < part->last; t++, row++) {
            const float *vector = chunk->vectors + (part->row + t - part->first) * stride;
            pool_word(network, work, vector, work->attention + row * heads, t == 0);
            if (targets && t == pending->place)
                memcpy(work->features + work->feature_rows * network->hidden.inputs + (network->heads + 1) * stride,
                       vector, stride * sizeof(float));
        }
        if (part->last == part->length) pool_end(network, work, pending->logits);
    }
    chunk_clear(chunk);
}

/* Score everything that is pending, and forget the words. */
static void flush(const SentimentNetwork *network, SentimentWork *work, int targets)
{
    for (uint32_t p = 0; p < work->pending_count; p++) {
        const uint32_t length = (uint32_t)work->pending[p].length;
        for (uint32_t done = 0; done < length;) {
            done = chunk_add(&work->chunk, &network->network, p, done, length);
            if (done < length) chunk_score(network, work, targets);
        }
    }
    chunk_score(network, work, targets);
    if (work->feature_rows) head_run(network, work);
    work->pending_count = work->known_count = work->made_count = 0;
}

/* ---- texts ---- */

static int add_sentence(SentimentWork *work, uint32_t start, uint32_t end, float *logits)
{
    const size_t first = work->known_count;
    if (sentiment_words(&work->model->characters, work->points, start, end, know, work)) return -1;
    if (work->known_count == first) {
        memcpy(logits, work->model->empty, SENTIMENT_CLASSES * sizeof(float));
        logits[SENTIMENT_CLASSES] = -INFINITY; /* it says nothing of the whole */
        return 0;
    }
    GROW(work->pending, work->pending_count, work->pending_capacity)
    work->pending[work->pending_count++] =
        (Pending){.first = first, .length = work->known_count - first, .logits = logits};
    if (work->known_count >= 4 * CHUNK_ROWS) flush(&work->model->sentence, work, 0);
    return 0;
}

/* The whole text from its sentences: the mean of those that have words, weighted by salience, made surer by their number. */
static void whole_of(const SentimentModel *model, const float *each, size_t count, float *whole)
{
    const float *last = each + count * SENTENCE_OUTPUTS, *only = each;
    float highest = -INFINITY, total = 0, sum[SENTIMENT_CLASSES] = {0};
    size_t told = 0;
    for (const float *row = each; row < last; row += SENTENCE_OUTPUTS)
        if (row[SENTIMENT_CLASSES] > -INFINITY) {
            if (row[SENTIMENT_CLASSES] > highest) highest = row[SENTIMENT_CLASSES];
            only = row;
            told++;
        }
    if (told < 2) {
        memcpy(whole, only, SENTIMENT_CLASSES * sizeof(float));
        return;
    }
    for (const float *row = each; row < last; row += SENTENCE_OUTPUTS) {
        const float weight = expf(row[SENTIMENT_CLASSES] - highest);
        total += weight;
        for (int c = 0; c < SENTIMENT_CLASSES; c++) sum[c] += weight * row[c];
    }
    const float surer = powf((float)told, model->exponent), more = logf((float)told);
    for (int c = 0; c < SENTIMENT_CLASSES; c++) whole[c] = sum[c] / total * surer + more * model->bias[c];
}

int sentiment_score(SentimentModel *model, const SentimentText *texts, size_t count, const SentimentSpan *spans,
                    float *whole, float *each)
{
    SentimentWork *work = work_take(model);
    if (!work) return -1;
    int failed = 0;
    float *row = each;
    const SentimentSpan *span = spans;
    for (size_t t = 0; t < count && !failed; t++) {
        uint32_t length;
        failed = read_text(work, &texts[t], &length);
        const SentimentSpan all = {0, length}, *of_text = texts[t].count ? span : &all;
        const size_t own = texts[t].count ? texts[t].count : 1;
        for (size_t s = 0; s < own && !failed; s++, row += SENTENCE_OUTPUTS) {
            const uint32_t end = of_text[s].end < length ? of_text[s].end : length;
            failed = add_sentence(work, of_text[s].start, end, row);
        }
        span += texts[t].count;
    }
    if (!failed) {
        flush(&model->sentence, work, 0);
        row = each;
        for (size_t t = 0; t < count; t++) {
            const size_t own = texts[t].count ? texts[t].count : 1;
            whole_of(model, row, own, whole + t * SENTIMENT_CLASSES);
            row += own * SENTENCE_OUTPUTS;
        }
    }
    work_give_back(work);
    return failed;
}

/* The first of words [first, last) that ends after a position: its index. */
static size_t word_after(const SentimentWork *work, size_t first, size_t last, uint32_t position)
{
    while (first < last) {
        const size_t middle = first + (last - first) / 2;
        if (work->known[middle].end > position)
            last = middle;
        else
            first = middle + 1;
    }
    return first;
}

static int add_target_of(SentimentWork *work, size_t first, size_t last, const SentimentTarget *target, float *logits)
{
    const size_t begin = word_after(work, first, last, target->start);
    size_t end = begin;
    while (end < last && work->known[end].start < target->end) end++;
    const size_t before = begin - first > TARGET_WINDOW ? TARGET_WINDOW : begin - first;
    const size_t after = last - end > TARGET_WINDOW ? TARGET_WINDOW : last - end;
    GROW(work->pending, work->pending_count, work->pending_capacity)
    work->pending[work->pending_count++] = (Pending){begin - before, before + 1 + after, before, begin, end, logits};
    return 0;
}

int sentiment_score_targets(SentimentModel *model, const SentimentText *texts, size_t count,
                            const SentimentTarget *targets, float *logits)
{
    SentimentWork *work = work_take(model);
    if (!work) return -1;
    int failed = 0;
    for (size_t t = 0; t < count && !failed; t++) {
        uint32_t length;
        size_t first = 0, last = 0;
        const SentimentTarget *known = NULL; /* whose sentence the words [first, last) are */
        if (texts[t].count) failed = read_text(work, &texts[t], &length);
        for (size_t i = 0; i < texts[t].count && !failed; i++, targets++, logits += SENTIMENT_CLASSES) {
            if (!known || known->sentence_start != targets->sentence_start ||
                known->sentence_end != targets->sentence_end) {
                if (work->known_count >= 4 * CHUNK_ROWS) flush(&model->target, work, 1);
                first = work->known_count;
                const uint32_t end = targets->sentence_end < length ? targets->sentence_end : length;
                failed = sentiment_words(&model->characters, work->points, targets->sentence_start, end, know, work);
                last = work->known_count;
                known = targets;
            }
            if (!failed) failed = add_target_of(work, first, last, targets, logits);
        }
    }
    if (!failed) flush(&model->target, work, 1);
    work_give_back(work);
    return failed;
}
