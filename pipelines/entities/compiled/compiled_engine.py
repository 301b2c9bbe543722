"""Turn texts into annotations by the compiled kernels.

A pipeline is read once. From then on nothing of spaCy's is in use but the functions of the vocabulary that compute the
attributes of a word (`lexemes.py`); nothing is written to it.

Any number of threads may annotate at the same time: they share the kernels' lexicon, and nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from spacy.language import Language

from spanwise.pipelines.annotations import (
    CATEGORIES,
    ENTITIES,
    SENTENCES,
    SPANS,
    Annotations,
    EntitySpan,
    LabelledSpan,
    Layers,
    SentenceSpan,
)
from spanwise.pipelines.entities.compiled.calibration_file import KnownCalibrations, known_calibrations
from spanwise.pipelines.entities.compiled.classifiers import Classifier
from spanwise.pipelines.entities.compiled.components import (
    EntityModel,
    SentenceModel,
    SentenceRules,
    read_entities,
    read_sentences,
)
from spanwise.pipelines.entities.compiled.confidence import Calibrations, fingerprint
from spanwise.pipelines.entities.compiled.entity_bounds import Bounds, with_given
from spanwise.pipelines.entities.compiled.layers import Tok2Vec
from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.compiled.rulers import Given, Rulers, RulerSteps
from spanwise.pipelines.entities.compiled.shared_networks import AnyClassifier, specs_of
from spanwise.pipelines.entities.compiled.span_categorizers import SpanCategorizer, lasting
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.engine import EngineName
from spanwise.pipelines.entities.word_tables import WORD_TABLE_MB, WordTable
from spanwise.pipelines.kernels import NOT_BUILT, SpanKernels, constants


class CompiledEngine:
    """A compiled recognizer, sentence boundaries, rulers, classifiers of texts and of spans, or some of these."""

    name: EngineName = "compiled"

    def __init__(
        self,
        kernels: SpanKernels,
        lexemes: Lexemes,
        labels: Sequence[str],
        calibrations: Calibrations,
        *,
        layers: Layers,
        classifiers: Mapping[str, Sequence[str]],
        categorizers: Mapping[str, SpanCategorizer],
        tokenizer_reason: str | None = None,
        rulers: RulerSteps | None = None,
        within_sentences: bool = False,
    ) -> None:
        self._kernels = kernels
        self._lexemes = lexemes
        self.calibrations = calibrations
        self._labels = tuple(labels)
        self._calibrate = tuple(calibrations.of(label) for label in labels)
        self.layers = layers
        """The layers that were compiled; of others that are wanted it finds nothing."""
        self.tokenizer_reason = tokenizer_reason
        """Why Python splits words of this pipeline's tokenizer; None where the kernels do."""
        self._split = None if tokenizer_reason is None else lexemes.split
        self.classifiers = classifiers
        """The labels of each compiled text classifier, in the pipeline's order."""
        self.categorizers = {name: one.rules for name, one in categorizers.items()}
        """How each compiled span categorizer labels spans, in the pipeline's order."""
        self._span_labels = [
            (one.rules.key, label) for one in lasting(categorizers.values()) for label in one.rules.classes
        ]
        self._rulers = rulers
        self._ruled: Layers = rulers.layers if rulers else frozenset()
        self._gives = rulers is not None and rulers.gives and "entities" in layers
        """Whether rulers give the recognizer entities."""
        self._within = constants.WITHIN_SENTENCES if within_sentences else 0
        self._categories = tuple(label for labels in classifiers.values() for label in labels)
        self._known_flags: dict[Layers, int] = {}

    @property
    def rulers(self) -> tuple[str, ...]:
        """The names of the compiled rulers, in the pipeline's order."""
        return self._rulers.names if self._rulers else ()

    @property
    def instructions(self) -> str:
        """The instruction set that the kernels use."""
        return str(self._kernels.instructions)

    @property
    def turnovers(self) -> int:
        """How often the lexicon has begun a new generation, and dropped the words that had not come again."""
        return int(self._kernels.turnovers)

    @property
    def word_tables(self) -> tuple[WordTable, ...]:
        """The tables of words, as they are now."""
        return word_tables_of(self._kernels)

    def annotate(
        self, texts: Sequence[str], wanted: Sequence[Layers], bounds: Sequence[Bounds | None] | None = None
    ) -> list[Annotations]:
        """See `Engine`. Entities have confidence where calibrations were fitted on the model's weights.

        `bounds`: what restricts the entities of each text.
        """
        flags = self._flags_of(wanted)
        labels, calibrate, categories = self._labels, self._calibrate, self._categories
        span_labels = self._span_labels
        given: Mapping[int, Given] = {}
        if self._rulers and self._gives:
            given, flags = self._give(self._rulers, texts, flags)
            bounds = _with_all_given(bounds, given, len(texts))
        within = None if bounds is None else tuple(bounds)
        computed = self._kernels.annotate(tuple(texts), flags, self._lexemes, self._split, within)
        annotations = [  # a comprehension takes as long over nothing as the kernels take for some tokens
            Annotations(
                [EntitySpan(start, end, labels[label], calibrate[label](p), p) for start, end, label, p in entities]
                if entities
                else [],
                [SentenceSpan(start, end) for start, end in sentences] if sentences else [],
                categories=dict(zip(categories, scores, strict=True)) if scores else None,
                spans=[_span(start, end, span_labels[label], score) for start, end, label, score in spans]
                if spans
                else [],
            )
            for entities, sentences, scores, spans, _ in computed
        ]
        if self._rulers:
            for i, (found, layers, (*_, matches)) in enumerate(zip(annotations, wanted, computed, strict=True)):
                if not layers.isdisjoint(self._ruled):
                    self._rulers(found, given.get(i) or self._rulers.begin(matches), layers)
        return annotations

    def _flags_of(self, wanted: Sequence[Layers]) -> bytes:
        """Return what the kernels compute for each text, a byte each."""
        known = self._known_flags
        try:
            return bytes([known[layers] for layers in wanted])
        except KeyError:
            known.update({layers: _flags(layers, self._ruled, self._within) for layers in {*wanted}})
            return bytes([known[layers] for layers in wanted])

    def _give(self, rulers: RulerSteps, texts: Sequence[str], flags: bytes) -> tuple[dict[int, Given], bytes]:
        """Let the rulers before the recognizer go first. Returns what they give to texts, and what is left to compute.

        Matching takes no network, so that texts are read a second time for little.
        """
        chosen = [i for i, flag in enumerate(flags) if flag & constants.WANT_ENTITIES]
        matching = bytes([constants.WANT_MATCHES]) * len(chosen)
        found = self._kernels.annotate(tuple(texts[i] for i in chosen), matching, self._lexemes, self._split)
        given = {i: rulers.begin(one[-1]) for i, one in zip(chosen, found, strict=True)}
        return given, bytes(flag & ~constants.WANT_MATCHES if i in given else flag for i, flag in enumerate(flags))


def word_tables_of(kernels: SpanKernels, prefix: str = "") -> tuple[WordTable, ...]:
    """Return the tables of words of some kernels, as they are now, with a prefix to their names."""
    return tuple(WordTable(prefix + name, *numbers) for name, numbers in kernels.tables.items())


def _span(start: int, end: int, label: tuple[str, str], score: float) -> LabelledSpan:
    key, name = label
    return LabelledSpan(key, start, end, name, score, None)


def _with_all_given(
    bounds: Sequence[Bounds | None] | None, given: Mapping[int, Given], count: int
) -> list[Bounds | None]:
    """Add what rulers have given to the bounds of `count` texts."""
    within: list[Bounds | None] = [None] * count if bounds is None else [*bounds]
    for i, one in given.items():
        if one.spans.entities:
            within[i] = with_given(within[i], [entity[:2] for entity in one.spans.entities])
    return within


def _flags(layers: Layers, ruled: Layers, within: int) -> int:
    """Return what the kernels compute for a text that wants these layers, of which rulers write the `ruled` ones.

    `within`: WITHIN_SENTENCES where entities keep to the sentences.
    """
    return (
        (constants.WANT_ENTITIES | within) * ("entities" in layers)
        | constants.WANT_SENTENCES * ("sentences" in layers)
        | constants.WANT_CATEGORIES * ("categories" in layers)
        | constants.WANT_SPANS * ("spans" in layers)
        | constants.WANT_MATCHES * (not layers.isdisjoint(ruled))
    )


def compile_pipeline(
    nlp: Language,
    entities: str | None,
    sentences: str | None,
    classifiers: Mapping[str, AnyClassifier] | None = None,
    *,
    instructions: str | None = None,
    lexicon_bytes: int = WORD_TABLE_MB << 20,
    known: KnownCalibrations | None = None,
    reading: TokenizerReading | None = None,
    rulers: Rulers | None = None,
    within_sentences: bool = False,
) -> CompiledEngine:
    """Compile the recognizer, what sets sentence boundaries, and classifiers of texts and spans. Raises `Unsupported`.

    `entities` and `sentences` are the components' names in the pipeline. Where only the boundaries cannot be compiled,
    the engine's `layers` lack them; `classifiers` (`read_classifier`, `read_span_categorizer`) that do not fit the rest
    are missing in the engine's `classifiers` and `categorizers`. `instructions` names an instruction set of this
    processor; the default is the best one. `known` calibrations are by default those that ship with Spanwise and those
    in the pipeline's folder. `reading`: the pipeline's tokenizer, where it has been read already. `rulers`: those
    before and behind the recognizer. `within_sentences`: whether the boundaries stand before the recognizer, which
    then keeps to them.
    """
    if SpanKernels is None:
        raise Unsupported(NOT_BUILT)
    reading = reading or TokenizerReading(nlp.tokenizer)
    recognizer = read_entities(nlp, entities) if entities else None
    boundaries: SentenceModel | SentenceRules | None
    try:
        boundaries = read_sentences(nlp, sentences) if sentences else None
    except Unsupported:
        if (recognizer is None and rulers is None) or within_sentences:
            raise
        boundaries = None
    networks = _networks(recognizer, boundaries)
    try:
        reading.statics_of(networks)
    except Unsupported:
        if (recognizer is None and rulers is None) or within_sentences:
            raise
        boundaries = None
        networks = _networks(recognizer, boundaries)
    fitting, networks = _fitting(classifiers or {}, networks, reading)
    statics = reading.statics_of(networks)
    texts = {name: one for name, one in fitting.items() if isinstance(one, Classifier)}
    spans = {name: one for name, one in fitting.items() if isinstance(one, SpanCategorizer)}
    tables = [table.attribute for network in networks for table in network.tables]
    keys = [statics.attribute] if statics else []
    ngrams = [one.ngrams.attribute for one in texts.values() if one.ngrams]
    attributes = list(dict.fromkeys([*tables, *ngrams, *keys, *(rulers.attributes if rulers else ())]))
    categories_spec, spans_spec = specs_of(
        texts, lasting(spans.values()), attributes, recognizer.tok2vec if recognizer else None
    )
    answers = rulers.answers if rulers else ()
    ends = boundaries.ends if isinstance(boundaries, SentenceRules) else frozenset[str]()
    lexemes = Lexemes(nlp.vocab, reading.rules, attributes, ends, answers=answers)
    tokenizer, tokenizer_reason = reading.spec(lexemes)
    kernels = SpanKernels(
        columns=len(attributes) + len(answers),
        statics=statics and statics.spec(attributes),
        entities=_entities_spec(recognizer, attributes),
        sentences=_sentences_spec(boundaries, attributes),
        categories=categories_spec,
        pairs=lexemes.pairs,
        lexicon_bytes=lexicon_bytes,
        tokenizer=tokenizer,
        norms=lexemes.norms,
        norm_column=lexemes.norm_column,
        space_column=lexemes.space_column,
        instructions=instructions,
        spans=spans_spec,
        rulers=rulers.spec(attributes) if rulers else None,
    )
    labels = recognizer.decoder.labels if recognizer else ()
    known = known or known_calibrations(nlp.path)
    calibrations = known.of(fingerprint(recognizer)) if recognizer else Calibrations()
    layers = (ENTITIES if recognizer else frozenset()) | (SENTENCES if boundaries else frozenset())
    layers |= (CATEGORIES if texts else frozenset()) | (SPANS if spans else frozenset())
    layers |= rulers.steps.layers if rulers else frozenset()
    categories = {name: classifier.labels for name, classifier in texts.items()}
    return CompiledEngine(
        kernels,
        lexemes,
        labels,
        calibrations,
        layers=layers,
        classifiers=categories,
        categorizers=spans,
        tokenizer_reason=tokenizer_reason,
        rulers=rulers.steps if rulers else None,
        within_sentences=within_sentences,
    )


def _fitting(
    classifiers: Mapping[str, AnyClassifier], networks: Sequence[Tok2Vec], reading: TokenizerReading
) -> tuple[dict[str, AnyClassifier], list[Tok2Vec]]:
    """Leave out classifiers with static vectors that the kernels do not know.

    Returns the others, and all networks.
    """
    fitting: dict[str, AnyClassifier] = {}
    found = list(networks)
    for name, classifier in classifiers.items():
        network = classifier.tok2vec
        try:
            reading.statics_of([network] if network else [])
        except Unsupported:
            continue
        fitting[name] = classifier
        found += [network] if network else []
    return fitting, found


def _networks(recognizer: EntityModel | None, boundaries: SentenceModel | SentenceRules | None) -> list[Tok2Vec]:
    return [model.tok2vec for model in (recognizer, boundaries) if isinstance(model, EntityModel | SentenceModel)]


def _entities_spec(recognizer: EntityModel | None, attributes: Sequence[str]) -> Any:
    return recognizer and (recognizer.tok2vec.spec(attributes), recognizer.decoder.spec())


def _sentences_spec(boundaries: SentenceModel | SentenceRules | None, attributes: Sequence[str]) -> Any:
    if isinstance(boundaries, SentenceRules):
        return "rules"
    return boundaries and (boundaries.tok2vec.spec(attributes), boundaries.classes.spec)
