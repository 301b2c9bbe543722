"""Compare the compiled engine with spaCy's own at start: both must find the same in a built-in sample.

The sample is small enough for every start and reaches what can go wrong: entities of one and many tokens, at the very
beginning and end, side by side; white space of every kind; characters outside the Basic Multilingual Plane; exceptions
that the tokenizer puts together again; a text that is longer than the kernels compute in one piece. The sample is in
several languages, since the numbers must agree whatever a model makes of a text.
"""

from collections.abc import Sequence

from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES, Annotations, Layers
from spanwise.pipelines.entities.engine import Engine

_TEXTS = (
    "Apple is looking at buying U.K. startup for $1 billion. Tim Cook loved it!",
    "Angela Merkel visited Paris on Monday 🎉 and the 東京 office hated it, naïve as ever.\r\nNobody\tcared.  At all.",
    "On 3 May 2021, Dr. Maria Garcia-Lopez (CEO of Acme, Inc.) paid $3.5m for 12% of the Bank of New England.",
    "Le président Emmanuel Macron rencontre le chancelier Scholz à Berlin. L'Union attend. Qu'est-ce que c'est ?",
    "Die Deutsche Bank AG verlor am Dienstag in Frankfurt am Main 2,5 Prozent; Siemens gewann. Warum?",
    "El Real Madrid ganó al FC Barcelona por 3-1 en el Santiago Bernabéu ante 80.000 espectadores.",
    "LONDON 1996-12-06 New York Yankees 5 Boston Red Sox 3 . He 's from South Africa , n't he ? : ) :) ): a.m. ... (c)",
    " \n ",
    "",
    "x",
    "  Leading, trailing \u00a0 and \u2009 odd space\u3000 ",
    "👩‍👩‍👧 ❤️ e\u0301 @user #tag http://example.com/a?b=c RT: sooooo good!!!1 :-( <3",
    "Google",
    "Tim Cook:) ) and Apple:( ( don't, isn't",
    "IBM Microsoft Amazon Netflix Tesla Toyota Sony Samsung Intel Oracle",
)

SAMPLE = (*_TEXTS, " ".join(_TEXTS * 4))


def same(one: Annotations, other: Annotations) -> bool:
    """Return whether two engines found the same entities, spans and sentences. Confidences are left aside."""
    return (one.sentences, one.spans) == (other.sentences, other.spans) and [
        (*span[:3], span.id) for span in one.entities
    ] == [(*span[:3], span.id) for span in other.entities]


def differing(
    engine: Engine, reference: Engine, texts: Sequence[str] = SAMPLE, wanted: Layers = ENTITIES_AND_SENTENCES
) -> list[int]:
    """Return the indexes of the texts that two engines answer differently. Each engine gets the texts as one batch."""
    asked = [wanted] * len(texts)
    pairs = zip(engine.annotate(texts, asked), reference.annotate(texts, asked), strict=True)
    return [i for i, (one, other) in enumerate(pairs) if not same(one, other)]
