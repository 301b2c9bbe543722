"""Annotated texts are read from the common forms, and what does not fit is refused with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from spanwise.pipelines.calibration.labelled_texts import LabelledSpan, read_labelled_texts
from spanwise.pipelines.calibration.refusals import LabelledTextsRefused

TEXT = "🎉 Tim Cook left Paris."
SPANS = (LabelledSpan(2, 10, "PERSON"), LabelledSpan(16, 21, "GPE"))
TIM, PARIS = ({"start": start, "end": end, "label": label} for start, end, label in SPANS)


def lines(path: Path, *records: Any) -> Path:
    """Write each record as a line of JSON; a string or bytes as they are."""
    written = [one if isinstance(one, str | bytes) else json.dumps(one) for one in records]
    path.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in written))
    return path


@pytest.mark.parametrize(
    "record",
    [
        {"text": TEXT, "entities": [TIM, PARIS]},
        {"text": TEXT, "entities": [PARIS, TIM | {"confidence": 0.9, "text": "Tim Cook"}]},
        {"text": TEXT, "entities": [[2, 10, "PERSON"], [16, 21, "GPE"]]},
        {"text": TEXT, "entities": [[16, 21, "GPE", "Q90"], [2, 10, "PERSON"]], "meta": {"source": "x"}},
        {"text": TEXT, "spans": [TIM | {"token_start": 1, "token_end": 2}, PARIS], "answer": "accept"},
        [TEXT, {"entities": [[2, 10, "PERSON"], [16, 21, "GPE"]]}],
    ],
)
def test_the_common_forms_are_read(record: Any, tmp_path: Path) -> None:
    """Each form gives the same text with its entities in the order of the text."""
    read = read_labelled_texts(lines(tmp_path / "texts.jsonl", record))
    assert [(one.text, one.entities) for one in read.texts] == [(TEXT, SPANS)]
    assert read.left_out == 0


def test_a_doc_bin_is_read(tmp_path: Path) -> None:
    """A file of spaCy's training has its entities in code points; a document without annotations is left out."""
    nlp = spacy.blank("en")
    annotated, empty, unknown = nlp.make_doc(TEXT), nlp.make_doc("Nobody left."), nlp.make_doc("Paris.")
    annotated.ents = [span for one in SPANS if (span := annotated.char_span(*one))]
    empty.ents = ()
    path = tmp_path / "texts.spacy"
    DocBin(docs=[annotated, unknown, empty]).to_disk(path)
    read = read_labelled_texts(path)
    assert [(one.text, one.entities) for one in read.texts] == [(TEXT, SPANS), ("Nobody left.", ())]
    assert [one.place for one in read.texts] == ["document 1", "document 3"]
    assert read.left_out == 1


def test_what_annotators_refused_is_left_out_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    """Prodigy's rejected and ignored texts are counted as left out. A byte order mark and blank lines do no harm."""
    records = [b"\xef\xbb\xbf" + json.dumps({"text": "a", "spans": []}).encode(), "", "  "]
    records += [json.dumps({"text": TEXT, "spans": [TIM], "answer": answer}) for answer in ("reject", "ignore")]
    read = read_labelled_texts(lines(tmp_path / "texts.jsonl", *records))
    assert [one.text for one in read.texts] == ["a"]
    assert read.left_out == 2


@pytest.mark.parametrize(
    ("record", "what"),
    [
        ("{", "it is not JSON"),
        (b'{"text": "\xff", "entities": []}', "it is not JSON in UTF-8"),
        ("[" * 100_000, "it is not JSON"),
        ("7", "no object"),
        ({"entities": []}, "no `text`"),
        ({"text": None, "entities": []}, "no `text`"),
        ({"text": TEXT}, "neither `entities` nor `spans`"),
        ({"text": TEXT, "entities": {"PERSON": [2, 10]}}, "are no list"),
        ({"text": TEXT, "entities": [[2, 10]]}, "entity 1 has no start, end and label"),
        ({"text": TEXT, "entities": [TIM, {"start": 16, "end": 21}]}, "entity 2 has no start, end and label"),
        ({"text": TEXT, "entities": [["2", 10, "PERSON"]]}, "entity 1 has no start, end and label"),
        ({"text": TEXT, "entities": [[True, 10, "PERSON"]]}, "entity 1 has no start, end and label"),
        ({"text": TEXT, "entities": [[2, 10, ""]]}, "entity 1 has no start, end and label"),
        ({"text": TEXT, "entities": [[2, 99, "PERSON"]]}, "does not lie in its text of 22 code points"),
        ({"text": TEXT, "entities": [[-1, 10, "PERSON"]]}, "does not lie in its text"),
        ({"text": TEXT, "entities": [[10, 2, "PERSON"]]}, "does not lie in its text"),
        ({"text": TEXT, "entities": [[5, 5, "PERSON"]]}, "does not lie in its text"),
        ({"text": TEXT, "entities": [[2, 11, "PERSON"]]}, "white space"),
        ({"text": TEXT, "entities": [[1, 10, "PERSON"]]}, "white space"),
        ({"text": TEXT, "entities": [TIM, [6, 15, "ORG"]]}, "at 2 and 6 overlap"),
        ({"text": TEXT, "entities": [TIM, TIM]}, "at 2 and 2 overlap"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(record: Any, what: str, tmp_path: Path) -> None:
    """The error names the file, the line and what is wrong, on one line, and never quotes the text."""
    path = lines(tmp_path / "texts.jsonl", {"text": TEXT, "entities": [TIM]}, record)
    with pytest.raises(LabelledTextsRefused, match=what) as refused:
        read_labelled_texts(path)
    message = str(refused.value)
    assert message.startswith(f"{path}, line 2: ")
    assert "\n" not in message
    assert "Cook" not in message


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, and a file that is no DocBin are refused."""
    (tmp_path / "no.spacy").write_bytes(b"nothing of spaCy's")
    for name, what in (("none.jsonl", "Cannot read"), ("", "Cannot read"), ("no.spacy", "no DocBin")):
        with pytest.raises(LabelledTextsRefused, match=what) as refused:
            read_labelled_texts(tmp_path / name)
        assert "\n" not in str(refused.value)
