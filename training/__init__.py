"""The training of the sentiment model that `pipelines/sentiment/english` holds.

    make train-sentiment DATA=folder

trains it from end to end: a large teacher is fine-tuned on labelled corpora and labels many more texts, and a small
student learns from both kinds of labels. The student is calibrated and exported as the files that the service loads.

    corpora       reads labelled texts, texts with targets and plain texts from the data folder
    encoder       holds a pre-trained sentence encoder (MiniLM) in torch
    teacher       fine-tunes the encoder on all corpora at once
    labelling     asks the teacher for probabilities of every text, labelled or not
    dataset       turns texts into numbers: tokens, sentences, and names that may be swapped
    alike         lists words that share one row, so that no score depends on gender, origin or belief
    templates     makes sentences from word lists (`words`, `names`): negation, questions, facts, contrasts
    lexicon       holds VADER's words with their feeling
    examples      mixes all of these into training examples
    student       is the model that ships, in torch; `initial` gives its words their first values
    swapping      swaps names in a text, so that the student learns to ignore them
    joining       puts a second sentence beside a target's own
    capitals      writes texts in capitals, for the last pass
    fitting       trains the student
    calibration   makes the student's probabilities match observed frequencies
    scores        computes figures of a model on labelled texts
    export        writes the files that the service loads
    recipe        runs the steps in their order; `trials` leaves out one part at a time

The service neither installs nor imports this package. The modules that read corpora and make sentences need no torch;
`quality` and the tests use those.
"""
