"""Decide whether the kernels compute the tokens of a pipeline: where they know all of its grammar and agree with spaCy.

The components of a pipeline's grammar build on one another, and an answer shows the result of all of them, so they are
compiled together or left to spaCy together.
"""

from dataclasses import dataclass

from spanwise.pipelines.annotations import ENTITIES, NOUN_CHUNKS, SENTENCES, TOKENS
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.compiled_grammar import CompiledGrammar, compile_grammar
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import Plan
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.grammar_engine import GrammarEngine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline
from spanwise.pipelines.load_errors import first_line


@dataclass(frozen=True, slots=True)
class GrammarChoice:
    """The engine with a compiled grammar, or the same one as before and the reason."""

    engine: Engine
    reason: str | None = None
    """Why spaCy's own components compute the tokens."""
    sets_sentences: bool = False
    """Whether the kernels compute the sentences of the pipeline's parser, also where nothing else needs it."""
    is_defect: bool = False
    """Whether the kernels should have served and failed, so that somebody must look."""


def choose_grammar(loaded: LoadedPipeline, engine: Engine, reading: TokenizerReading | None) -> GrammarChoice:
    """Compile the grammar of a pipeline, and compare it with spaCy on the built-in sample.

    `reading`: the pipeline's tokenizer; None where the kernels do not know it.
    """
    try:
        grammar = compile_grammar(loaded.nlp, loaded.plan, reading, lexicon_bytes=loaded.word_table_mb << 20)
        wrong = differing_tokens(grammar, SpacyEngine(loaded.nlp, loaded.plan))
    except Unsupported as reason:
        return GrammarChoice(engine, str(reason))
    except Exception as error:  # noqa: BLE001 - a component that nobody foresaw must not keep the service from starting
        return GrammarChoice(engine, f"compiling the grammar failed: {first_line(error)}", is_defect=True)
    if wrong:
        reason_why = f"the tokens of {wrong} of {len(SAMPLE)} built-in texts were described differently"
        return GrammarChoice(engine, reason_why, is_defect=True)
    sets_sentences = grammar.trees is not None and _ends_with_parser(loaded.plan)
    served = GrammarEngine(engine, grammar, sets_sentences=sets_sentences, restricts=_restricts(loaded.plan))
    return GrammarChoice(served, sets_sentences=sets_sentences)


def _ends_with_parser(plan: Plan) -> bool:
    """Return whether the parser sets the sentences of a text for which nothing else is asked, and nothing before it."""
    others = any(one.is_opaque for one in plan.components) or plan.is_intertwined
    return plan.boundaries.factory == "parser" and not others and not plan.sets_boundaries(ENTITIES)


def _restricts(plan: Plan) -> bool:
    """Return whether a parser stands before the recognizer, which then keeps to its boundaries."""
    parsers = [one.name for one in plan.components if one.factory == "parser"]
    return plan.before_recognizer(parsers) > 0


def differing_tokens(grammar: CompiledGrammar, reference: Engine) -> int:
    """Return how many texts of the built-in sample the compiled grammar describes in another way than spaCy."""
    layers, trees = TOKENS, grammar.trees
    if trees is not None:
        layers |= SENTENCES | (NOUN_CHUNKS if trees.has_noun_chunks else frozenset())
    expected = reference.annotate(SAMPLE, [layers] * len(SAMPLE))
    found = grammar.describe(SAMPLE, sentences=trees is not None, noun_chunks="noun_chunks" in layers)
    return sum(
        (one.tokens, [*one.sentences], [*one.noun_chunks]) != (other.tokens, other.sentences, other.noun_chunks)
        for one, other in zip(found, expected, strict=True)
    )


def reading_of(loaded: LoadedPipeline) -> TokenizerReading | None:
    """Read a pipeline's tokenizer for all of its kernels; None where they do not know it."""
    try:
        return TokenizerReading(loaded.nlp.tokenizer)
    except Unsupported:
        return None
