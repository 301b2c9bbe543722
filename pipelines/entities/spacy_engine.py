"""Compute annotations by spaCy's own components: for every pipeline that the compiled engine does not know.

Texts are analysed inside a memory zone, which frees all memory of a batch at its end. spaCy's objects are not safe to
share between threads, so one thread at a time analyses and the others wait.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, IS_SPACE, LENGTH, SENT_START
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from spanwise.pipelines.annotations import Annotations, EntitySpan, Layers, SentenceSpan
from spanwise.pipelines.entities.engine import Chains, EngineName
from spanwise.pipelines.entities.linear_tokenizer import LinearTokenizer


class SpacyEngine:
    """An engine that runs spaCy's own components inside a memory zone.

    The NER runs before the sentence boundaries are set, because boundaries restrict it: the entities of a text are the
    same whether sentences are asked for or not, and the same as `nlp.pipe` gives with the NER alone.
    """

    name: EngineName = "spacy"

    def __init__(self, nlp: Language, chains: Chains) -> None:
        self._nlp = nlp
        self._chains = chains
        self._lock = threading.Lock()
        own = type(nlp.tokenizer) is not Tokenizer  # a language's own, such as those for Chinese and Japanese
        self._make_doc = nlp.make_doc if own else LinearTokenizer(nlp.tokenizer)

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        with self._lock, self._nlp.memory_zone():
            docs = [self._make_doc(text) for text in texts]
            self._run(self._chains.encoders, docs, list(range(len(docs))))
            self._run(self._chains.entities, docs, [i for i, layers in enumerate(wanted) if "entities" in layers])
            self._run(self._chains.sentences, docs, [i for i, layers in enumerate(wanted) if "sentences" in layers])
            return [
                Annotations(
                    entities=_entities(doc) if "entities" in layers else [],
                    sentences=_sentences(doc) if "sentences" in layers else [],
                )
                for doc, layers in zip(docs, wanted, strict=True)
            ]

    def _run(self, names: Sequence[str], docs: list[Doc], chosen: list[int]) -> None:
        """Run components over the chosen docs; a component may return a Doc of its own in place of the one it got."""
        if not (chosen and names):
            return
        batch = [docs[i] for i in chosen]
        for name in names:
            component = self._nlp.get_pipe(name)
            pipe = getattr(component, "pipe", None)
            batch = list(pipe(batch, batch_size=len(batch))) if pipe else [component(doc) for doc in batch]
        for i, doc in zip(chosen, batch, strict=True):
            docs[i] = doc


def _entities(doc: Doc) -> list[EntitySpan]:
    return [EntitySpan(span.start_char, span.end_char, span.label_, None) for span in doc.ents]


def _sentences(doc: Doc) -> list[SentenceSpan]:
    """Find sentences in the tokens' arrays, since making a Span per sentence costs more than finding its bounds.

    Sentences of white space alone are left out.
    """
    columns: NDArray[Any] = doc.to_array([SENT_START, IDX, LENGTH, IS_SPACE])
    if not len(columns):
        return []
    sentence = (columns[:, 0] == 1).cumsum()
    words = np.flatnonzero(columns[:, 3] == 0)
    if not len(words):
        return []
    firsts = np.flatnonzero(np.diff(sentence[words], prepend=-1))
    lasts = np.append(firsts[1:], len(words)) - 1
    starts = columns[words[firsts], 1]
    ends = columns[words[lasts], 1] + columns[words[lasts], 2]
    return [SentenceSpan(*bounds) for bounds in zip(starts.tolist(), ends.tolist(), strict=True)]
