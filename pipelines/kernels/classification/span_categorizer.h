/* A span categorizer: labels for all spans of certain lengths (spacy/ml/models/spancat.py, spacy/pipeline/spancat.py).

A span's input is four vectors side by side, made of its tokens': the first one, the last one, their mean, and the
largest value of each column. A maxout layer turns them into one vector, and an output layer into scores of classes.

     vectors of tokens ──> [first, last, mean, most] ──> maxout layer, layer norm ──> output layer ──> activation

spaCy multiplies all four with the weights for every span. But a product with a sum is the sum of products, so what the
first token, the last one and the mean add to the maxout layer is made of products of single tokens, computed once for
each token; only `most` is multiplied for every span, which is a quarter of the work. The maxout's maximum is taken once
the parts are added up.

     tokens:    vector ──> [of the first] [of the last] [of the mean]      SPAN_PRODUCTS * [pieces][padded(hidden)]
     span i..j: of the first at i  +  of the last at j  +  sum of those of the mean at i..j / length  +  W * most

Spans are found by their last token. Tokens come in a stream, text after text, and are computed SPAN_ROWS at a time; of
those before, as many are kept as the longest span reaches back. So scores do not depend, to the last bit, on how a text
was cut or which texts it was computed with. */
#ifndef SPANWISE_SPAN_CATEGORIZER_H
#define SPANWISE_SPAN_CATEGORIZER_H

#include "classification/classifier.h"

enum {
    LONGEST_SPAN = 256, /* in tokens */
    SPAN_ROWS = 32,     /* tokens that are computed together */
    SPAN_POOLINGS = 4,  /* first, last, mean, most: the order of the maxout layer's inputs */
    SPAN_PRODUCTS = 3,  /* of a token: for the first, the last, the mean */
    NO_CLASS = -1,
    ANY_LABELS = -1,
};

typedef struct {
    int network_from; /* NETWORK_OWN, NETWORK_OF_ENTITIES, or the number of a classifier or an earlier categorizer */
    Network own_network;
    const Network *network; /* set when the model is whole */
    size_t offset;          /* where a token's embedding for it begins; see spans/span_model.h */

    size_t hidden, pieces; /* of the maxout layer */
    Matrix tokens;         /* a vector to [SPAN_PRODUCTS][pieces][padded(hidden)] */
    Matrix most;           /* the largest values to [pieces][padded(hidden)], with the bias */
    float *gain, *shift;   /* [padded(hidden)]: layer norm; both NULL where there is none */
    Matrix output;         /* [padded(hidden)] to the scores of classes */
    size_t classes;
    Activation activation;

    size_t longest;      /* in tokens, at most LONGEST_SPAN */
    int32_t *ranks;      /* [longest + 1]: the place of a length in the order of the answer; -1: no span is so long */
    int has_threshold;   /* of a categorizer that takes the best class alone, there may be none */
    float threshold;     /* scores below it are left out */
    int32_t most_labels; /* of a span; ANY_LABELS; 1: the best class alone, which may be the negative one */
    int32_t negative;    /* the class of spans without a label, or NO_CLASS */
    int may_overlap;     /* 0: of overlapping spans the one with the highest score stays; only with one label a span */
} SpanCategorizer;

/* A span with a label. `rank` is that of its length. */
typedef struct {
    uint32_t text, first, last; /* tokens [first, last) of the text */
    uint32_t rank;
    int32_t label;
    float score;
} CategorizedSpan;

/* Scratch memory of a stream of texts. `window` tokens are there: the `carried` ones before, then those of now. */
typedef struct {
    size_t window, carried;
    uint32_t *texts, *places; /* of each token of the window: its text, its index there */
    float *vectors;           /* [longest - 1 + SPAN_ROWS][padded(width)] */
    float *products;          /* [longest - 1 + SPAN_ROWS][SPAN_PRODUCTS][pieces][padded(hidden)] */
    float *most;              /* [SPAN_ROWS][padded(width)]: of the spans that end with each token */
    float *sums;              /* [SPAN_ROWS][pieces][padded(hidden)]: likewise, of the products for the mean */
    float *mean;              /* [pieces][padded(hidden)] */
    float *wide;              /* [SPAN_ROWS][pieces][padded(hidden)] */
    float *hidden;            /* [SPAN_ROWS][padded(hidden)] */
    float *outputs;           /* [SPAN_ROWS][output.outputs] */
    double *logits;           /* [classes] */
    float *scores;            /* [classes] */
    float least;              /* no class with a smaller output reaches the threshold */
    CategorizedSpan *found;   /* [found_count] */
    size_t found_count, found_capacity;
    unsigned char *taken; /* [a text's tokens]: those of spans that stay */
    size_t taken_capacity;
} SpanScratch;

CHECKED Status span_scratch_init(SpanScratch *scratch, const SpanCategorizer *categorizer);
void span_scratch_free(SpanScratch *scratch);
void span_categorizer_free(SpanCategorizer *categorizer);

/* Begin a stream of texts, without spans. */
void categorizer_start(SpanScratch *scratch);
/* Add the next tokens of a text, from number `first` on: vectors [count][padded(width)]. */
CHECKED Status categorizer_add(const SpanCategorizer *categorizer, SpanScratch *scratch, uint32_t text, uint32_t first,
                               const float *vectors, size_t count);
/* End the stream: put the spans of all texts into `found`, text by text, each in spaCy's order. */
CHECKED Status categorizer_finish(const SpanCategorizer *categorizer, SpanScratch *scratch);

#endif
