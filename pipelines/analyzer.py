"""One pipeline, ready to serve: texts in, analyses out, as they go on the wire.

An analysis is built once, as the very dictionaries that are encoded. The three steps of a batch: the engine reads and
computes (plain positions in code points), the sentiment model scores sentences, and the answers are written in the
caller's own unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from spacy.glossary import GLOSSARY

from pipelines.engine import Annotations, Engine, EngineName, EntitySpan, SentenceSpan, Wanted
from pipelines.engine_choice import Fallback, choose_engine
from pipelines.errors import PipelineBroken, PipelineError, SelfTestFailed, first_line
from pipelines.loading import LoadedPipeline, load
from pipelines.offsets import convert_offsets
from pipelines.sentiment import SentimentModel, VaderModel, pure_sentiment, text_sentiment
from schemas import (
    AnalyzeResponse,
    Entity,
    EntityLabel,
    Feature,
    OffsetEncoding,
    Sentence,
    Sentiment,
    SentimentLabel,
)

SENTIMENT_LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive", "mixed")
_SENTENCE_FEATURES: frozenset[Feature] = frozenset({"sentiment", "sentences"})
_SENTIMENT_LANGUAGE = "en"

_SAMPLE = (
    "Apple is looking at buying U.K. startup for $1 billion. Tim Cook loved it!",
    "Angela Merkel visited Paris on Monday 🎉 and the 東京 office hated it, naïve as ever.\r\nNobody cared.",
    " \n ",
    "👩‍👩‍👧 ❤️ e\u0301",
)


@dataclass(frozen=True, slots=True)
class Document:
    """A text and what is wanted of it. `features` must be among the analyzer's own."""

    text: str = field(repr=False)  # it must not get into a log by way of somebody's repr
    features: frozenset[Feature] = frozenset({"entities", "sentiment"})
    offset_encoding: OffsetEncoding = "codepoint"
    labels: frozenset[str] | None = None
    """Only entities with these labels; None: all."""


@dataclass(frozen=True)
class Analyzer:
    """A pipeline with its engine and sentiment model. Any number of threads may use it."""

    name: str
    version: str
    language: str
    licence: str
    engine: Engine
    sentiment: SentimentModel | None
    entity_labels: tuple[EntityLabel, ...]
    features: frozenset[Feature]
    fallback: Fallback | None = None
    """Why spaCy's own engine serves the pipeline; None where the compiled one does."""

    @classmethod
    def load(cls, source: str, language: str | None = None) -> "Analyzer":
        """Load an installed spaCy package or a folder, warmed up and self-tested. Raises `PipelineError`.

        `language` is the name callers use; by default the pipeline's own.
        """
        loaded = load(source)
        try:
            analyzer = cls._of(loaded, language or str(loaded.nlp.lang))
            analyzer.self_test()
        except PipelineError:
            raise
        except Exception as error:
            raise PipelineBroken(f"The pipeline {source!r} fails its self-test: {first_line(error)}") from error
        return analyzer

    @classmethod
    def _of(cls, loaded: LoadedPipeline, language: str) -> "Analyzer":
        nlp = loaded.nlp
        sentiment = VaderModel() if nlp.lang == _SENTIMENT_LANGUAGE else None
        features: set[Feature] = {"sentences"}
        if loaded.has_entities:
            features.add("entities")
        if sentiment:
            features.add("sentiment")
        engine, fallback = choose_engine(loaded)
        return cls(
            name=f"{nlp.meta['lang']}_{nlp.meta['name']}",
            version=str(nlp.meta["version"]),
            language=language,
            licence=str(nlp.meta.get("license") or "unknown"),
            engine=engine,
            sentiment=sentiment,
            entity_labels=_entity_labels(loaded),
            features=frozenset(features),
            fallback=fallback,
        )

    @cached_property
    def title(self) -> str:
        """Name and version, as answers tell it."""
        return f"{self.name}-{self.version}"

    @cached_property
    def labels(self) -> frozenset[str]:
        """Every label that its entities can have."""
        return frozenset(label["label"] for label in self.entity_labels)

    @property
    def engine_name(self) -> EngineName:
        """What computes the entities: `compiled` or `spacy`."""
        return self.engine.name

    @property
    def sentiment_labels(self) -> tuple[SentimentLabel, ...]:
        """The labels that its sentiments can have; none without a sentiment model."""
        return SENTIMENT_LABELS if self.sentiment else ()

    def entities(self, texts: Sequence[str]) -> list[list[EntitySpan]]:
        """The entities of each text, in code points: for use as a library."""
        found = self.engine.annotate(texts, [Wanted(entities=True, sentences=False)] * len(texts))
        return [annotations.entities for annotations in found]

    def analyze(self, documents: Sequence[Document]) -> list[AnalyzeResponse]:
        """One analysis per document, in order, with exactly the sections of its `features`."""
        wanted = [
            Wanted(entities="entities" in d.features, sentences=not d.features.isdisjoint(_SENTENCE_FEATURES))
            for d in documents
        ]
        found = self.engine.annotate([document.text for document in documents], wanted)
        return [self._write(document, annotations) for document, annotations in zip(documents, found, strict=True)]

    def _write(self, document: Document, found: Annotations) -> AnalyzeResponse:
        answer = AnalyzeResponse(language=self.language, offset_encoding=document.offset_encoding, pipeline=self.title)
        if "entities" in document.features:
            answer["entities"] = _write_entities(document, found.entities)
        if "sentiment" in document.features and self.sentiment:
            whole, each = self._score(self.sentiment, document.text, found.sentences)
            answer["sentiment"] = whole
            if "sentences" in document.features:
                answer["sentences"] = _write_sentences(document, found.sentences, each)
        elif "sentences" in document.features:
            answer["sentences"] = _write_sentences(document, found.sentences, None)
        return answer

    @staticmethod
    def _score(
        model: SentimentModel, text: str, sentences: Sequence[SentenceSpan]
    ) -> tuple[Sentiment, list[Sentiment]]:
        """The whole text's sentiment and each sentence's; a text of white space alone is scored as it is."""
        (scores,) = model.score([text], [sentences])
        whole = text_sentiment(scores, [end - start for start, end in sentences])
        return whole, [pure_sentiment(each) for each in scores.sentences]

    def self_test(self) -> None:
        """Analyse the built-in sample in every way a caller may ask for. Raises `SelfTestFailed`."""
        encodings: tuple[OffsetEncoding, ...] = ("codepoint", "utf16", "utf8")
        for encoding in encodings:
            documents = [Document(text, self.features, encoding) for text in _SAMPLE]
            together = self.analyze(documents)
            alone = [self.analyze([document])[0] for document in documents]
            if together != alone:
                raise SelfTestFailed(f"{self.title}: a batch and its texts one by one got different answers.")
            for document, answer in zip(documents, together, strict=True):
                (length,) = convert_offsets(document.text, [len(document.text)], encoding)
                for span in (*answer.get("entities", ()), *answer.get("sentences", ())):
                    inside = 0 <= span["start"] < span["end"] <= length
                    if not inside or _slice(document.text, span["start"], span["end"], encoding) != span["text"]:
                        raise SelfTestFailed(f"{self.title}: an offset in {encoding} does not fit its text.")


def _entity_labels(loaded: LoadedPipeline) -> tuple[EntityLabel, ...]:
    labels: dict[str, None] = {}
    for name in loaded.nlp.pipe_names:
        if not loaded.nlp.get_pipe_meta(name).assigns or "doc.ents" not in loaded.nlp.get_pipe_meta(name).assigns:
            continue
        labels.update(dict.fromkeys(getattr(loaded.nlp.get_pipe(name), "labels", ())))
    return tuple(
        EntityLabel(label=label, description=GLOSSARY.get(label) or "A label of this pipeline's own.")
        for label in sorted(labels)
    )


def _write_entities(document: Document, found: Sequence[EntitySpan]) -> list[Entity]:
    text, labels = document.text, document.labels
    spans = [span for span in found if span.label in labels] if labels is not None else found
    bounds = _bounds(document, spans)
    entities = []
    for span, start, end in zip(spans, bounds[::2], bounds[1::2], strict=True):
        entity = Entity(text=text[span.start : span.end], label=span.label, start=start, end=end)
        if span.confidence is not None:
            entity["confidence"] = span.confidence
        entities.append(entity)
    return entities


def _write_sentences(
    document: Document, found: Sequence[SentenceSpan], sentiments: Sequence[Sentiment] | None
) -> list[Sentence]:
    bounds = _bounds(document, found)
    sentences = [
        Sentence(start=start, end=end, text=document.text[span.start : span.end])
        for span, start, end in zip(found, bounds[::2], bounds[1::2], strict=True)
    ]
    if sentiments is not None:
        for sentence, sentiment in zip(sentences, sentiments, strict=True):
            sentence["sentiment"] = sentiment
    return sentences


def _bounds(document: Document, spans: Sequence[EntitySpan] | Sequence[SentenceSpan]) -> list[int]:
    """Start, end, start, end, ... of spans that do not overlap, in the document's unit."""
    flat = [position for span in spans for position in (span.start, span.end)]
    return convert_offsets(document.text, flat, document.offset_encoding)


def _slice(text: str, start: int, end: int, encoding: OffsetEncoding) -> str:
    if encoding == "utf16":
        return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
    if encoding == "utf8":
        return text.encode()[start:end].decode()
    return text[start:end]
