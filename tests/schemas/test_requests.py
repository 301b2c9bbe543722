"""Tests of the validation of requests: limits, strictness, and documents that fail alone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import spanwise.schemas
from spanwise.schemas import AnalyzeRequest, BatchDocument, BatchRequest, EntitiesRequest, Limits, RejectedDocument
from spanwise.schemas.problems import field_errors, json_pointer

SMALL = Limits(max_text_characters=5, max_batch_documents=2, max_batch_characters=8)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text().map("Xyzzy7 {}".format),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text().map("Xyzzy7 {}".format), inner, max_size=4),
    max_leaves=12,
)


def codes(model: type[BaseModel], value: Any, limits: Limits = SMALL) -> list[str]:
    """Return the codes of all errors in a value."""
    try:
        model.model_validate(value, context=limits)
    except ValidationError as error:
        return [one["code"] for one in field_errors(error)]
    return []


@pytest.mark.smoke
def test_the_limits_of_the_context_are_in_force() -> None:
    """The context's limits apply, counted in code points; without a context the contract's defaults apply."""
    assert codes(EntitiesRequest, {"text": "🎉" * 5}) == []
    assert codes(EntitiesRequest, {"text": "🎉" * 6}) == ["text_too_long"]
    assert len(EntitiesRequest.model_validate({"text": "x" * 100_000}).text) == 100_000
    with pytest.raises(ValidationError):
        EntitiesRequest.model_validate({"text": "x" * 100_001})


def test_a_batch_is_counted_before_its_documents_are_looked_at() -> None:
    """A batch with too many documents, or too many characters in all, is refused as a whole."""
    assert codes(BatchRequest, {"documents": [{"text": "a"}] * 3}) == ["too_many_documents"]
    assert codes(BatchRequest, {"documents": [{"text": "aaaa"}, {"text": "aaaa"}]}) == []
    assert codes(BatchRequest, {"documents": [{"text": "aaaa"}, {"text": "aaaaa"}]}) == ["too_many_characters"]


def test_a_bad_document_is_rejected_in_its_place() -> None:
    """A bad document becomes an error in its place, and keeps a valid id."""
    documents = [{"text": "good"}, {"text": "", "id": "b"}]
    batch = BatchRequest.model_validate({"documents": documents}, context=SMALL)
    assert isinstance(batch.documents[0], BatchDocument)
    assert batch.documents[1] == RejectedDocument(id="b", code="text_empty", detail="/text: The text is empty.")


def test_features_are_a_set() -> None:
    """A feature that is named twice counts once; by default they are left to the pipeline."""
    request = AnalyzeRequest.model_validate({"text": "a", "features": ["entities", "entities"]})
    assert spanwise.schemas.given(request.features) == frozenset({"entities"})
    assert spanwise.schemas.given(AnalyzeRequest(text="a").features) is None


@settings(max_examples=300)
@given(value=json_values)
def test_any_json_value_is_either_valid_or_refused_with_codes(value: Any) -> None:
    """Validation raises nothing but errors with codes, and no detail quotes the value."""
    for model in (EntitiesRequest, AnalyzeRequest, BatchRequest):
        for candidate in (value, {"text": value}, {"documents": value}, {"documents": [value, {"text": value}]}):
            try:
                model.model_validate(candidate, context=SMALL)
            except ValidationError as error:
                for one in field_errors(error):
                    assert set(one) == {"pointer", "code", "detail"}
                    assert one["code"].replace("_", "").isalpha()
                    assert "Xyzzy7" not in one["detail"] + one["pointer"]


def test_a_flood_of_mistakes_gets_few_errors() -> None:
    """A body with a hundred thousand mistakes gets an answer with a single error."""
    flood = {f"field{i}": 1 for i in range(100_000)}
    assert codes(EntitiesRequest, flood) == ["unknown_field"]
    assert codes(EntitiesRequest, {"text": "a", "labels": [1] * 100_000}) == ["wrong_type"]
    assert codes(AnalyzeRequest, {"text": "a", "features": ["x"] * 100_000}) == ["unsupported_feature"]


def test_json_pointers_escape_as_rfc_6901_says() -> None:
    """`~` and `/` are escaped, and an empty path points to the whole document."""
    assert json_pointer(("documents", 0, "a/b~c")) == "/documents/0/a~1b~0c"
    assert json_pointer(()) == ""


def test_every_type_of_the_contract_is_exported() -> None:
    """The package exports every public type that its modules define."""
    for module in (
        spanwise.schemas.requests,
        spanwise.schemas.answers,
        spanwise.schemas.problems,
        spanwise.schemas.limits,
    ):
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) == module.__name__ and isinstance(value, type) and name[0] != "_":
                assert name in spanwise.schemas.__all__, name
