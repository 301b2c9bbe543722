/* Rows of words, attention and the hidden layer; see pooling.h. `pipelines/sentiment/reference_model.py` is the
reference. */
#include "sentiment/pooling.h"

#include <math.h>
#include <string.h>

/* ---- rows of words ---- */

/* Add the row of a word and the rows of its flags. to: [padded(width)] */
static void add_word(const SentimentWorkspace *work, const KnownWord *word, float *to)
{
    const SentimentWeights *model = work->model;
    const size_t stride = padded(model->embeddings.width);
    if (word->number >= 0) {
        embeddings_add(&model->embeddings, (uint32_t)word->number, to);
    } else {
        const float *row = work->made_rows + (size_t)~word->number * stride;
        for (size_t i = 0; i < stride; i++) to[i] += row[i];
    }
    for (uint32_t bit = 0; bit < SENTIMENT_FLAGS; bit++)
        if (word->flags >> bit & 1)
            for (size_t i = 0; i < stride; i++) to[i] += model->flags[bit * stride + i];
}

/* Return the row of a sentence's word, for `chunk_run`. */
static const float *sentence_row(const void *context, uint32_t pending, uint32_t token)
{
    const SentimentWorkspace *work = context;
    memset(work->row, 0, padded(work->model->embeddings.width) * sizeof(float));
    add_word(work, &work->words[work->pending[pending].first + token], work->row);
    return work->row;
}

/* Write the one row of a target: what stands for any target, and the mean of those of its words that are no names. */
static void add_target(const SentimentWorkspace *work, const Pending *pending, float *to)
{
    const SentimentWeights *model = work->model;
    const size_t stride = padded(model->embeddings.width);
    size_t common = 0; /* words without a capital letter */
    for (size_t w = pending->target_first; w < pending->target_last; w++)
        if (!(work->words[w].flags & (WORD_IS_CAPITALS | WORD_IS_TITLE | WORD_WAS_TITLE))) {
            add_word(work, &work->words[w], to);
            common++;
        }
    for (size_t i = 0; i < stride; i++) to[i] = model->mask[i] + (common ? to[i] / (float)common : 0);
}

/* Return the row of a target or of a word beside it, for `chunk_run`: the word's row and that of its distance. */
static const float *target_row(const void *context, uint32_t number, uint32_t token)
{
    const SentimentWorkspace *work = context;
    const Pending *pending = &work->pending[number];
    const size_t stride = padded(work->model->embeddings.width);
    memset(work->row, 0, stride * sizeof(float));
    int64_t distance = (int64_t)token - (int64_t)pending->place;
    if (!distance)
        add_target(work, pending, work->row);
    else if (distance < 0)
        add_word(work, &work->words[pending->first + token], work->row);
    else
        add_word(work, &work->words[pending->target_last + (size_t)distance - 1], work->row);
    if (distance > MAX_DISTANCE) distance = MAX_DISTANCE;
    if (distance < -MAX_DISTANCE) distance = -MAX_DISTANCE;
    const float *position = work->model->positions + (size_t)(distance + MAX_DISTANCE) * stride;
    for (size_t i = 0; i < stride; i++) work->row[i] += position[i];
    return work->row;
}

/* ---- pooling ---- */

/* Compute the hidden layer and the outputs of all pooled sentences, and hand the outputs over. */
static void run_head(const SentimentNetwork *network, SentimentWorkspace *work)
{
    for (size_t r = 0; r < work->feature_count; r++) {
        work->in[r] = work->features + r * network->hidden.inputs;
        work->out[r] = work->hidden + r * network->hidden.outputs;
    }
    matrix_apply(&network->hidden, work->in, work->out, work->feature_count);
    for (size_t r = 0; r < work->feature_count; r++) {
        work->in[r] = work->hidden + r * network->hidden.outputs;
        work->out[r] = work->outputs + r * network->output.outputs;
    }
    matrix_apply(&network->output, work->in, work->out, work->feature_count);
    for (size_t r = 0; r < work->feature_count; r++)
        memcpy(work->logits[r], work->out[r], network->outputs * sizeof(float));
    work->feature_count = 0;
}

/* Add one word to the features of its sentence: [heads][padded(width)] weighted sums, then [padded(width)] maxima.
   vector: [padded(width)]; attention: [heads] logits */
static void pool_word(const SentimentNetwork *network, SentimentWorkspace *work, const float *vector,
                      const float *attention, int is_first)
{
    const size_t stride = padded(network->network.width);
    float *features = work->features + work->feature_count * network->hidden.inputs;
    for (size_t h = 0; h < network->heads; h++, features += stride) {
        float logit = attention[h];
        if (logit > ATTENTION_LIMIT) logit = ATTENTION_LIMIT;
        if (logit < -ATTENTION_LIMIT) logit = -ATTENTION_LIMIT;
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

/* Finish the features of a sentence: weighted sums become weighted means. */
static void end_pooling(const SentimentNetwork *network, SentimentWorkspace *work, float *logits)
{
    const size_t stride = padded(network->network.width);
    float *features = work->features + work->feature_count * network->hidden.inputs;
    for (size_t h = 0; h < network->heads; h++, features += stride)
        for (size_t i = 0; i < stride; i++) features[i] /= work->sums[h];
    work->logits[work->feature_count++] = logits;
    if (work->feature_count == HEAD_ROWS) run_head(network, work);
}

/* Compute the chunk, and pool its sentences. The last one may be cut: the next chunk goes on with it. */
static void run_chunk(const SentimentNetwork *network, SentimentWorkspace *work, int is_target)
{
    Chunk *chunk = &work->chunk;
    const size_t stride = padded(network->network.width), heads = network->attention.outputs;
    if (!chunk->part_count) return;
    chunk_run(chunk, &network->network, is_target ? target_row : sentence_row, work);
    size_t rows = 0;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++)
        for (uint32_t t = 0; t < part->last - part->first; t++, rows++) {
            work->in[rows] = part_vectors(chunk, &network->network, part) + t * stride;
            work->out[rows] = work->attention + rows * heads;
        }
    matrix_apply(&network->attention, work->in, work->out, rows);
    const float *attention = work->attention;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        const Pending *pending = &work->pending[part->text];
        const float *vector = part_vectors(chunk, &network->network, part);
        for (uint32_t t = part->first; t < part->last; t++, vector += stride, attention += heads) {
            pool_word(network, work, vector, attention, t == 0);
            if (is_target && t == pending->place) /* the features' last block is the target's own vector */
                memcpy(work->features + work->feature_count * network->hidden.inputs + (network->heads + 1) * stride,
                       vector, stride * sizeof(float));
        }
        if (part->last == part->length) end_pooling(network, work, pending->logits);
    }
    chunk_clear(chunk);
}

static void score_pending(const SentimentNetwork *network, SentimentWorkspace *work, int is_target)
{
    for (uint32_t p = 0; p < work->pending_count; p++) {
        const uint32_t length = (uint32_t)work->pending[p].length;
        for (uint32_t done = 0; done < length;) {
            done = chunk_add(&work->chunk, &network->network, p, done, length);
            if (done < length) run_chunk(network, work, is_target);
        }
    }
    run_chunk(network, work, is_target);
    if (work->feature_count) run_head(network, work);
    work->pending_count = work->word_count = work->made_count = 0;
}

void score_pending_sentences(SentimentWorkspace *work) { score_pending(&work->model->sentence, work, 0); }

void score_pending_targets(SentimentWorkspace *work) { score_pending(&work->model->target, work, 1); }
