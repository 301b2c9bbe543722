"""Compute annotations by spaCy's own components: for every pipeline that the compiled engine does not know.

Texts are analysed inside a memory zone, which frees all memory of a batch at its end. spaCy's objects are not safe to
share between threads, so one thread at a time analyses and the others wait.
"""

import threading
from collections.abc import Sequence
from typing import Any

from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.entities.engine import Chains, EngineName
from spanwise.pipelines.entities.linear_tokenizer import LinearTokenizer
from spanwise.pipelines.entities.spacy_layers import SPACY_LAYERS


class SpacyEngine:
    """An engine that runs spaCy's own components inside a memory zone.

    The NER runs before the sentence boundaries are set, because boundaries restrict it: the entities of a text are the
    same whether sentences are asked for or not, and the same as `nlp.pipe` gives with the NER alone.
    """

    name: EngineName = "spacy"

    def __init__(self, nlp: Language, chains: Chains) -> None:
        self._nlp = nlp
        self._encoders = chains.encoders
        self._chains = chains.by_layer
        self._lock = threading.Lock()
        own = type(nlp.tokenizer) is not Tokenizer  # a language's own, such as those for Chinese and Japanese
        self._make_doc = nlp.make_doc if own else LinearTokenizer(nlp.tokenizer)

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """See `Engine`."""
        with self._lock, self._nlp.memory_zone():
            docs = [self._make_doc(text) for text in texts]
            self._run(self._encoders, docs, list(range(len(docs))))
            for layer, names in self._chains.items():
                self._run(names, docs, [i for i, layers in enumerate(wanted) if layer in layers])
            return [self._read(doc, layers) for doc, layers in zip(docs, wanted, strict=True)]

    def _run(self, names: Sequence[str], docs: list[Doc], chosen: list[int]) -> None:
        """Run components over the chosen docs; a component may return a Doc of its own in place of the one it got."""
        if not (chosen and names):
            return
        batch: list[Any] = [docs[i] for i in chosen]
        for name in names:
            component = self._nlp.get_pipe(name)
            pipe = getattr(component, "pipe", None)
            batch = list(pipe(batch, batch_size=len(batch))) if pipe else [component(doc) for doc in batch]
        for i, doc in zip(chosen, batch, strict=True):
            if doc is not docs[i] and not (isinstance(doc, Doc) and doc.text == docs[i].text):
                raise ValueError("a component returned something else than a Doc of the text that it got")
            docs[i] = doc

    def _read(self, doc: Doc, layers: Layers) -> Annotations:
        return Annotations(**{layer: SPACY_LAYERS[layer].read(doc) for layer in self._chains if layer in layers})
