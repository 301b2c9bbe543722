"""Static vectors: one table for all networks, each with a projection of its own, in pages that processes share."""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spacy.language import Language
from spacy.vectors import Vectors

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import CATEGORIES, ENTITIES, ENTITIES_AND_SENTENCES, SENTENCES, TOKENS
from spanwise.pipelines.entities.compiled.classifiers import read_classifier
from spanwise.pipelines.entities.compiled.comparison import SAMPLE, differing
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.compiled_grammar import compile_grammar
from spanwise.pipelines.entities.compiled.static_vectors import read_table
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import plan_of
from spanwise.pipelines.entities.mapped_vectors import map_vectors
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.kernels import SpanKernels
from tests.support import models
from tests.support.classifiers import other
from tests.support.models import pipeline, recognizer, tok2vec
from tests.support.static_vectors import two_projections, with_attribute, with_floret

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

TEXTS = [
    *SAMPLE,
    *models.SENTENCES,
    "He don't, isn't and won't. Cannot it's gonna!",
    "ab" * 300,
    "東京 naïve ñandú ß 🎉",
]


def assert_spacys(nlp: Language) -> None:
    """Check that a pipeline is compiled whole and gives spaCy's entities and sentences."""
    engine = compile_pipeline(nlp, "ner", "senter")
    assert engine.layers == ENTITIES_AND_SENTENCES
    own = SpacyEngine(nlp, plan_of(nlp))
    assert not [*differing(engine, own, TEXTS)]
    found = own.annotate(TEXTS, [ENTITIES_AND_SENTENCES] * len(TEXTS))
    assert any(one.entities for one in found), "random weights find nothing that could differ"
    assert any(len(one.sentences) > 1 for one in found)


def test_two_networks_project_one_table_each_in_its_own_way() -> None:
    """A recognizer and a sentence recognizer with projections of their own are both compiled."""
    nlp = two_projections()
    projections = [layer.get_param("W") for layer in _projections(nlp)]
    assert len(projections) == 2
    assert not np.array_equal(*projections)
    assert_spacys(nlp)


def _projections(nlp: Language) -> list[Any]:
    return [
        layer
        for name in nlp.pipe_names
        for layer in _component(nlp, name).model.walk()
        if layer.name == "static_vectors"
    ]


def _component(nlp: Language, name: str) -> Any:
    return nlp.get_pipe(name)


def test_a_projection_changes_the_answers() -> None:
    """Without the projected vectors the answers are other ones, so that the comparison above can fail."""
    nlp = two_projections()
    wanted = [ENTITIES_AND_SENTENCES] * len(TEXTS)
    before = compile_pipeline(nlp, "ner", "senter").annotate(TEXTS, wanted)
    for layer in _projections(nlp):
        layer.set_param("W", np.zeros_like(layer.get_param("W")))
    after = compile_pipeline(nlp, "ner", "senter").annotate(TEXTS, wanted)
    assert [one.entities for one in before] != [one.entities for one in after]
    assert [one.sentences for one in before] != [one.sentences for one in after]


@pytest.mark.parametrize("attribute", ["ORTH", "NORM", "LOWER", "SHAPE", "PREFIX"])
def test_vectors_are_found_by_any_attribute_of_a_word(attribute: str) -> None:
    """The key may be another attribute than the word, and a norm that a tokenizer's exception gives, too."""
    assert_spacys(with_attribute(two_projections(), attribute))


@pytest.mark.parametrize(
    "config",
    [{}, {"hash_count": 1}, {"hash_count": 4, "hash_seed": 2**31 + 5}, {"minn": 1, "maxn": 1}, {"minn": 5, "maxn": 5},
     {"minn": 0, "maxn": 0}, {"bow": "", "eow": ""}, {"bow": "é𝄞", "eow": "\u2029>"}],
    ids=str,
)  # fmt: skip
def test_vectors_are_found_by_n_grams(config: dict[str, Any]) -> None:
    """A word's vector is the mean of what floret hashes its n-grams to, in any script and for words of any length."""
    assert_spacys(with_floret(two_projections(), **config))


def test_a_word_without_a_vector_has_zeros_in_every_row_of_a_batch() -> None:
    """More new words at once than are embedded together get spaCy's answers, those with a vector and those without."""
    nlp = two_projections()
    known = list(nlp.vocab.vectors.keys())
    words = [nlp.vocab.strings[known[i % len(known)]] if i % 3 == 0 else f"new{i}" for i in range(1000)]
    text = " ".join(words)
    engine, own = compile_pipeline(nlp, "ner", "senter"), SpacyEngine(nlp, plan_of(nlp))
    assert not [*differing(engine, own, [text])]
    assert not [*differing(engine, own, [text])], "from the lexicon"


def test_a_grammar_reads_the_same_table() -> None:
    """Two taggers with projections of their own are compiled, and their tags are spaCy's."""
    classes = {"model": {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": tok2vec(static_vectors=True)}}
    nlp = pipeline({"tagger": classes, "morphologizer": classes}, vectors=20)
    grammar, own = compile_grammar(nlp, plan_of(nlp)), SpacyEngine(nlp, plan_of(nlp))
    expected = [one.tokens for one in own.annotate(TEXTS, [TOKENS] * len(TEXTS))]
    assert grammar.annotate(TEXTS) == expected


def test_a_classifier_projects_the_table_beside_a_recognizer() -> None:
    """A classifier with a projection of its own is compiled beside a recognizer with another one."""
    model = other("TextCatCNN.v2", tok2vec=tok2vec(static_vectors=True))
    nlp = pipeline({"ner": recognizer(tok2vec(static_vectors=True)), "textcat": {"model": model}}, vectors=20)
    engine = compile_pipeline(nlp, "ner", None, {"textcat": read_classifier(nlp, "textcat")})
    assert list(engine.classifiers) == ["textcat"]
    texts = [text for text in TEXTS if text]
    for one, doc in zip(engine.annotate(texts, [ENTITIES | CATEGORIES] * len(texts)), nlp.pipe(texts), strict=True):
        assert one.categories == pytest.approx(doc.cats, abs=1e-4)


def test_other_tables_are_refused_with_the_reason() -> None:
    """Vectors by a token's attribute, of another length or of a user's own class raise `Unsupported`."""

    class Own:
        data = np.zeros((1, 20), "f")
        shape = (1, 20)

    nlp = two_projections()
    table: Any = nlp.vocab.vectors
    others: list[tuple[Any, str]] = [
        (Vectors(data=table.data, keys=list(table.keys()), attr="TAG", strings=nlp.vocab.strings), "by TAG"),
        (Vectors(data=np.zeros((3, 21), "f"), strings=nlp.vocab.strings), "another length"),
        (Vectors(strings=nlp.vocab.strings), "without values"),
        (Own(), "by Own"),
    ]
    for vectors, reason in others:
        nlp.vocab.vectors = vectors
        with pytest.raises(Unsupported, match=reason):
            compile_pipeline(nlp, "ner", "senter")


def test_a_table_that_the_kernels_do_not_know_leaves_the_rest_compiled() -> None:
    """Where only the sentence recognizer or a classifier reads such vectors, entities stay compiled."""
    model = other("TextCatCNN.v2", tok2vec=tok2vec(static_vectors=True))
    nlp = two_projections(ner=recognizer(), textcat={"model": model})
    table: Any = nlp.vocab.vectors
    nlp.vocab.vectors = Vectors(data=table.data, keys=list(table.keys()), attr="TAG", strings=nlp.vocab.strings)
    engine = compile_pipeline(nlp, "ner", "senter", {"textcat": read_classifier(nlp, "textcat")})
    assert engine.layers == ENTITIES
    assert not engine.classifiers
    assert engine.layers.isdisjoint(SENTENCES)


# ---- mapped from the pipeline's own file ----


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pipeline on disk with 4 MB of static vectors, of which most belong to no word of its own."""
    nlp = pipeline({"ner": recognizer(tok2vec(static_vectors=True)), "senter": {}}, vectors=20)
    table: Any = nlp.vocab.vectors
    keys = list(table.keys())
    nlp.vocab.vectors = Vectors(
        data=np.vstack([table.data[: len(keys)], np.ones((50_000, 20), "f")]), keys=keys, strings=nlp.vocab.strings
    )
    path = tmp_path_factory.mktemp("pipeline") / "en"
    nlp.to_disk(path)
    return path


def mapping_of(path: Path) -> dict[str, int]:
    """Return what this process has mapped of a file: kilobytes by the names that proc_pid_smaps(5) gives."""
    found: dict[str, int] = {}
    is_this = False
    for line in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_this = line.endswith(str(path))
        elif is_this and (size := re.match(r"(\w+): +(\d+) kB", line)):
            found[size[1]] = found.get(size[1], 0) + int(size[2])
    return found


def test_a_loaded_pipeline_reads_its_vectors_in_pages_of_its_own_file(folder: Path) -> None:
    """No page of the table is a copy of this process's own, whoever of the pipeline's engines has read it."""
    analyzer = Analyzer.load(folder, "en")
    assert {one["engine"] for one in analyzer.contents.components} == {"compiled"}
    analyzer.analyze(list(TEXTS), {"entities", "sentences", "tokens"})
    mapped = mapping_of(folder / "vocab" / "vectors")
    assert mapped["Rss"] > 3_000
    assert mapped["Anonymous"] == 0


def test_the_kernels_read_the_mapped_table_itself(folder: Path) -> None:
    """What the kernels get is the mapped array and no copy of it."""
    nlp = Language().from_disk(folder, exclude=["ner", "senter", "tokenizer"])
    assert map_vectors(nlp.vocab, folder)
    assert np.shares_memory(read_table(nlp.vocab).data, nlp.vocab.vectors.data)
    assert isinstance(_mapped(nlp.vocab.vectors.data), np.memmap)


def _mapped(array: Any) -> Any:
    while not isinstance(array, np.memmap) and array.base is not None:
        array = array.base
    return array


def test_a_changed_vector_stays_in_this_process(folder: Path) -> None:
    """A component of a user's own may set a vector as ever; the file and other processes do not see it."""
    path = folder / "vocab" / "vectors"
    before = path.read_bytes()
    nlp = Language().from_disk(folder, exclude=["ner", "senter", "tokenizer"])
    map_vectors(nlp.vocab, folder)
    word = nlp.vocab.strings[next(iter(nlp.vocab.vectors.keys()))]
    changed: Any = np.full(20, 42, "f")
    nlp.vocab.set_vector(word, changed)
    assert nlp.vocab.get_vector(word)[0] == 42
    assert path.read_bytes() == before


def test_a_folder_that_nobody_may_write_is_enough(folder: Path) -> None:
    """A pipeline on a read-only root has its vectors mapped; nothing is written on a first start."""
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for path in [folder, *files]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        nlp = Language().from_disk(folder, exclude=["ner", "senter", "tokenizer"])
        assert map_vectors(nlp.vocab, folder)
    finally:
        for path in [folder, *files]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == files


def saved(array: Any) -> bytes:
    """Return an array as `numpy.save` writes it."""
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"no vectors"),
        lambda path: path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0"),
        lambda path: path.write_bytes(saved(np.zeros((3, 20), "f"))),
        lambda path: path.write_bytes(saved(np.array([{}], dtype=object))),
    ],
    ids=["no file", "another form", "another value", "another size", "objects"],
)
def test_vectors_that_are_not_those_of_the_file_stay_in_memory(folder: Path, tmp_path: Path, damage: Any) -> None:
    """Vectors that did not come from the file, or that something changed while it loaded, are left as they are."""
    nlp = Language().from_disk(folder, exclude=["ner", "senter", "tokenizer"])
    data = nlp.vocab.vectors.data
    (tmp_path / "vocab").mkdir()
    path = tmp_path / "vocab" / "vectors"
    path.write_bytes((folder / "vocab" / "vectors").read_bytes())
    damage(path)
    assert not map_vectors(nlp.vocab, tmp_path)
    assert nlp.vocab.vectors.data is data


@pytest.mark.process
def test_the_vocabulary_of_a_compiled_pipeline_is_let_go(folder: Path) -> None:
    """Nothing that serves keeps the vocabulary, whose words and keys take most of a large pipeline's memory."""
    done = subprocess.run([sys.executable, "-m", __name__, str(folder)], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["compiled", "0"]


if __name__ == "__main__":
    import gc

    served = Analyzer.load(sys.argv[1], "en")
    served.analyze(list(TEXTS), {"entities", "sentences", "tokens"})
    gc.collect()
    sys.stdout.write(f"{served.engine_name} {sum(isinstance(one, Vectors) for one in gc.get_objects())}")
