"""One loaded pipeline as callers use it: texts in, analyses out, as they go on the wire.

An analysis is built once, as the very dictionary that is encoded. A batch takes three steps: the engine computes
entities and sentences, the sentiment model scores sentences and targets, and the sections of each answer are written in
the caller's own unit. The table of features says what each document needs of the first two and how the third is done.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import cast, get_args, overload

from spacy.glossary import GLOSSARY

from spanwise.pipelines.annotations import ENGINE_LAYERS, ENTITIES, SENTIMENT_LAYERS, EntitySpan, Layers
from spanwise.pipelines.document import Document
from spanwise.pipelines.entities.compiled.calibration_file import known_calibrations
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine
from spanwise.pipelines.entities.compiled.confidence import Calibrations
from spanwise.pipelines.entities.contents import Contents, contents_of
from spanwise.pipelines.entities.engine import Engine, EngineName
from spanwise.pipelines.entities.engine_choice import Fallback, choose_engine
from spanwise.pipelines.entities.grammar_choice import choose_grammar, reading_of
from spanwise.pipelines.entities.grammar_engine import GrammarEngine
from spanwise.pipelines.entities.mixed_engine import MixedEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load
from spanwise.pipelines.entities.word_tables import WORD_TABLE_MB, WordTable
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.features import features_offered, recipe_of
from spanwise.pipelines.language import DETECTOR, LANGUAGE_LAYERS, LanguageDetector, add_languages, note_language
from spanwise.pipelines.library_arguments import (
    check_options,
    document_list,
    encoding,
    feature_set,
    label_set,
    text_list,
)
from spanwise.pipelines.load_errors import PipelineBroken, PipelineError, SelfTestFailed, first_line
from spanwise.pipelines.offsets import convert_offsets, slice_of
from spanwise.pipelines.sentiment import ClassifierModel, SentimentModel, add_sentiment, sentiment_model_for
from spanwise.pipelines.specs import PipelineSpec, name_of_source
from spanwise.pipelines.weights_digest import weights_digest
from spanwise.schemas import (
    DEFAULT_FEATURES,
    AnalyzeResponse,
    Calibrated,
    Entity,
    EntityLabel,
    Feature,
    LabelledSpan,
    NounChunk,
    OffsetEncoding,
    Sentence,
    Sentiment,
    SentimentLabel,
    Token,
)

SENTIMENT_LABELS: tuple[SentimentLabel, ...] = get_args(SentimentLabel.__value__)

_SAMPLE = (
    "Apple is looking at buying U.K. startup for $1 billion. Tim Cook loved it!",
    "Angela Merkel visited Paris on Monday 🎉 and the 東京 office hated it, naïve as ever.\r\nNobody cared.",
    " \n ",
    "👩‍👩‍👧 ❤️ e\u0301",
)


@dataclass(frozen=True)
class Analyzer:
    """A loaded pipeline with its engine and sentiment model. Any number of threads may use it."""

    name: str
    version: str
    language: str
    licence: str
    engine: Engine = field(repr=False)
    sentiment_model: SentimentModel | None = field(repr=False)
    entity_labels: tuple[EntityLabel, ...] = field(repr=False)
    features: frozenset[Feature]
    contents: Contents = field(repr=False)
    """Its components and who runs them, and what it computes that no feature serves."""
    fallback: Fallback | None = None
    """Why spaCy's own components find the entities or the sentences, or why tokens that should be compiled are not."""
    ignored_calibration: Path | None = None
    """A file of calibrations in the pipeline's folder that is not used, because it was fitted on other weights."""
    detector: LanguageDetector | None = field(default=DETECTOR, repr=False)
    """What detects the languages of texts; None where that is switched off."""
    weights: str = ""
    """A digest of the files that it was loaded from (`weights_digest`)."""

    @classmethod
    def of_spec(
        cls,
        spec: PipelineSpec,
        *,
        extensions: Extensions | None = None,
        calibrations: Sequence[Path] = (),
        detector: LanguageDetector | None = DETECTOR,
        preload: bool = False,
        word_table_mb: int = WORD_TABLE_MB,
    ) -> "Analyzer":
        """Load what an entry of the setting names; see `load`. Raises `PipelineError`."""
        return cls.load(
            spec.source,
            spec.language,
            name=spec.name,
            disable=spec.disable,
            sentiment=cast("Mapping[str, str]", spec.sentiment) or None,
            extensions=extensions,
            calibrations=calibrations,
            detector=detector,
            preload=preload,
            word_table_mb=word_table_mb,
        )

    @classmethod
    def load(
        cls,
        source: str | Path,
        language: str | None = None,
        *,
        name: str | None = None,
        disable: Collection[str] = (),
        sentiment: Mapping[str, str] | None = None,
        extensions: Extensions | None = None,
        calibrations: Sequence[Path] = (),
        detector: LanguageDetector | None = DETECTOR,
        preload: bool = False,
        word_table_mb: int = WORD_TABLE_MB,
    ) -> "Analyzer":
        """Load an installed spaCy package or a folder, warmed up and self-tested. Raises `PipelineError`.

        `language` is the one callers ask for; by default the pipeline's own. `name` is what answers call it; by default
        the package's or the folder's name. Components named in `disable` are left out. `sentiment` declares labels of
        the pipeline's text classifier as the classes of sentiment, such as `{"negative": "NEG", "positive": "POS"}`.
        `extensions` are the custom attributes to serve. `calibrations` are files that `spanwise calibrate` wrote
        elsewhere than into the pipeline's folder. Without a `detector` there is no feature `language`.

        Components that the kernels do not replace are let go after the self-test and loaded again when a text needs
        them; `preload` keeps them, as the default features of the pipeline do that need them. `word_table_mb`, at
        least 1, is the size of each generation of its tables of words: more is faster on texts with many words.
        """
        loaded = load(str(source), disable, extensions, rules="read", word_table_mb=word_table_mb)
        try:
            given_name = name or name_of_source(str(source))
            analyzer = cls._of(
                loaded,
                language,
                given_name,
                sentiment=sentiment,
                extensions=extensions,
                calibrations=calibrations,
                detector=detector,
            )
            analyzer.self_test()
            if isinstance(analyzer.engine, MixedEngine | GrammarEngine) and not preload:
                analyzer.engine.let_go(analyzer.usual_layers)
            loaded.ruler_files.forget()
        except PipelineError:
            raise
        except Exception as error:
            raise PipelineBroken(f"The pipeline {source!r} fails its self-test: {first_line(error)}") from error
        return analyzer

    @classmethod
    def _of(
        cls,
        loaded: LoadedPipeline,
        language: str | None,
        name: str,
        *,
        sentiment: Mapping[str, str] | None,
        extensions: Extensions | None,
        calibrations: Sequence[Path],
        detector: LanguageDetector | None,
    ) -> "Analyzer":
        meta, nlp_language = loaded.nlp.meta, str(loaded.nlp.lang)
        extensions = extensions or Extensions()
        known = known_calibrations(loaded.nlp.path, calibrations)
        reading = reading_of(loaded)
        choice = choose_engine(loaded, extensions, known, reading)
        grammar = choose_grammar(loaded, choice.engine, reading)
        contents = contents_of(loaded, choice, grammar, extensions)
        engine, fallback = grammar.engine, choice.fallback
        if grammar.sets_sentences and fallback and fallback.only_sentences:
            fallback = None
        if grammar.reason and grammar.is_defect:
            fallback = fallback or Fallback(grammar.reason, is_defect=True)
        layers = loaded.layers
        sentiment_model: SentimentModel | None
        if sentiment is not None:
            labels = contents.categories["labels"] if contents.categories else ()
            sentiment_model = ClassifierModel(engine, sentiment, labels)
            layers |= {"sentiment"}
        else:
            sentiment_model = sentiment_model_for(nlp_language)
            layers |= SENTIMENT_LAYERS if sentiment_model else frozenset()
        if detector:
            layers |= LANGUAGE_LAYERS
        return cls(
            name=name,
            version=str(meta["version"]),
            language=language or nlp_language,
            licence=str(meta.get("license") or "unknown"),
            engine=engine,
            sentiment_model=sentiment_model,
            entity_labels=_entity_labels(loaded),
            features=features_offered(layers),
            contents=contents,
            fallback=fallback,
            weights=weights_digest(loaded.nlp.path),
            ignored_calibration=known.ignored(engine.calibrations),
            detector=detector,
        )

    @cached_property
    def title(self) -> str:
        """Name and version, as answers show them."""
        return f"{self.name}-{self.version}"

    @cached_property
    def labels(self) -> frozenset[str]:
        """Every label that its entities can have."""
        return frozenset(label["label"] for label in self.entity_labels)

    @cached_property
    def own_features(self) -> frozenset[Feature]:
        """The features that rest on the pipeline's own work: all but that of the language detector."""
        return self.features - {"language"}

    @property
    def has_confidence(self) -> bool:
        """Whether its entities have a confidence."""
        return self.calibrated is not None

    @cached_property
    def default_features(self) -> frozenset[Feature]:
        """What a caller gets who names no features: what there is of entities and sentiment."""
        return self.features & DEFAULT_FEATURES

    @property
    def usual_layers(self) -> Layers:
        """What an engine computes for a caller who names no features."""
        layers = recipe_of(self.default_features).layers
        return layers | {"categories"} if isinstance(self.sentiment_model, ClassifierModel) else layers

    def computes_in_kernels(self, features: frozenset[Feature]) -> bool:
        """Say whether the kernels alone compute these features, in a time that the length of the text bounds."""
        if (known := self._in_kernels.get(features)) is None:
            known = self._in_kernels[features] = self._asks_kernels_alone(features)
        return known

    def _asks_kernels_alone(self, features: frozenset[Feature]) -> bool:
        layers = recipe_of(features).layers
        engine, model = self.engine, self.sentiment_model
        in_engine = (
            isinstance(engine, CompiledEngine)
            or (isinstance(engine, MixedEngine) and layers.isdisjoint(engine.borrowed))
            or (isinstance(engine, GrammarEngine) and engine.computes_in_kernels(layers & ENGINE_LAYERS))
        )
        in_model = layers.isdisjoint(SENTIMENT_LAYERS) or (model is not None and model.name == "compiled")
        return in_engine and in_model

    @cached_property
    def _in_kernels(self) -> dict[frozenset[Feature], bool]:
        return {}

    @property
    def engine_name(self) -> EngineName:
        """What computes the entities: `compiled` or `spacy`."""
        return self.engine.name

    @property
    def word_tables(self) -> tuple[WordTable, ...]:
        """The kernels' tables of words, as they are now: the compiled engine's and the compiled grammar's."""
        engine = self.engine
        tables: tuple[WordTable, ...] = ()
        if isinstance(engine, GrammarEngine):
            tables, engine = engine.grammar.word_tables, engine.engine
        engine = engine.compiled if isinstance(engine, MixedEngine) else engine
        return (*engine.word_tables, *tables) if isinstance(engine, CompiledEngine) else tables

    @property
    def calibrations(self) -> Calibrations | None:
        """What its entities' confidence rests on; None where spaCy's own engine finds them, without probabilities."""
        return self.engine.calibrations

    @property
    def calibrated(self) -> Calibrated | None:
        """On how many texts confidence was calibrated and with which error; None where entities have no confidence."""
        return self.calibrations.evidence if self.calibrations else None

    @property
    def sentiment_labels(self) -> tuple[SentimentLabel, ...]:
        """The labels that its sentiments can have; none without a sentiment model."""
        return SENTIMENT_LABELS if self.sentiment_model else ()

    @overload
    def entities(self, texts: str) -> list[EntitySpan]: ...
    @overload
    def entities(self, texts: list[str] | tuple[str, ...]) -> list[list[EntitySpan]]: ...
    def entities(self, texts: str | list[str] | tuple[str, ...]) -> list[EntitySpan] | list[list[EntitySpan]]:
        """Find the entities of a text, or of each text of a list, in code points.

        Raises `TypeError` for anything else, and `ValueError` where the pipeline finds no entities.
        """
        feature_set({"entities"}, self)
        wanted = text_list("entities", texts)
        found = [annotations.entities for annotations in self.engine.annotate(wanted, [ENTITIES] * len(wanted))]
        return found[0] if isinstance(texts, str) else found

    @overload
    def sentiment(self, texts: str) -> Sentiment: ...
    @overload
    def sentiment(self, texts: list[str] | tuple[str, ...]) -> list[Sentiment]: ...
    def sentiment(self, texts: str | list[str] | tuple[str, ...]) -> Sentiment | list[Sentiment]:
        """Score a text, or each text of a list, as a whole: its label and the probabilities of the three classes.

        Raises `TypeError` for anything else, and `ValueError` where there is no sentiment model for the language.
        """
        features = feature_set({"sentiment"}, self)
        answers = self.analyze_documents([Document(text, features) for text in text_list("sentiment", texts)])
        found = [answer["sentiment"] for answer in answers]
        return found[0] if isinstance(texts, str) else found

    @overload
    def analyze(
        self,
        texts: str | Document,
        features: Iterable[Feature] | None = None,
        *,
        offset_encoding: OffsetEncoding = "codepoint",
        labels: Iterable[str] | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        top: int | None = None,
        raw_scores: bool = False,
    ) -> AnalyzeResponse: ...
    @overload
    def analyze(
        self,
        texts: list[str] | list[Document] | list[str | Document] | tuple[str | Document, ...],
        features: Iterable[Feature] | None = None,
        *,
        offset_encoding: OffsetEncoding = "codepoint",
        labels: Iterable[str] | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        top: int | None = None,
        raw_scores: bool = False,
    ) -> list[AnalyzeResponse]: ...
    def analyze(
        self,
        texts: str | Document | list[str] | list[Document] | list[str | Document] | tuple[str | Document, ...],
        features: Iterable[Feature] | None = None,
        *,
        offset_encoding: OffsetEncoding = "codepoint",
        labels: Iterable[str] | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        top: int | None = None,
        raw_scores: bool = False,
    ) -> AnalyzeResponse | list[AnalyzeResponse]:
        """Analyse a text, or each text of a list: one answer per text, in order, with exactly the sections asked for.

        `features`: by default entities and sentiment, as far as the pipeline offers them. `labels`: only entities with
        these labels. `min_confidence` (0 to 1): only entities with at least that confidence. `min_score`, `top`: only
        categories with at least that score, and no more than that many. `raw_scores`: entities have the model's own
        probability besides. A `Document` brings options of its own, and
        these do not apply to it. Raises `TypeError` for what is neither a text nor a list of texts, and `ValueError`
        for a feature, label, unit or option that there is not.
        """
        chosen = feature_set(self.default_features if features is None else features, self)
        plain = Document(
            "", chosen, encoding(offset_encoding), label_set(labels, self), min_confidence, min_score, top, raw_scores
        )
        check_options(plain, self)
        answers = self.analyze_documents(document_list(texts, self, lambda text: replace(plain, text=text)))
        return answers[0] if isinstance(texts, str | Document) else answers

    def analyze_documents(self, documents: Sequence[Document]) -> list[AnalyzeResponse]:
        """Analyse documents whose options are known to fit: `analyze` without its checks, for the service."""
        recipes = [recipe_of(document.features) for document in documents]
        texts = [document.text for document in documents]
        wanted = [recipe.layers for recipe in recipes]
        annotations = self.engine.annotate(texts, wanted)
        for document, found in zip(documents, annotations, strict=True):
            if document.labels is not None:
                found.entities = [span for span in found.entities if span.label in document.labels]
            if (least := document.min_confidence) is not None:
                found.entities = [span for span in found.entities if (span.confidence or 0.0) >= least]
        if self.sentiment_model:
            add_sentiment(self.sentiment_model, texts, wanted, annotations)
        if self.detector:
            add_languages(self.detector, documents, wanted, annotations)
        start = AnalyzeResponse(language=self.language, offset_encoding="codepoint", pipeline=self.title)
        answers = []
        for document, recipe, found in zip(documents, recipes, annotations, strict=True):
            answer = start.copy()
            answer["offset_encoding"] = document.offset_encoding
            if document.detected or document.language_assumed:
                note_language(self.detector, answer, document)
            for write in recipe.writers:
                write(answer, document, found)
            answers.append(answer)
        return answers

    def self_test(self) -> None:
        """Analyse the built-in sample in every way a caller may ask for. Raises `SelfTestFailed`."""
        encodings: tuple[OffsetEncoding, ...] = get_args(OffsetEncoding.__value__)
        for unit in encodings:
            documents = [Document(text, self.own_features, unit) for text in _SAMPLE]
            together = self.analyze_documents(documents)
            alone = [self.analyze_documents([document])[0] for document in documents]
            if together != alone:
                raise SelfTestFailed(f"{self.title}: a batch and its texts one by one got different answers.")
            for document, answer in zip(documents, together, strict=True):
                (length,) = convert_offsets(document.text, [len(document.text)], unit)
                for span in _spans(answer):
                    inside = 0 <= span["start"] < span["end"] <= length
                    if not inside or slice_of(document.text, span["start"], span["end"], unit) != span["text"]:
                        raise SelfTestFailed(f"{self.title}: an offset in {unit} does not fit its text.")


def _spans(answer: AnalyzeResponse) -> Iterable[Entity | Sentence | LabelledSpan | Token | NounChunk]:
    """Return everything in an answer that has a place in the text."""
    return chain(
        answer.get("entities", ()),
        answer.get("sentences", ()),
        answer.get("spans", ()),
        answer.get("tokens", ()),
        answer.get("noun_chunks", ()),
    )


def _entity_labels(loaded: LoadedPipeline) -> tuple[EntityLabel, ...]:
    labels: dict[str, None] = {}
    for component in loaded.plan.components:
        if "entities" in component.writes:
            labels.update(dict.fromkeys(getattr(loaded.nlp.get_pipe(component.name), "labels", ())))
    return tuple(
        EntityLabel(label=label, description=GLOSSARY.get(label) or "A label of this pipeline's own.")
        for label in sorted(labels)
    )
