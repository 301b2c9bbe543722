"""One loaded pipeline as callers use it: texts in, analyses out, as they go on the wire.

An analysis is built once, as the very dictionary that is encoded. A batch takes three steps: the engine computes
entities and sentences, the sentiment model scores sentences and targets, and the sections of each answer are written in
the caller's own unit. The table of features says what each document needs of the first two and how the third is done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import get_args, overload

from spacy.glossary import GLOSSARY

from spanwise.pipelines.annotations import ENTITIES, SENTIMENT_LAYERS, EntitySpan
from spanwise.pipelines.document import Document
from spanwise.pipelines.entities.engine import Engine, EngineName
from spanwise.pipelines.entities.engine_choice import Fallback, choose_engine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load
from spanwise.pipelines.features import features_offered, recipe_of
from spanwise.pipelines.language import DETECTOR, LANGUAGE_LAYERS, LanguageDetector, add_languages, note_language
from spanwise.pipelines.library_arguments import document_list, encoding, feature_set, label_set, text_list
from spanwise.pipelines.load_errors import PipelineBroken, PipelineError, SelfTestFailed, first_line
from spanwise.pipelines.offsets import convert_offsets, slice_of
from spanwise.pipelines.sentiment import SentimentModel, add_sentiment, sentiment_model_for
from spanwise.schemas import (
    DEFAULT_FEATURES,
    AnalyzeResponse,
    EntityLabel,
    Feature,
    OffsetEncoding,
    Sentiment,
    SentimentLabel,
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
    fallback: Fallback | None = None
    """Why spaCy's own engine serves the pipeline or some of its layers; None where the compiled one serves all."""
    detector: LanguageDetector | None = field(default=DETECTOR, repr=False)
    """What detects the languages of texts; None where that is switched off."""

    @classmethod
    def load(
        cls, source: str | Path, language: str | None = None, *, detector: LanguageDetector | None = DETECTOR
    ) -> "Analyzer":
        """Load an installed spaCy package or a folder, warmed up and self-tested. Raises `PipelineError`.

        `language` is the name callers use; by default the pipeline's own. Without a `detector` there is no feature
        `language`.
        """
        loaded = load(str(source))
        try:
            analyzer = cls._of(loaded, language or str(loaded.nlp.lang), detector)
            analyzer.self_test()
        except PipelineError:
            raise
        except Exception as error:
            raise PipelineBroken(f"The pipeline {source!r} fails its self-test: {first_line(error)}") from error
        return analyzer

    @classmethod
    def _of(cls, loaded: LoadedPipeline, language: str, detector: LanguageDetector | None) -> "Analyzer":
        nlp = loaded.nlp
        sentiment_model = sentiment_model_for(str(nlp.lang))
        engine, fallback = choose_engine(loaded)
        layers = loaded.layers
        if sentiment_model:
            layers |= SENTIMENT_LAYERS
        if detector:
            layers |= LANGUAGE_LAYERS
        return cls(
            name=f"{nlp.meta['lang']}_{nlp.meta['name']}",
            version=str(nlp.meta["version"]),
            language=language,
            licence=str(nlp.meta.get("license") or "unknown"),
            engine=engine,
            sentiment_model=sentiment_model,
            entity_labels=_entity_labels(loaded),
            features=features_offered(layers),
            fallback=fallback,
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
    def engine_name(self) -> EngineName:
        """What computes the entities: `compiled` or `spacy`."""
        return self.engine.name

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
    ) -> AnalyzeResponse: ...
    @overload
    def analyze(
        self,
        texts: list[str] | list[Document] | list[str | Document] | tuple[str | Document, ...],
        features: Iterable[Feature] | None = None,
        *,
        offset_encoding: OffsetEncoding = "codepoint",
        labels: Iterable[str] | None = None,
    ) -> list[AnalyzeResponse]: ...
    def analyze(
        self,
        texts: str | Document | list[str] | list[Document] | list[str | Document] | tuple[str | Document, ...],
        features: Iterable[Feature] | None = None,
        *,
        offset_encoding: OffsetEncoding = "codepoint",
        labels: Iterable[str] | None = None,
    ) -> AnalyzeResponse | list[AnalyzeResponse]:
        """Analyse a text, or each text of a list: one answer per text, in order, with exactly the sections asked for.

        `features`: by default entities and sentiment, as far as the pipeline offers them. `labels`: only entities with
        these labels. A `Document` brings options of its own, and these do not apply to it. Raises `TypeError` for what
        is neither a text nor a list of texts, and `ValueError` for a feature, label or unit that there is not.
        """
        chosen = feature_set(self.features & DEFAULT_FEATURES if features is None else features, self)
        only, unit = label_set(labels, self), encoding(offset_encoding)
        answers = self.analyze_documents(document_list(texts, self, lambda text: Document(text, chosen, unit, only)))
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
                for span in (*answer.get("entities", ()), *answer.get("sentences", ())):
                    inside = 0 <= span["start"] < span["end"] <= length
                    if not inside or slice_of(document.text, span["start"], span["end"], unit) != span["text"]:
                        raise SelfTestFailed(f"{self.title}: an offset in {unit} does not fit its text.")


def _entity_labels(loaded: LoadedPipeline) -> tuple[EntityLabel, ...]:
    labels: dict[str, None] = {}
    for name in loaded.nlp.pipe_names:
        if "doc.ents" in loaded.nlp.get_pipe_meta(name).assigns:
            labels.update(dict.fromkeys(getattr(loaded.nlp.get_pipe(name), "labels", ())))
    return tuple(
        EntityLabel(label=label, description=GLOSSARY.get(label) or "A label of this pipeline's own.")
        for label in sorted(labels)
    )
