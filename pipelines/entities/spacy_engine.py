"""Compute annotations by spaCy's own components: for every pipeline that the compiled engine does not know as a whole.

A recognizer among them may be a stage of the kernels', which reads and writes the same Docs (`recognizer_stage.py`).

Texts are analysed inside a memory zone, which frees all memory of a batch at its end. spaCy's objects are not safe to
share between threads, so one thread at a time analyses and the others wait.
"""

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import compress
from typing import Any

from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.entities.component_plan import Plan
from spanwise.pipelines.entities.engine import EngineName
from spanwise.pipelines.entities.extensions import doc_values, span_values
from spanwise.pipelines.entities.linear_tokenizer import LinearTokenizer
from spanwise.pipelines.entities.recognizer_stage import RecognizerStage, can_read, words_of
from spanwise.pipelines.entities.spacy_layers import SPACY_LAYERS, starts_of
from spanwise.pipelines.error_notes import note_place
from spanwise.pipelines.extension_specs import Extensions


class SpacyEngine:
    """An engine that runs spaCy's own components inside a memory zone, for each text those that its layers need."""

    name: EngineName = "spacy"
    calibrations = None  # spaCy's recognizer says which actions it takes, and not how probable they are

    def __init__(
        self,
        nlp: Language,
        plan: Plan,
        extensions: Extensions | None = None,
        stages: Mapping[str, RecognizerStage] | None = None,
    ) -> None:
        """`stages`: the components that the kernels compute where the Doc allows it, by name."""
        self._nlp = nlp
        self._plan = plan
        self._extensions = extensions or Extensions()
        self.stages = stages or {}
        self._lock = threading.Lock()
        own = type(nlp.tokenizer) is not Tokenizer  # a language's own, such as those for Chinese and Japanese
        self._make_doc = nlp.make_doc if own else LinearTokenizer(nlp.tokenizer)

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """See `Engine`."""
        chains: dict[tuple[str, ...], list[int]] = {}
        for i, layers in enumerate(wanted):
            chains.setdefault(self._plan.chain(layers), []).append(i)
        with self._lock, self._nlp.memory_zone():
            docs = [self._make_doc(text) for text in texts]
            words = [words_of(doc) for doc in docs] if self.stages else []
            restrictions: dict[int, list[int]] = {}
            for names, chosen in chains.items():
                first = 0
                if self._plan.recognizer and self._plan.recognizer not in names:
                    first = self._plan.before_recognizer(names)
                    self._run(names[:first], docs, chosen, words)
                    restrictions.update((i, starts_of(docs[i])) for i in chosen if "sentences" in wanted[i])
                self._run(names[first:], docs, chosen, words)
            found = [self._read(doc, layers) for doc, layers in zip(docs, wanted, strict=True)]
            for i, restriction in restrictions.items():
                found[i].restriction = restriction
            return found

    def _run(self, names: Sequence[str], docs: list[Doc], chosen: list[int], words: Sequence[bytes]) -> None:
        """Run components over the chosen docs; a component may return a Doc of its own in place of the one it got.

        `words`: those of all docs as they were made, where there are stages.
        """
        batch: list[Any] = [docs[i] for i in chosen]
        for name in names:
            component = self._nlp.get_pipe(name)
            try:
                if stage := self.stages.get(name):
                    readable = [can_read(doc, words[i]) for i, doc in zip(chosen, batch, strict=True)]
                    stage([*compress(batch, readable)])
                    rest = iter(
                        _piped(component, [doc for doc, is_so in zip(batch, readable, strict=True) if not is_so])
                    )
                    batch = [doc if is_so else next(rest) for doc, is_so in zip(batch, readable, strict=True)]
                else:
                    batch = _piped(component, batch)
                for i, doc in zip(chosen, batch, strict=True):
                    _check(doc, docs[i])
            except Exception as error:
                note_place(error, f"component {name!r}")
                raise
        for i, doc in zip(chosen, batch, strict=True):
            docs[i] = doc

    def _read(self, doc: Doc, layers: Layers) -> Annotations:
        found = Annotations(**{layer: row.read(doc) for layer, row in SPACY_LAYERS.items() if layer in layers})
        if "extensions" in layers:
            found.extensions = doc_values(self._extensions, doc)
            if self._extensions.span:
                value_of = partial(span_values, self._extensions)
                values = [value_of(span) for span in doc.ents]
                found.entities = [
                    span._replace(extensions=value) for span, value in zip(found.entities, values, strict=False)
                ]
                values = [value_of(span) for group in doc.spans.values() for span in group]
                found.spans = [
                    span._replace(extensions=value) for span, value in zip(found.spans, values, strict=False)
                ]
        return found


def _piped(component: Any, docs: list[Any]) -> list[Any]:
    """Run one of spaCy's components over docs."""
    pipe = getattr(component, "pipe", None)
    if not docs:
        return []
    return list(pipe(docs, batch_size=len(docs))) if pipe else [component(doc) for doc in docs]


def _check(returned: object, given: Doc) -> None:
    """Raise ValueError if a component has returned something else than a Doc of the text that it got."""
    if returned is not given and not (isinstance(returned, Doc) and returned.text == given.text):
        raise ValueError("a component returned something else than a Doc of the text that it got")
