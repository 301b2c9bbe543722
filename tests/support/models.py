"""spaCy pipelines of any architecture with random weights: untrained, but every layer computes something."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

SENTENCES = (
    "Maria Silva saw the new office of Acme in Rio on 3 May 2021 , did n't she ?",
    "  Prices rose 3.5 % . \n\n Nobody at all cared ; why ? It 's 🎉 time !",
    "Google bought the Bank of New England and 12 others from Mr. Smith-Jones (CEO).",
)

CATEGORIES = ("REFUND", "PRAISE", "OTHER")

SPAN_KEYS = ("sc", "one", "two", "three")
"""The groups of spans that a categorizer may be made for."""


def tok2vec(
    width: int = 32,
    depth: int = 2,
    window: int = 1,
    pieces: int = 3,
    attributes: Iterable[str] = ("NORM", "PREFIX", "SUFFIX", "SHAPE"),
    *,
    static_vectors: bool = False,
) -> dict[str, Any]:
    """Return the configuration of a tok2vec."""
    attributes = list(attributes)
    return {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": width,
            "attrs": attributes,
            "rows": [300 + 7 * i for i in range(len(attributes))],
            "include_static_vectors": static_vectors,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": width,
            "depth": depth,
            "window_size": window,
            "maxout_pieces": pieces,
        },
    }


LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}


def recognizer(vectors: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """Return the configuration of a named-entity recognizer, by default with a tok2vec of its own."""
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 24,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": vectors or tok2vec(),
    }
    return {"model": {**model, **changed}}


def pipeline(components: dict[str, dict[str, Any]], seed: int = 0, language: str = "en", vectors: int = 0) -> Language:
    """Return a pipeline of these components (name: configuration); digits at a name's end are not part of its kind."""
    nlp = spacy.blank(language)
    random = np.random.default_rng(seed)
    if vectors:
        words = sorted({word for sentence in SENTENCES for word in sentence.split()})
        table = random.normal(size=(len(words), vectors)).astype("float32")
        nlp.vocab.reset_vectors(width=vectors)
        for word, row in zip(words[::2], table, strict=False):
            nlp.vocab.set_vector(word, row)
    for name, config in components.items():
        nlp.add_pipe(name.rstrip("0123456789"), name=name, config=config)
    nlp.initialize(lambda: _examples(nlp))
    for name in components:
        model = getattr(nlp.get_pipe(name), "model", None)
        for layer in model.walk() if model else ():
            for parameter in layer.param_names:
                if layer.has_param(parameter):
                    shape = layer.get_param(parameter).shape
                    spread = 1.0 if parameter in {"E", "b", "G", "pad"} else 3.0 / np.sqrt(shape[-1])
                    layer.set_param(parameter, random.normal(scale=spread, size=shape).astype("float32"))
    return nlp


def long_entities(shape: dict[str, Any], seed: int = 0, before: Mapping[str, dict[str, Any]] | None = None) -> Language:
    """Return a random recognizer whose entities are long, so that boundaries fall into many of them.

    `before`: the components that stand before it.
    """
    nlp = pipeline({**(before or {}), "ner": shape}, seed)
    ner: Any = nlp.get_pipe("ner")
    model = ner.model
    model.predict([nlp.make_doc("a")])
    layer = model.get_ref("upper") if model.attrs["has_upper"] else model.get_ref("lower")
    bias = layer.get_param("b").copy()
    flat = bias.reshape(-1) if model.attrs["has_upper"] else bias
    for number in range(ner.moves.n_moves):
        flat[number] += {"O": -6.0, "U": -4.0, "L": -4.0, "I": 4.0}.get(ner.moves.get_class_name(number)[0], 0.0)
    layer.set_param("b", bias)
    return nlp


def _examples(nlp: Language) -> list[Example]:
    examples: list[Example] = []
    for sentence in SENTENCES:
        doc = nlp.make_doc(sentence)
        tags = ["O"] * len(doc)
        tags[0:2] = ["B-PERSON", "L-PERSON"]
        tags[4], tags[6] = "U-ORG", "U-GPE"
        starts = [i == 0 or doc[i - 1].text in ".?!" for i in range(len(doc))]
        count = range(len(doc))
        example = Example.from_dict(
            doc,
            {
                "entities": tags,
                "sent_starts": starts,
                "tags": [("NN", "VB", "IN")[i % 3] for i in count],
                "pos": [("NOUN", "VERB", "ADP")[i % 3] for i in count],
                "morphs": [("Number=Sing", "", "Degree=Pos")[i % 3] for i in count],
                "lemmas": [token.text.lower().rstrip("s") or token.text for token in doc],
                "heads": [i if starts[i] else i - 1 for i in count],
                "deps": ["ROOT" if starts[i] else ("nsubj", "dobj", "det")[i % 3] for i in count],
                "cats": {label: float(label == CATEGORIES[len(examples)]) for label in CATEGORIES},
            },
        )
        known = example.reference
        for key in SPAN_KEYS:
            known.spans[key] = [Span(known, 0, 2, "A"), Span(known, 1, 2, "B"), Span(known, 1, 4, "A")]
        examples.append(example)
    return examples


def ruler_pipeline(labels: Mapping[str, str], language: str = "en") -> Language:
    """Return a pipeline that finds these phrases, each as an entity of the label that it maps to."""
    nlp = spacy.blank(language)
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": label, "pattern": phrase} for phrase, label in labels.items()])
    return nlp
