"""The section `categories` of an answer."""

from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.document import Document
from spanwise.pipelines.features.console_table import ConsoleTable
from spanwise.schemas import AnalyzeResponse, CategoryScore


def write_categories(answer: AnalyzeResponse, document: Document, found: Annotations) -> None:
    """Put the categories into the answer, highest score first; no more than the document's options let through."""
    categories = (found.categories or {}).items()
    if document.min_score is not None:
        categories = {label: score for label, score in categories if score >= document.min_score}.items()
    ranked = sorted(categories, key=lambda pair: -pair[1])[: document.top]
    answer["categories"] = [CategoryScore(label=label, score=score) for label, score in ranked]


def tabulate_categories(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the categories as rows."""
    if "categories" not in answer:
        return None
    rows = [(category["label"], f"{category['score']:.2f}") for category in answer["categories"]]
    return ConsoleTable("Categories", ("category", "score"), rows)
