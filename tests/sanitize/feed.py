"""Feed odd texts to every kernel and check the answers: `python -m tests.sanitize.feed COUNT [SEED]`.

Several threads share the kernels, whose lexicon is so small that it drops words all the time. Every answer must be in
order and in range, and its scores must add up to 1. Of every twentieth text the entities and sentences must be those of
spaCy, and the sentiment that of the reference in numpy.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from random import Random

import numpy as np

from spanwise.pipelines.annotations import ENTITIES, ENTITIES_AND_SENTENCES, TOKENS, Annotations, Layer, Layers, Scores
from spanwise.pipelines.entities.classifier_choice import differing_classifiers
from spanwise.pipelines.entities.compiled.classifiers import read_classifier
from spanwise.pipelines.entities.compiled.comparison import differing
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine, compile_pipeline
from spanwise.pipelines.entities.compiled.compiled_grammar import CompiledGrammar, compile_grammar
from spanwise.pipelines.entities.compiled.entity_bounds import Bounds, bounds_of
from spanwise.pipelines.entities.compiled.rulers import read_rulers
from spanwise.pipelines.entities.compiled.shared_networks import AnyClassifier
from spanwise.pipelines.entities.compiled.span_categorizers import read_span_categorizer
from spanwise.pipelines.entities.component_plan import plan_of
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.entities.span_choice import differing_categorizers
from spanwise.pipelines.sentiment import SentimentModel, model_folder, targets_of
from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.compiled_model import CompiledModel
from spanwise.pipelines.sentiment.gate import gate_size, gate_sum
from spanwise.pipelines.sentiment.model_choice import TOLERANCE
from spanwise.pipelines.sentiment.reference_model import ReferenceModel
from tests.conftest import ENGLISH
from tests.sanitize import native
from tests.sanitize.feed_trees import TreeFeeder
from tests.sanitize.odd_texts import odd_texts
from tests.support.classifiers import CLASSIFIERS
from tests.support.models import LISTENER, pipeline, recognizer, tok2vec
from tests.support.rulers import RULES, add_rules
from tests.support.span_categorizers import singlelabel, spancat, with_quiet_outputs

_LEXICON_BYTES = 1 << 17
_BATCHES = (1, 2, 3, 8, 40, 150)
_THREADS = 3
_COMPARED, _COMPARED_TOGETHER = 20, 10
_LONGEST_COMPARED = 2_000  # code points: spaCy and the reference take their time

Pair = tuple[CompiledEngine, Engine]


def english_engines() -> Pair:
    """Compile the default pipeline, whose sentences a network sets. Return it beside spaCy's own engine."""
    loaded = load(ENGLISH)
    own = SpacyEngine(loaded.nlp, loaded.plan)
    entities, sentences = loaded.plan.recognizer, loaded.plan.boundaries.name
    return compile_pipeline(loaded.nlp, entities, sentences, lexicon_bytes=_LEXICON_BYTES), own


def random_engines() -> Pair:
    """Compile random weights: entities, rules for sentences, rulers, classifiers of texts and of spans."""
    models = {"textcat": CLASSIFIERS["ensemble, not exclusive"], "textcat_multilabel": CLASSIFIERS["all poolings"]}
    classifiers = {name: {"model": model} for name, model in models.items()}
    categorizers = {
        "spancat": spancat(lengths=(1, 4, 2), max_positive=1, spans_key="one"),
        "spancat_singlelabel": singlelabel(hidden=37, allow_overlap=False),
    }
    made = pipeline({"ner": recognizer(extra_state_tokens=True), "sentencizer": {}, **classifiers, **categorizers})
    with_quiet_outputs(made)
    nlp = add_rules(made)
    own = SpacyEngine(nlp, plan_of(nlp))
    found: dict[str, AnyClassifier] = {name: read_classifier(nlp, name) for name in classifiers}
    found |= {name: read_span_categorizer(nlp, name) for name in categorizers}
    rules = read_rulers(nlp, RULES, ENTITIES, has_recognizer=True)
    return compile_pipeline(nlp, "ner", "sentencizer", found, lexicon_bytes=_LEXICON_BYTES, rulers=rules), own


def grammars() -> tuple[CompiledGrammar, Engine]:
    """Compile two taggers with random weights, over a shared tok2vec and one of its own. Return spaCy's beside them."""
    shared, own = ({"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": one} for one in (LISTENER, tok2vec()))
    nlp = pipeline({"tok2vec": {"model": tok2vec()}, "tagger": {"model": shared}, "morphologizer": {"model": own}})
    plan = plan_of(nlp)
    return compile_grammar(nlp, plan, lexicon_bytes=_LEXICON_BYTES), SpacyEngine(nlp, plan)


class Feeder:
    """Everything that is fed, and what was wrong with the answers."""

    def __init__(self) -> None:
        self.engines = (english_engines(), random_engines())
        self.grammar, self.own_grammar = grammars()
        artefact = Artefact.load(model_folder("en"))
        self.sentiment = CompiledModel(artefact)
        self.reference = ReferenceModel(artefact)
        self.rows = {key: row for row, key in enumerate(artefact.vocabulary)}
        self.weights = np.linspace(-1, 1, gate_size(len(self.rows)), dtype=np.float32)
        self.wrong: list[str] = []
        self.trees = TreeFeeder(self._note)

    def feed(self, texts: Sequence[str], chance: Random) -> None:
        """Annotate and score a batch, and note what is out of order."""
        wanted = [_some_layers(chance) for _ in texts]
        for engine, _ in self.engines:
            restrictions = [_some_bounds(chance, text) for text in texts]
            annotations = engine.annotate(texts, wanted, restrictions)
            for text, found, layers in zip(texts, annotations, wanted, strict=True):
                self._check_annotations(text, found, layers, has_rulers=bool(engine.rulers))
            self._check_sentiment(texts, annotations, self.sentiment)
        self.trees.feed(texts, chance)
        for text, tokens in zip(texts, self.grammar.annotate(texts), strict=True):
            bounds = [0, *(at for pair in zip(tokens.start, tokens.end, strict=True) for at in pair), len(text)]
            if any(left > right for left, right in pairwise(bounds)):
                self._note(text, "tokens out of order or range")
        if self.sentiment.tokenize(texts[0]) != sorted(self.sentiment.tokenize(texts[0])):
            self._note(texts[0], "words out of order")
        if self.sentiment.gate(texts[:1], self.weights) != [gate_sum(texts[0], self.rows, self.weights)]:
            self._note(texts[0], "another sum at the gate than the reference's")

    def compare(self, texts: Sequence[str]) -> None:
        """Hold a batch's answers against spaCy's and the reference's."""
        self.trees.compare(texts)
        for engine, own in self.engines:
            for i in differing(engine, own, texts):
                self._note(texts[i], "another answer than spaCy's")
        engine, own = self.engines[1]
        for name, what in differing_classifiers(engine, own, engine.classifiers, texts).items():
            self._note("", f"{name}: {what}")
        for name, what in differing_categorizers(engine, own, engine.categorizers, texts).items():
            self._note("", f"{name}: {what}")
        expected = self.own_grammar.annotate(texts, [TOKENS] * len(texts))
        for text, tokens, theirs in zip(texts, self.grammar.annotate(texts), expected, strict=True):
            if tokens != theirs.tokens:
                self._note(text, "other tokens than spaCy's")
        found = self.engines[0][0].annotate(texts, [ENTITIES_AND_SENTENCES] * len(texts))
        one, other = (self._check_sentiment(texts, found, model) for model in (self.sentiment, self.reference))
        for text, mine, reference in zip(texts, one, other, strict=True):
            if len(mine) != len(reference) or (mine and np.abs(np.array(mine) - np.array(reference)).max() > TOLERANCE):
                self._note(text, "another sentiment than the reference's")

    def _check_annotations(self, text: str, found: Annotations, layers: Layers, *, has_rulers: bool) -> None:
        for spans, wanted in ((found.entities, "entities" in layers), (found.sentences, "sentences" in layers)):
            bounds = [0, *(position for span in spans for position in span[:2]), len(text)]
            if any(left > right for left, right in pairwise(bounds)) or any(span[0] == span[1] for span in spans):
                self._note(text, "spans out of order or range")
            if spans and not wanted:
                self._note(text, "an answer that nobody asked for")
        if any(not 0 <= span.start < span.end <= len(text) for span in found.spans):
            self._note(text, "a labelled span out of range")
        if found.spans and "spans" not in layers:
            self._note(text, "labelled spans that nobody asked for")
        if any(span.score is None or not 0 <= span.score <= 1 for span in found.spans):
            self._note(text, "a score of a span that is no probability")
        if found.categories is not None and "categories" not in layers:
            self._note(text, "categories that nobody asked for")
        if any(not 0 <= score <= 1 for score in (found.categories or {}).values()):
            self._note(text, "a score that is no probability")
        scores = [span.raw_score for span in found.entities if span.raw_score is not None]
        if not all(0 <= score <= 1 for score in scores):
            self._note(text, "a raw score that is no probability")
        if len(scores) < len(found.entities) and not has_rulers:
            self._note(text, "an entity without a raw score")

    def _check_sentiment(
        self, texts: Sequence[str], found: Sequence[Annotations], model: SentimentModel
    ) -> list[list[Scores]]:
        """Score sentences, wholes and targets. Return all scores of each text."""
        sentences = [one.sentences for one in found]
        targets = [targets_of(len(t), one.entities, one.sentences) for t, one in zip(texts, found, strict=True)]
        scores = [
            [of_text.whole, *of_text.sentences, *towards]
            for of_text, towards in zip(model.score(texts, sentences), model.score_targets(texts, targets), strict=True)
        ]
        for text, of_text, one in zip(texts, scores, found, strict=True):
            if len(of_text) != 1 + len(one.sentences) + len(one.entities):
                self._note(text, "another number of scores than of sentences and targets")
            if not all(abs(sum(each) - 1) < 1e-6 and min(each) >= 0 for each in of_text):
                self._note(text, "scores that do not add up to 1")
        return scores

    def _note(self, text: str, what: str) -> None:
        self.wrong.append(f"{what}: {text[:200]!a} ({len(text)} code points)")


def _some_bounds(chance: Random, text: str) -> Bounds | None:
    """Return sentences and given entities anywhere, also within words and behind the end of a text."""
    places = sorted(chance.randrange(len(text) + 5) for _ in range(chance.randrange(6)))
    if not places:
        return None
    return bounds_of(places, [(start, start + chance.randrange(1, 9)) for start in places[::2]])


def _some_layers(chance: Random) -> Layers:
    each: tuple[Layer, ...] = ("entities", "sentences", "categories", "spans")
    return frozenset(layer for layer in each if chance.random() < 0.9)


def main() -> None:
    """Feed, compare and report."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    chance, feeder = Random(seed), Feeder()
    texts = list(odd_texts(chance, count))
    batches: list[list[str]] = []
    while sum(map(len, batches)) < count:
        first = sum(map(len, batches))
        batches.append(texts[first : first + chance.choice(_BATCHES)])
    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(feeder.feed, batch, Random(number)) for number, batch in enumerate(batches)]:
            done.result()
    compared = [text for text in texts[::_COMPARED] if len(text) <= _LONGEST_COMPARED]
    for first in range(0, len(compared), _COMPARED_TOGETHER):
        feeder.compare(compared[first : first + _COMPARED_TOGETHER])
    for wrong in feeder.wrong[:20]:
        print(wrong)
    print(
        f"{count} odd texts (seed {seed}) in {len(batches)} batches by {_THREADS} threads, {len(compared)} of them "
        f"compared with the references: {len(feeder.wrong)} wrong answers"
    )
    raise SystemExit(1 if feeder.wrong else 0)


if __name__ == "__main__":
    print(f"kernels: {native.path}", file=sys.stderr)
    main()
