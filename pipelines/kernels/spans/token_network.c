/* The lifetime of token networks and of their scratch memory; see token_network.h. */
#include "spans/token_network.h"

#include <stdlib.h>
#include <string.h>

void token_network_free(TokenNetwork *network)
{
    network_free(&network->network);
    for (size_t c = 0; network->classifiers && c < network->classifier_count; c++)
        matrix_free(&network->classifiers[c].layer);
    free(network->classifiers);
    memset(network, 0, sizeof(*network));
}

void token_scratch_free(TokenScratch *scratch)
{
    free(scratch->scores);
    free(scratch->choices);
    free(scratch->vectors);
    free(scratch->kinds);
    free(scratch->list);
    free(scratch->slots);
    memset(scratch, 0, sizeof(*scratch));
}
