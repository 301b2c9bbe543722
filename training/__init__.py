"""How the sentiment model is trained: `make train-sentiment DATA=folder` runs it from end to end.

    corpora       labelled texts, targets and plain texts, from the data folder
    encoder       a pre-trained sentence encoder (MiniLM), in torch
    teacher       that encoder, fine-tuned on all corpora at once
    labelling     the teacher's probabilities for every text, labelled or not
    dataset       texts as numbers: tokens, sentences, names that may be swapped
    student       the model that ships, as it is trained
    fitting       the student's training
    recipe        the steps in their order; `trials` leaves parts of them out
    capitals      texts that shout, for the last pass
    templates     sentences made from word lists: negation, questions, facts, contrasts
    calibration   scores that mean what they say
    export        the artefact that the service loads

It is no part of the installed service. What reads the corpora and makes sentences needs no torch, and is used by
`quality` and the tests; the rest does.
"""
