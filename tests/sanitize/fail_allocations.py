"""Fail each allocation of each operation once: `python -m tests.sanitize.fail_allocations [--short]`.

An operation is called with its first allocation failing, then with its second, and so on until it succeeds because it
makes no more. Every failure must raise MemoryError, leave no block allocated that was not there before, and leave the
object whole: the next call gives the right answer. Of many allocations alike only some are tried (the strides of
`Operation`); the short form tries a third of the kernels' own, and a thirteenth of those that Python makes for them
(results and strings).
"""

import gc
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from spacy.language import Language

from spanwise.pipelines.annotations import ENTITIES
from spanwise.pipelines.entities.compiled.classifiers import read_classifier
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.compiled_grammar import compile_grammar
from spanwise.pipelines.entities.compiled.parser import compile_parser
from spanwise.pipelines.entities.compiled.rulers import read_rulers
from spanwise.pipelines.entities.compiled.shared_networks import AnyClassifier
from spanwise.pipelines.entities.compiled.span_categorizers import read_span_categorizer
from spanwise.pipelines.entities.component_plan import plan_of
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.kernels import constants
from spanwise.pipelines.sentiment import model_folder
from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.compiled_model import CompiledModel
from spanwise.pipelines.sentiment.gate import gate_size
from tests.conftest import ENGLISH
from tests.sanitize import native
from tests.support.artefacts import write_random_model
from tests.support.classifiers import CLASSIFIERS, ngrams
from tests.support.models import LISTENER, SENTENCES, pipeline, recognizer, tok2vec
from tests.support.parsers import WIDTH, parser, parser_pipeline
from tests.support.rulers import RULES, add_rules
from tests.support.span_categorizers import singlelabel, spancat
from tests.support.static_vectors import two_projections, with_floret

_SMALL_LEXICON = 1 << 15
_REPETITIONS = 30
"""How often in turn a call must leave a block of Python behind before that is a leak: caches fill at first."""

_EVERYTHING = bytes(
    [
        constants.WANT_ENTITIES
        | constants.WANT_SENTENCES
        | constants.WANT_CATEGORIES
        | constants.WANT_SPANS
        | constants.WANT_MATCHES
    ]
)
"""What is wanted of a text."""

_MOST_FINDINGS = 10
"""After so many the program stops: each leak takes time to tell from a cache."""

_SHORT_STEPS = {native.BLOCKS: 3, native.GROWTHS: 1, native.PYTHON: 13}
_DOMAIN_NAMES = {native.BLOCKS: "block", native.GROWTHS: "growth", native.PYTHON: "allocation by Python"}


class Attempt(NamedTuple):
    """A call that is about to be made, and what to call afterwards: it must answer as if nothing had happened."""

    call: Callable[[], object]
    afterwards: Callable[[], object] | None


class Operation(NamedTuple):
    """What is tried. `prepare` makes everything anew, so that each attempt allocates the same."""

    name: str
    prepare: Callable[[], Attempt]
    expected: object
    """What the call returns when nothing fails; None for a constructor."""
    block_stride: int = 1
    """Fail one block in so many only: the records of a thousand words are all allocated in one place."""
    python_stride: int = 1
    """The same for Python's allocations: an answer of three hundred texts makes thousands."""


class Finding(Exception):
    """Something that must not happen when an allocation fails."""


def _try(operation: Operation, domain: int, number: int) -> bool:
    """Make one attempt. Return whether the operation got as far as the allocation. Raises `Finding`."""
    before = native.native_live()
    call, afterwards = operation.prepare()
    held = native.native_live()
    result = None
    raised: BaseException | None = None
    try:
        result = native.call(call, domain, number)
    except BaseException as error:  # noqa: BLE001 (whatever is raised is judged below)
        raised = error.with_traceback(None)
        raised.__context__ = None
    fired = bool(native.fired())
    if raised is not None and not (fired and isinstance(raised, MemoryError)):
        raise Finding(f"raised {raised!r}")
    if fired and raised is None and domain != native.PYTHON:
        raise Finding("nobody noticed the failure")
    if raised is None and operation.expected is not None and result != operation.expected:
        raise Finding("the answer is wrong")
    if raised is not None and not afterwards and native.native_live() != held:
        raise Finding(f"{native.native_live() - held} blocks are left of an object that was not made")
    if afterwards and afterwards() != operation.expected:
        raise Finding("the call after the failure gives a wrong answer")
    del call, afterwards, result, raised
    if native.native_live() != before:
        raise Finding(f"{native.native_live() - before} blocks are left when everything is deleted")
    return fired


def _leaks_python(operation: Operation, domain: int, number: int) -> bool:
    """Whether attempts leave blocks of Python behind, again and again."""
    for _ in range(_REPETITIONS):
        gc.collect()  # empties Python's lists of free objects, too
        native.mark_python()
        _try(operation, domain, number)
        gc.collect()
        if native.python_growth() <= 0:
            return False
    return True


def fail_each(operation: Operation, domain: int, step: int) -> Iterator[str | None]:
    """Yield for each failure of an allocation None, or what is wrong."""
    for number in count(1, step):
        where = f"{operation.name}: {_DOMAIN_NAMES[domain]} {number}"
        print(where, file=sys.stderr, flush=True)  # who reads of a crash wants to know
        try:
            if not _try(operation, domain, number):
                return
            leaks = _leaks_python(operation, domain, number)
        except Finding as finding:
            yield f"{where}: {finding}"
        else:
            yield f"{where}: leaks objects of Python" if leaks else None


# ---- operations ----


def _recorded(module: str, make: Callable[[], Any]) -> tuple[Any, Callable[[], Any]]:
    """Make something that holds kernels. Return it, and the call of the kernels' type that it made."""
    kind: Any = type(make()._kernels)
    calls: list[dict[str, Any]] = []

    def record(**arguments: Any) -> Any:
        calls.append(arguments)
        return kind(**arguments)

    namespace = vars(import_module(module))
    aliases = [name for name, value in namespace.items() if value is kind]
    with mock.patch.dict(namespace, dict.fromkeys(aliases, record)):
        made = make()
    (arguments,) = calls
    return made, partial(kind, **{name: _plain(value) for name, value in arguments.items()})


def _plain(value: Any) -> Any:
    """Return the value with views of bytes in the place of arrays: numpy allocates when it lends an array."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, np.ndarray):
        view: Any = memoryview(value.tobytes())
        return view.cast(value.dtype.char, value.shape)
    return value


def _fresh(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return copies: a string keeps its UTF-8 once it was asked for."""
    return tuple("".join(list(text)) for text in texts)


def _span_kernels(nlp: Language, entities: str | None, sentences: str) -> tuple[Any, Callable[[], Any]]:
    """Compile a pipeline with its classifiers and rulers. Return the engine, and the call that makes its kernels."""
    found: dict[str, AnyClassifier] = {}
    for name in nlp.pipe_names:
        if name.startswith("textcat"):
            found[name] = read_classifier(nlp, name)
        if name.startswith("spancat"):
            found[name] = read_span_categorizer(nlp, name)
    names = [name for name in nlp.pipe_names if name in RULES]
    rulers = read_rulers(nlp, names, ENTITIES, has_recognizer=entities is not None) if names else None
    return _recorded(
        "spanwise.pipelines.entities.compiled.compiled_engine",
        lambda: compile_pipeline(nlp, entities, sentences, found, lexicon_bytes=_SMALL_LEXICON, rulers=rulers),
    )


def _construction(name: str, make: Callable[[], Any]) -> Operation:
    return Operation(f"{name}: construct", lambda: Attempt(make, None), None)


def _annotation(
    name: str,
    engine: Any,
    make: Callable[[], Any],
    texts: tuple[str, ...],
    *,
    before: tuple[str, ...] = (),
    stride: int = 1,
) -> Operation:
    """Annotate texts with new kernels, which have annotated the texts `before`.

    What is described during the call was recorded: a description that runs out of memory would be Python's affair.
    """
    wanted = _EVERYTHING * len(texts)

    def warm() -> Any:
        kernels = make()
        for text in before:
            kernels.annotate((text,), _EVERYTHING, engine._lexemes)
        return kernels

    answers: list[object] = []

    def record(questions: list[tuple[str, int]]) -> Any:
        answers.append(engine._lexemes(questions))
        return answers[-1]

    expected = warm().annotate(texts, wanted, record)

    def prepare() -> Attempt:
        kernels, strings = warm(), _fresh(texts)
        return Attempt(
            partial(kernels.annotate, strings, wanted, partial(next, iter(answers))),
            partial(kernels.annotate, strings, wanted, engine._lexemes),
        )

    return Operation(f"{name}: annotate", prepare, expected, stride, stride)


def _token_operations() -> Iterator[Operation]:
    classes = {"model": {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": LISTENER}}
    own = {"model": {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": tok2vec(width=48)}}
    nlp = pipeline({"tok2vec": {"model": tok2vec()}, "tagger": classes, "morphologizer": classes, "tagger2": own})
    grammar, make = _recorded(
        "spanwise.pipelines.entities.compiled.compiled_grammar",
        lambda: compile_grammar(nlp, plan_of(nlp), lexicon_bytes=_SMALL_LEXICON),
    )
    yield _construction("token networks", make)
    texts = (SAMPLE[0], SENTENCES[1], "", " ".join(f"word{i}" for i in range(200)))
    wanted = bytes([constants.WANT_TOKENS | constants.WANT_VECTORS]) * len(texts)
    answers: list[object] = []

    def record(words: list[str]) -> Any:
        answers.append(grammar._lexemes(words))
        return answers[-1]

    expected = make().tokens(texts, wanted, record)

    def prepare() -> Attempt:
        kernels, strings = make(), _fresh(texts)
        return Attempt(
            partial(kernels.tokens, strings, wanted, partial(next, iter(answers))),
            partial(kernels.tokens, strings, wanted, grammar._lexemes),
        )

    yield Operation("token networks: tokens", prepare, expected, 7, 7)


def _sentiment_operations(name: str, artefact: Artefact) -> Iterator[Operation]:
    model, make = _recorded("spanwise.pipelines.sentiment.compiled_model", lambda: CompiledModel(artefact))
    yield _construction(name, make)
    texts = (
        *SAMPLE[:6],
        " ".join(f"W{i}örd" for i in range(700)),
        "",
        "soooo GOOD :) #tag @me http://x.y",
        "bad. " * 300,
    )
    spans = [[(0, len(text) // 2), (len(text) // 2, len(text))] if i % 2 else [] for i, text in enumerate(texts)]
    targets = [[(at, min(at + 5, len(text)), 0, len(text)) for at in range(0, len(text), 29)][:20] for text in texts]
    many = tuple("ab cd" for _ in range(300))
    for method, strings, items, python_stride in (
        ("score", texts, spans, 3),
        ("score", many, [[(0, 2), (3, 5)]] * len(many), 61),
        ("score_targets", texts, targets, 17),
    ):
        counts = np.array([len(of_text) for of_text in items], np.uint32).tobytes()
        flat = np.array([position for of_text in items for item in of_text for position in item], np.uint32).tobytes()
        call = _call(f"{name}: {method} {len(strings)} texts", make, method, strings, counts, flat)
        yield call._replace(python_stride=python_stride)
    yield _call(f"{name}: tokenize", make, "tokenize", SAMPLE[5])
    weights = np.ones(gate_size(len(artefact.vocabulary)), np.float32)
    yield _call(f"{name}: gate {len(many)} texts", make, "gate", many, weights)._replace(python_stride=61)
    del model


def _call(name: str, make: Callable[[], Any], method: str, texts: Any, *arguments: object) -> Operation:
    """Call a method of new kernels with a tuple of texts, or with one."""

    def prepare() -> Attempt:
        strings = _fresh(texts) if isinstance(texts, tuple) else _fresh((texts,))[0]
        call = partial(getattr(make(), method), strings, *arguments)
        return Attempt(call, call)

    return Operation(name, prepare, prepare().call())


def _parser_operations(name: str, nlp: Language) -> Iterator[Operation]:
    """Make a parser, and parse more texts than there are lanes, one of them longer than a window."""
    _, make = _recorded("spanwise.pipelines.entities.compiled.parser", lambda: compile_parser(nlp, "parser"))
    yield _construction(name, make)
    lengths = (3, 0, 40, 1, 7, 700, 12, 30, 5, 2, 90)
    vectors = _plain(np.random.default_rng(0).normal(size=(sum(lengths), WIDTH)).astype(np.float32))
    arguments = (vectors, np.array(lengths, np.uint32).tobytes(), bytes(sum(lengths)))

    def prepare() -> Attempt:
        call = partial(make().parse, *arguments)
        return Attempt(call, call)

    yield Operation(f"{name}: parse", prepare, prepare().call())


def operations(folder: Path) -> Iterator[Operation]:
    """Yield constructors and methods of all kinds of kernels, with models of several architectures."""
    many = " ".join(f"word{i}" for i in range(300))
    joined = ("Google:) ) and b:( (", "do n't ): , (:", "RT Google:) ) x")
    texts = (SAMPLE[0], *joined, SENTENCES[1])
    architectures: dict[str, tuple[Language, str | None, str]] = {
        "two networks": (pipeline({"ner": recognizer(), "senter": {}}), "ner", "senter"),
        "rules": (pipeline({"ner": recognizer(extra_state_tokens=True), "sentencizer": {}}), "ner", "sentencizer"),
        "no upper layer": (pipeline({"ner": recognizer(use_upper=False), "sentencizer": {}}), "ner", "sentencizer"),
        "static vectors": (
            two_projections(), "ner", "senter"
        ),
        "static vectors by n-grams": (with_floret(two_projections()), "ner", "senter"),
        "no entities": (pipeline({"sentencizer": {}}), None, "sentencizer"),
        "rulers": (add_rules(pipeline({"sentencizer": {}})), None, "sentencizer"),
        "classifiers": (
            pipeline(
                {
                    "textcat": {"model": {**CLASSIFIERS["ensemble"], "linear_model": ngrams(length=100, ngram_size=3)}},
                    "textcat_multilabel": {"model": CLASSIFIERS["attention"]},
                    "sentencizer": {},
                }
            ), None, "sentencizer"
        ),
        "span categorizers": (
            pipeline(
                {
                    "spancat": spancat(lengths=(2, 5), threshold=0.2, spans_key="one"),
                    "spancat_singlelabel": singlelabel(allow_overlap=False),
                    "sentencizer": {},
                }
            ), None, "sentencizer"
        ),
    }  # fmt: skip
    for name, (nlp, entities, sentences) in architectures.items():
        engine, make = _span_kernels(nlp, entities, sentences)
        yield _construction(name, make)
        yield _annotation(name, engine, make, texts)
        if name == "two networks":
            long = (*SAMPLE, many, " ".join(SENTENCES * 40))
            yield _annotation(f"{name}, long texts", engine, make, long, stride=61)
            old = tuple(many[i : i + 300] for i in range(0, len(many), 300)) * 2
            turned = f"{name}, a lexicon that has turned over"
            yield _annotation(turned, engine, make, (many, *joined), before=old, stride=17)
    yield from _token_operations()
    yield from _parser_operations("parser", parser_pipeline(parser()))
    yield from _parser_operations("parser without upper layer", parser_pipeline(parser(use_upper=False)))
    loaded = load(ENGLISH)
    engine, make = _span_kernels(loaded.nlp, loaded.plan.recognizer, loaded.plan.boundaries.name)
    yield _construction(ENGLISH, make)
    yield _annotation(ENGLISH, engine, make, ("Tim Cook met Angela Merkel in Paris. She left.",))
    yield from _sentiment_operations("random sentiment", Artefact.load(write_random_model(folder)))
    _, make = _recorded(
        "spanwise.pipelines.sentiment.compiled_model", lambda: CompiledModel(Artefact.load(model_folder("en")))
    )
    yield _construction("English sentiment", make)


def main() -> None:
    """Try every operation. Print the findings and a summary."""
    native.hook_python()
    tried = failures = found = 0
    with tempfile.TemporaryDirectory() as folder:
        for operation in operations(Path(folder)):
            tried += 1
            for _ in range(5):  # fill caches
                _try(operation, native.BLOCKS, 0)
            gc.freeze()  # so that collecting what an attempt leaves takes no time
            for domain in native.DOMAINS:
                step = (operation.block_stride, 1, operation.python_stride)[domain]
                if "--short" in sys.argv:
                    step *= _SHORT_STEPS[domain]
                for finding in fail_each(operation, domain, step):
                    failures += 1
                    if finding:
                        found += 1
                        print(finding, flush=True)
                        if found == _MOST_FINDINGS:
                            raise SystemExit("more allocations were not tried")
    print(f"{failures} failed allocations in {tried} operations, {found} with findings")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
