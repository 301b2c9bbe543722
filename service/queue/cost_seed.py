"""The first rates of a pipeline, measured at the start, so that the first estimates already rest on this machine.

Four small samples are analysed with the features of callers who name none: next to nothing, plain words, names, and
runs that are all symbols. What a sample takes beyond what is known from the ones before is put down to what it has more
of. The samples take some milliseconds with the compiled engine, and below a second with spaCy's own.
"""

from collections.abc import Callable
from time import perf_counter

from spanwise.pipelines import Analyzer, Document
from spanwise.service.queue.cost_model import PipelineCosts, Rates, facts_of

_NEXT_TO_NOTHING = "so it is"
_PLAIN = "the people who live near the old river went to the market on a cold day and most of them liked it " * 10
_NAMES = "Tim Cook met Angela Merkel in Paris and Ann Lee in New York " * 12
_SYMBOLS = 'a:b@c (((!!! x=y;z++ {"k":[1,2]} ^^ \U0001f600\U0001f389 <a/> #no $5%& ~~ |p|q| ' * 4


def measure(analyzer: Analyzer, clock: Callable[[], float] = perf_counter) -> PipelineCosts:
    """Analyse the samples and return the rates that follow. Runs on an NLP thread; `clock` gives seconds."""
    features = analyzer.default_features or analyzer.own_features

    def microseconds(text: str) -> float:
        started = clock()
        analyzer.analyze_documents([Document(text, features)])
        return (clock() - started) * 1e6

    for text in (_NEXT_TO_NOTHING, _PLAIN, _NAMES):  # words that are known afterwards, as most words of a caller are
        microseconds(text)
    least = microseconds(_NEXT_TO_NOTHING)
    characters, symbols, capitals = facts_of(_PLAIN)
    character = max(0.1, (microseconds(_PLAIN) - least) / characters)
    characters, symbols, capitals = facts_of(_NAMES)
    capital = max(character, (microseconds(_NAMES) - least - character * characters) / capitals)
    characters, symbols, capitals = facts_of(_SYMBOLS)
    symbol = max(character, (microseconds(_SYMBOLS) - least - character * characters) / symbols)
    half = max(1.0, least / 2)
    return PipelineCosts(half, Rates(half, character, symbol, capital))
