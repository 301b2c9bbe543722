"""The line and the file that name the pipelines: what they mean, and one clear line for every mistake."""

from pathlib import Path

import pytest

from spanwise.pipelines import PipelineSpec, PipelineSpecError, parse_specs, read_pipelines_file
from spanwise.pipelines.pipeline_entries import choose_spec


def test_an_entry_may_have_a_name() -> None:
    """A name stands before the @; without one, the pipeline is called like its package or folder."""
    specs = parse_specs("en=en_core_web_sm, tickets @ en-GB = ./models/v2 ,de=/opt/returns-1.0.2,fr=a/b@2.0/c=d")
    assert [(spec.name, spec.language, spec.source) for spec in specs] == [
        ("en_core_web_sm", "en", "en_core_web_sm"),
        ("tickets", "en-GB", "./models/v2"),
        ("returns", "de", "/opt/returns-1.0.2"),
        ("c=d", "fr", "a/b@2.0/c=d"),
    ]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("@en=x", "name@language=package"),
        ("a@=x", "name@language=package"),
        ("a@en", "name@language=package"),
        ("en=a,fr=a", "the name a"),
        ("a@en=b,en=./a", "the name a"),
        ("english speaking=a", "'english speaking=a': language: it must look like"),
        ("auto=a", "no pipeline can have the language auto"),
        ("fr=b,UND=a", "no pipeline can have the language UND"),
        ("a\tb@en=x", "printable"),
        (f"{'a' * 129}@en=x", "at most 128"),
    ],
)
def test_a_wrong_line_is_told_in_one_line(setting: str, expected: str) -> None:
    """The message says what is wrong, and with which entry."""
    with pytest.raises(PipelineSpecError) as told:
        parse_specs(setting)
    assert expected in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_holds_what_a_line_cannot(tmp_path: Path) -> None:
    """Names and folders may have commas, equals signs, spaces and drive letters; the order is kept."""
    folder = tmp_path / "odd, =folder"
    folder.mkdir()
    file = tmp_path / "pipelines.toml"
    file.write_text(
        """
        [[pipelines]]
        name = "tickets, all = of them"
        language = "en"
        source = "odd, =folder"
        disable = ["ner", "tagger"]
        sentiment = {negative = "NEG", positive = "POS"}

        [[pipelines]]
        name = "from another machine"
        language = "en-GB"
        source = 'D:\\models\\x=1, y'

        [[pipelines]]
        language = "fr"
        source = "fr_core_news_sm"
        """
    )
    assert read_pipelines_file(file) == [
        PipelineSpec(
            "en",
            str(folder),
            "tickets, all = of them",
            disable=("ner", "tagger"),
            sentiment={"negative": "NEG", "positive": "POS"},
        ),
        PipelineSpec("en-GB", "D:\\models\\x=1, y", "from another machine"),
        PipelineSpec("fr", "fr_core_news_sm", "fr_core_news_sm"),
    ]


def test_a_relative_folder_is_one_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place where the service is started does not matter; a name that is no folder there stays a package's."""
    (tmp_path / "local").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    file = tmp_path / "pipelines.toml"
    lines = "".join(f"[[pipelines]]\nlanguage='en'\nsource='{source}'\n" for source in ("local", "./other", "package"))
    file.write_text(lines)
    expected = [str(tmp_path / "local"), str(tmp_path / "other"), "package"]
    assert [spec.source for spec in read_pipelines_file(file)] == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "At least one pipeline"),
        ("pipelines = 3", "[[pipelines]]"),
        ("[other]\na = 1", "[[pipelines]]"),
        ("[[pipelines]\n", "is not TOML"),
        ("[[pipelines]]\nsource = 'x'", "pipeline 1 (x): language: Field required"),
        ("[[pipelines]]\nname = 'a'\nlanguage = 'en'", "pipeline 1 (a): source: Field required"),
        ("[[pipelines]]\nlanguage = 'en'\nsource = 'x'\ndisabled = ['ner']", "pipeline 1 (x): disabled: "),
        ("[[pipelines]]\nlanguage = 'en'\nsource = 'x'\ndisable = 'ner'", "pipeline 1 (x): disable: "),
        (
            "[[pipelines]]\nlanguage = 'en'\nsource = 'x'\nsentiment = {mixed = 'M'}",
            "pipeline 1 (x): sentiment.mixed: ",
        ),
        ("[[pipelines]]\nlanguage = 'en'\nsource = 3", "pipeline 1: source: "),
        ("[[pipelines]]\nlanguage = 'en'\nsource = 'x'\nname = ''", "pipeline 1 (): name: "),
        ("[[pipelines]]\nlanguage='en'\nsource='x'\n[[pipelines]]\nlanguage='fr'\nsource='x'", "the name x"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, content: str, expected: str) -> None:
    """The message names the file's entry and field, and begins with the file where it is about its content."""
    file = tmp_path / "pipelines.toml"
    file.write_text(content)
    with pytest.raises(PipelineSpecError) as told:
        read_pipelines_file(file)
    assert expected in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A missing file and bytes that are no text are told by the file's path."""
    with pytest.raises(PipelineSpecError, match=r"Cannot read .*absent\.toml: No such file"):
        read_pipelines_file(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff")
    with pytest.raises(PipelineSpecError, match=r"binary\.toml is not UTF-8"):
        read_pipelines_file(tmp_path / "binary.toml")


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        (None, None, "a"),
        ("en", None, "a"),
        ("EN_us", None, "a"),
        ("en-GB", None, "b"),
        ("fr-CH", None, "c"),
        (None, "c", "c"),
        ("en", "b", "b"),
    ],
)
def test_a_spec_is_chosen_as_a_registry_would(language: str | None, name: str | None, expected: str) -> None:
    """The command line loads the one pipeline that the service would serve the text by."""
    specs = parse_specs("a@en=x,b@en-GB=x,c@fr=x")
    assert choose_spec(specs, language, name).name == expected


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [("de", None, "There are: en, fr"), (None, "z", "There are: a, c"), ("fr", "a", "The pipeline a serves en")],
)
def test_a_spec_that_is_not_there_is_told(language: str | None, name: str | None, expected: str) -> None:
    """What there is instead is listed."""
    with pytest.raises(PipelineSpecError, match=expected):
        choose_spec(parse_specs("a@en=x,c@fr=x"), language, name)
