"""The sections `sentiment` and `sentences` of an answer."""

from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.document import Document
from spanwise.pipelines.features.console_table import CLASSES, ConsoleTable, sentiment_cells
from spanwise.pipelines.offsets import span_bounds
from spanwise.pipelines.sentiment import pure_sentiment, text_sentiment
from spanwise.schemas import AnalyzeResponse, Sentence


def write_sentiment(answer: AnalyzeResponse, _document: Document, found: Annotations) -> None:
    """Put the sentiment of the whole text into the answer."""
    if found.sentiment is not None:
        lengths = [end - start for start, end in found.sentences]
        answer["sentiment"] = text_sentiment(found.sentiment, lengths)


def write_sentences(answer: AnalyzeResponse, document: Document, found: Annotations) -> None:
    """Put the sentences into the answer, in the document's unit; with their sentiment where that was asked for too."""
    bounds = span_bounds(document.text, found.sentences, document.offset_encoding)
    sentences = [
        Sentence(start=start, end=end, text=document.text[span.start : span.end])
        for span, start, end in zip(found.sentences, bounds[::2], bounds[1::2], strict=True)
    ]
    if found.sentiment is not None:
        for sentence, scores in zip(sentences, found.sentiment.sentences, strict=True):
            sentence["sentiment"] = pure_sentiment(scores)
    answer["sentences"] = sentences


def tabulate_sentiment(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the sentiment of each sentence and of the whole text as rows."""
    if "sentiment" not in answer:
        return None
    rows = [
        (sentence["text"], *sentiment_cells(sentence["sentiment"]))
        for sentence in answer.get("sentences", ())
        if "sentiment" in sentence
    ]
    total = ("the whole text", *sentiment_cells(answer["sentiment"]))
    return ConsoleTable("Sentiment", ("sentence", "label", *CLASSES), rows, total)


def tabulate_sentences(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the sentences as rows, unless the table of sentiment has them already."""
    if "sentences" not in answer or "sentiment" in answer:
        return None
    rows = [(sentence["text"], str(sentence["start"]), str(sentence["end"])) for sentence in answer["sentences"]]
    return ConsoleTable("Sentences", ("sentence", "start", "end"), rows)
