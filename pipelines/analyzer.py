"""One pipeline, ready to serve: texts in, analyses out, as they go on the wire.

An analysis is built once, as the very dictionaries that are encoded. The three steps of a batch: the engine reads and
computes (plain positions in code points), the sentiment model scores sentences, and the answers are written in the
caller's own unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from spacy.glossary import GLOSSARY

from spanwise.pipelines.entities.engine import Engine, EngineName, EntitySpan, SentenceSpan, Wanted
from spanwise.pipelines.entities.engine_choice import Fallback, choose_engine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load
from spanwise.pipelines.features import Document, Findings, chosen_entities, slice_of, write_answer
from spanwise.pipelines.load_errors import PipelineBroken, PipelineError, SelfTestFailed, first_line
from spanwise.pipelines.offsets import convert_offsets
from spanwise.pipelines.sentiment import (
    Scores,
    SentimentModel,
    TextScores,
    english_folder,
    load_sentiment_model,
    targets_of,
)
from spanwise.schemas import AnalyzeResponse, EntityLabel, Feature, OffsetEncoding, SentimentLabel

SENTIMENT_LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive", "mixed")
_ENTITY_FEATURES: frozenset[Feature] = frozenset({"entities", "entity_sentiment"})
_SENTENCE_FEATURES: frozenset[Feature] = frozenset({"sentiment", "sentences", "entity_sentiment"})
_SENTIMENT_LANGUAGE = "en"

_SAMPLE = (
    "Apple is looking at buying U.K. startup for $1 billion. Tim Cook loved it!",
    "Angela Merkel visited Paris on Monday 🎉 and the 東京 office hated it, naïve as ever.\r\nNobody cared.",
    " \n ",
    "👩‍👩‍👧 ❤️ e\u0301",
)


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
        sentiment = load_sentiment_model(english_folder()) if nlp.lang == _SENTIMENT_LANGUAGE else None
        features: set[Feature] = {"sentences"}
        if loaded.has_entities:
            features.add("entities")
        if sentiment:
            features.add("sentiment")
        if sentiment and loaded.has_entities:
            features.add("entity_sentiment")
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
            Wanted(
                entities=not d.features.isdisjoint(_ENTITY_FEATURES),
                sentences=not d.features.isdisjoint(_SENTENCE_FEATURES),
            )
            for d in documents
        ]
        found = self.engine.annotate([document.text for document in documents], wanted)
        entities = [chosen_entities(d, annotations.entities) for d, annotations in zip(documents, found, strict=True)]
        sentences = [annotations.sentences for annotations in found]
        scores = self._scores(documents, sentences)
        towards = self._scores_towards(documents, entities, sentences)
        start = AnalyzeResponse(language=self.language, offset_encoding="codepoint", pipeline=self.title)
        findings = map(Findings, entities, sentences, scores, towards)
        return [write_answer(start, *pair) for pair in zip(documents, findings, strict=True)]

    def _scores(
        self, documents: Sequence[Document], sentences: Sequence[Sequence[SentenceSpan]]
    ) -> list[TextScores | None]:
        """Those of the documents that want them, by one call."""
        asked = [i for i, document in enumerate(documents) if "sentiment" in document.features]
        scores: list[TextScores | None] = [None] * len(documents)
        if asked and self.sentiment:
            found = self.sentiment.score([documents[i].text for i in asked], [sentences[i] for i in asked])
            for i, of_text in zip(asked, found, strict=True):
                scores[i] = of_text
        return scores

    def _scores_towards(
        self,
        documents: Sequence[Document],
        entities: Sequence[Sequence[EntitySpan]],
        sentences: Sequence[Sequence[SentenceSpan]],
    ) -> list[list[Scores] | None]:
        """Those of the entities of the documents that want them, by one call."""
        asked = [i for i, document in enumerate(documents) if "entity_sentiment" in document.features]
        scores: list[list[Scores] | None] = [None] * len(documents)
        if asked and self.sentiment:
            targets = [targets_of(len(documents[i].text), entities[i], sentences[i]) for i in asked]
            found = self.sentiment.score_targets([documents[i].text for i in asked], targets)
            for i, of_text in zip(asked, found, strict=True):
                scores[i] = of_text
        return scores

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
                    if not inside or slice_of(document.text, span["start"], span["end"], encoding) != span["text"]:
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
