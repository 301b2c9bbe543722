"""Turn texts into annotations by the compiled kernels.

A pipeline is read once. From then on the vocabulary is the only object of spaCy's in use: it describes new words
(`lexemes.py`, `static_vectors.py`), and nothing is written to it.

Any number of threads may annotate at the same time: they share the kernels' lexicon, and nothing else.
"""

from collections.abc import Sequence
from typing import Any

from spacy.language import Language
from spacy.tokenizer import Tokenizer

from spanwise.pipelines.annotations import ENTITIES, SENTENCES, Annotations, EntitySpan, Layers, SentenceSpan
from spanwise.pipelines.entities.compiled.calibration_file import KnownCalibrations, known_calibrations
from spanwise.pipelines.entities.compiled.components import (
    EntityModel,
    SentenceModel,
    SentenceRules,
    read_entities,
    read_sentences,
)
from spanwise.pipelines.entities.compiled.confidence import Calibrations, fingerprint
from spanwise.pipelines.entities.compiled.layers import Tok2Vec
from spanwise.pipelines.entities.compiled.lexemes import Lexemes, NoStaticVectors, StaticVectors
from spanwise.pipelines.entities.compiled.static_vectors import ProjectedVectors
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.engine import EngineName
from spanwise.pipelines.entities.tokenizer_rules import TokenizerRules
from spanwise.pipelines.kernels import SpanKernels, constants

LEXICON_BYTES = 8 << 20
"""The size of each of the lexicon's two generations: some 16,000 words with their embeddings in the default pipeline.
Two more generations, of half as many bytes, hold some 40,000 descriptions of words each."""


class CompiledEngine:
    """A compiled recognizer and compiled sentence boundaries, or one of the two."""

    name: EngineName = "compiled"

    def __init__(
        self,
        kernels: SpanKernels,
        lexemes: Lexemes,
        labels: Sequence[str],
        calibrations: Calibrations,
        *,
        layers: Layers,
        tokenizer_reason: str | None = None,
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

    @property
    def instructions(self) -> str:
        """The instruction set that the kernels use."""
        return str(self._kernels.instructions)

    @property
    def turnovers(self) -> int:
        """How often the lexicon has begun a new generation, and dropped the words that had not come again."""
        return int(self._kernels.turnovers)

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """See `Engine`. Entities have confidence where calibrations were fitted on the model's weights."""
        entities_flag, sentences_flag = constants.WANT_ENTITIES, constants.WANT_SENTENCES
        flags = bytes(
            entities_flag * ("entities" in layers) | sentences_flag * ("sentences" in layers) for layers in wanted
        )
        labels, calibrate = self._labels, self._calibrate
        return [
            Annotations(
                [EntitySpan(start, end, labels[label], calibrate[label](p), p) for start, end, label, p in entities],
                [SentenceSpan(start, end) for start, end in sentences],
            )
            for entities, sentences in self._kernels.annotate(tuple(texts), flags, self._lexemes, self._split)
        ]


def compile_pipeline(
    nlp: Language,
    entities: str | None,
    sentences: str,
    *,
    instructions: str | None = None,
    lexicon_bytes: int = LEXICON_BYTES,
    known: KnownCalibrations | None = None,
) -> CompiledEngine:
    """Compile the recognizer and the component that sets sentence boundaries. Raises `Unsupported`.

    `entities` and `sentences` are the components' names in the pipeline. Where only the boundaries cannot be compiled,
    the engine's `layers` lack them. `instructions` names an instruction set of this processor; the default is the best
    one. `known` calibrations are by default those that ship with Spanwise and those in the pipeline's folder.
    """
    if SpanKernels is None:
        raise Unsupported("the kernels were not built: there was no C compiler when the service was installed")
    if type(nlp.tokenizer) is not Tokenizer:
        raise Unsupported(f"the tokenizer {type(nlp.tokenizer).__name__}")
    recognizer = read_entities(nlp, entities) if entities else None
    try:
        boundaries: SentenceModel | SentenceRules | None = read_sentences(nlp, sentences)
    except Unsupported:
        if recognizer is None:
            raise
        boundaries = None
    networks = _networks(recognizer, boundaries)
    try:
        statics = _statics(nlp, networks)
    except Unsupported:
        if recognizer is None:
            raise
        boundaries = None
        networks = _networks(recognizer, boundaries)
        statics = _statics(nlp, networks)
    attributes = list(dict.fromkeys(table.attribute for network in networks for table in network.tables))
    ends = boundaries.ends if isinstance(boundaries, SentenceRules) else frozenset[str]()
    lexemes = Lexemes(nlp.vocab, TokenizerRules(nlp.tokenizer), attributes, statics, ends)
    tokenizer, tokenizer_reason = _tokenizer_spec(lexemes)
    kernels = SpanKernels(
        columns=len(attributes),
        static_values=statics.width,
        entities=_entities_spec(recognizer, attributes),
        sentences=_sentences_spec(boundaries, attributes),
        pairs=lexemes.pairs,
        lexicon_bytes=lexicon_bytes,
        tokenizer=tokenizer,
        norms=lexemes.norms,
        norm_column=lexemes.norm_column,
        space_column=lexemes.space_column,
        instructions=instructions,
    )
    labels = recognizer.decoder.labels if recognizer else ()
    known = known or known_calibrations(nlp.path)
    calibrations = known.of(fingerprint(recognizer)) if recognizer else Calibrations()
    layers = (ENTITIES if recognizer else frozenset()) | (SENTENCES if boundaries else frozenset())
    return CompiledEngine(kernels, lexemes, labels, calibrations, layers=layers, tokenizer_reason=tokenizer_reason)


def _tokenizer_spec(lexemes: Lexemes) -> tuple[Any, str | None]:
    """Describe the tokenizer, or say why the kernels cannot apply it."""
    try:
        return lexemes.tokenizer, None
    except Unsupported as reason:
        return None, str(reason)


def _networks(recognizer: EntityModel | None, boundaries: SentenceModel | SentenceRules | None) -> list[Tok2Vec]:
    return [model.tok2vec for model in (recognizer, boundaries) if isinstance(model, EntityModel | SentenceModel)]


def _statics(nlp: Language, networks: Sequence[Tok2Vec]) -> StaticVectors:
    projections = [network.statics for network in networks if network.statics is not None]
    if not projections:
        return NoStaticVectors()
    if any(projection is not projections[0] for projection in projections):
        raise Unsupported("two networks with static vectors of their own")
    return ProjectedVectors(nlp.vocab, projections[0])


def _entities_spec(recognizer: EntityModel | None, attributes: Sequence[str]) -> Any:
    return recognizer and (recognizer.tok2vec.spec(attributes), recognizer.decoder.spec())


def _sentences_spec(boundaries: SentenceModel | SentenceRules | None, attributes: Sequence[str]) -> Any:
    if isinstance(boundaries, SentenceRules):
        return "rules"
    return boundaries and (boundaries.tok2vec.spec(attributes), boundaries.classes.spec)
