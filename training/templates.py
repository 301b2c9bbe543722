"""Sentences made from templates, of kinds that the corpora have too few of and that people try first.

In a template `{T}` stands for a thing, `{+}` and `{-}` for a good or bad adjective, and `{P}`, `{O}`, `{G}`, `{W}` for a
person, an organization, a place, a work. `[...]` is a target with its label at the end: `[{P}+]` or `[{T}-]`. `{p}` and
`{q}` stand for a good or bad statement about the target before them.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.names import ORGANIZATION, PERSON, PLACE, WORK, listed_names
from training.words import (
    BADLY,
    COLOURS,
    DAYS,
    HAPPY,
    HATE,
    HATED,
    LIKE,
    LIKED,
    NEGATIVE,
    ORGS,
    PERSONS,
    PLACES,
    POSITIVE,
    SAD,
    STRONG,
    THINGS,
    VERBS,
    WEAK,
    WELL,
    WORKS,
)

TEMPLATES = 4000  # of each kind, and twice as many with targets put together from clauses

Wanted = tuple[float, float, float]
NEG, NEU, POS = (0.92, 0.06, 0.02), (0.03, 0.94, 0.03), (0.02, 0.06, 0.92)
MILD_NEG, MILD_POS = (0.72, 0.24, 0.04), (0.04, 0.24, 0.72)
BOTH = (0.46, 0.08, 0.46)

NEGATIVES = """
The {T} is not {+}.|The {T} isn't {+} at all.|The {T} wasn't very {+}.|I wouldn't call the {T} {+}.|Not {+} at all.
Nothing about the {T} is {+}.|The {T} is far from {+}.|The {T} was anything but {+}.|I don't like the {T}.
I do not recommend the {T}.|I would never recommend this {T}.|I can't recommend the {T}.|The {T} doesn't work.
Don't waste your money on this {T}.|I wouldn't buy this {T} again.|The {T} isn't worth the price.|Not worth it.
The {T} never works.|The {T} does not do what it promises.|I have never seen a more {-} {T}.|The {T} lacks everything.
The {T} could not be worse.|I wasn't impressed by the {T}.|Hardly a {+} {T}.|The {T} fails to impress.|It is no {+} {T}.
I am not happy with the {T}.|I'm not satisfied with the {T} at all.|The {T} didn't help.|We won't be back.
No one liked the {T}.|The {T} was neither {+} nor {+}.|I didn't enjoy the {T}.|The {T} is not as {+} as I had hoped.
I expected a {+} {T}, and it was not.|This {T} would have been {+} if it had worked.|The {T} stopped working.
I never want to see this {T} again.|You can't call that a {+} {T}.|Never again.|The {T} isn't {+} or {+}.
I really wanted to like the {T}, but I couldn't.|The {T} broke after two days.|I want my money back.
The {T} used to be {+}.|The {T} was supposed to be {+}.|Too {-} for me.|What a {-} {T}!|The {T} is so {-}.|I hate this {T}.
Nobody enjoyed the {T}.|Nobody I know liked the {T}.|None of us liked the {T}.|I can't say that I liked the {T}.|Hardly anyone enjoyed it.
I can't say the {T} was {+}.|I didn't love the {T}.|We were not happy with the {T}.|The {T} did nothing for me.|No {+} {T} here.
The {T} is {-}.|The {T} was {-}.|Such a {-} {T}.|A {-} {T}.|We found the {T} {-}.|This is the worst {T} ever.|{-}!|{-} {T}
"""
POSITIVES = """
The {T} is not {-}.|The {T} is not {-} at all.|The {T} isn't {-}.|Not {-} at all.|The {T} wasn't {-} in the least.
There is nothing {-} about the {T}.|Nothing {-} about it.|I have nothing {-} to say about the {T}.|No complaints about the {T}.
The {T} never disappoints.|The {T} never lets me down.|The {T} has never failed me.|I can't complain about the {T}.
I couldn't be happier with the {T}.|I can't recommend the {T} enough.|The {T} could not be better.|No problems at all.
I've never had a better {T}.|I have never seen a more {+} {T}.|You can't go wrong with this {T}.|The {T} is far from {-}.
The {T} was anything but {-}.|I wouldn't call the {T} {-}.|Never a dull moment.|The {T} didn't disappoint.|Not {-}!
I had no trouble with the {T}.|The {T} works without any problems.|Nothing beats this {T}.|I don't regret buying the {T}.
I was not disappointed by the {T}.|There isn't a better {T} anywhere.|The {T} is hard to beat.|I couldn't ask for a better {T}.
I can't stop using it.|Don't miss this {T}.|You won't regret it.|The {T} is neither {-} nor {-}.|I didn't find the {T} {-}.
I can't fault the {T}.|Hardly a {-} {T}.|Not a {-} {T} by any means.|I expected a {-} {T}, but it was {+}.
I couldn't have asked for a better {T}.|I couldn't have hoped for a more {+} {T}.|We were never bored.|I don't mind the {T} at all.
I wouldn't change a thing about the {T}.|I would buy this {T} again.|We will be back.|The {T} is {+}.|The {T} was {+}.
Such a {+} {T}.|What a {+} {T}!|A {+} {T}.|We found the {T} {+}.|This is the best {T} ever.|I love this {T}.|{+}!|{+} {T}
The {T} is so {+}.|I am happy with the {T}.|I recommend the {T}.|The {T} works.|The {T} exceeded my expectations.
"""
NEUTRALS = """
When does the {T} open?|How much does the {T} cost?|Is the {T} available in {C}?|Where can I find the {T}?|Who made the {T}?
Does the {T} come with a cable?|What time does the {T} start on {D}?|Which {T} do you mean?|Is the {T} open on {D}?
Can I change the {T} later?|How do I reset the {T}?|Did {P} come to {G}?|Has {O} an office in {G}?|Is {P} from {G}?
How long is {W}?|Who wrote {W}?|Where was {P} born?|Does {O} ship to {G}?|Do you know if the {T} is ready?|What is {O}?
Will {P} be there on {D}?|Could you send me the {T}?|Are there two kinds of {T}?|Have you seen {W}?|What is the {T} made of?
The {T} weighs 200 grams.|The {T} is {C}.|The {T} arrives on {D}.|The {T} has three parts.|The {T} is in the next room.
{P} was born in {G} in 1962.|{P} lives in {G}.|{P} works for {O}.|{P} met {P} in {G} on {D}.|{O} has offices in {G}.
{O} is based in {G}.|{O} was founded in 1987.|{P} spoke to reporters on {D}.|{P} read {W} on the train.|{P} wrote {W}.
The meeting starts at 9 on {D}.|The train to {G} leaves at 10.45.|{G} is 40 kilometres from {G}.|{W} was released in 1994.
{O} reported its results on {D}.|{P} moved from {G} to {G}.|{W} has 12 chapters.|We watched {W} on {D}.|{P} is a teacher.
{P} called {P} on {D}.|The office is on the second floor.|Water boils at 100 degrees.|He ordered a {T} from {O}.|{P} said so.
She bought the {T} on {D}.|They flew to {G} with {O}.|The {T} was made in {G}.|{P} will join {O} in May.|{P} plays {P}.
{W} is on at eight.|The file has 300 lines.|{O} and {O} signed an agreement on {D}.|The {T} costs 20 euros.|I live in {G}.
Please send the {T} to {G}.|{P} sat next to {P}.|The {T} is next to the {T}.|I have read {W}.|I was in {G} on {D}.
{P} told {P} about the {T}.|{P} went to {G} to see the {T}.|{P} is a nurse in {G}.|My neighbour is {P}.|This is {P}.
"""
TARGETS = """
[The {T}+] is {+}, but [the {T}-] is {-}.|[The {T}-] is {-}, but [the {T}+] is {+}.|{+} [{T}+], {-} [{T}-].|{-} [{T}-], {+} [{T}+].
[{P}+] was {+}, but [{P}-] was {-}.|[{P}-] was {-}, while [{P}+] was {+}.|I love [{P}+] but I hate [{P}-].|I hate [{P}-] but I love [{P}+].
[{O}+] is {+}; [{O}-] is {-}.|[{O}-] is {-}; [{O}+] is {+}.|[{O}+] is much better than [{O}-].|[{O}-] is much worse than [{O}+].
[{P}+] is a {+} actor, unlike [{P}-].|Unlike [{P}-], [{P}+] is {+}.|Unlike [{P}+], [{P}-] is {-}.|I prefer [{O}+] to [{O}-].
While [{O}+] answered at once, [{O}-] ignored us.|[{O}-] ignored our calls, whereas [{O}+] helped us at once.
[{P}+] saved the day after [{P}-] ruined everything.|[{P}-] ruined the evening that [{P}+] had made {+}.|[{G}+] is {+} but [{G}-] is {-}.
[{W}+] was {+}, [{W}-] was {-}.|[{W}-] bored me, but [{W}+] moved me to tears.|[{W}+] deserved the prize, [{W}-] did not.
[{P}+] was {+} and [{P}0] was there too.|[{P}0] told us that [{P}-] was {-}.|[{O}-] is {-}, said [{P}0].|[{O}+] is {+}, said [{P}0] in [{G}0].
[{P}0] bought the phone from [{O}-], and it was {-}.|In [{G}0], [{O}+] was {+}.|We flew to [{G}0] with [{O}-], a {-} airline.
[{P}0] met [{P}0] in [{G}0] on {D}.|[{P}0] works for [{O}0] in [{G}0].|[{O}0] has offices in [{G}0].|[{O}+] won, [{O}-] lost.
[{P}-] lied to [{P}0] again.|[{P}+] helped [{P}0] again.|[{P}0] thanked [{P}+] for the {+} work.|[{P}0] accused [{P}-] of fraud.
[{O}-] cheated [{P}0] out of the money.|[{P}0] praised [{P}+] and blamed [{P}-].|[{P}0] blamed [{P}-] and praised [{P}+].
[{P}+] is not {-}, but [{P}-] is.|[{P}-] is not {+}, but [{P}+] is.|The {+} [{P}+] and the {-} [{P}-] met in [{G}0].
Thank you [{O}+] for the {+} service.|[{O}-] has the {-} support I know.|Shame on [{O}-]!|Well done, [{P}+]!|[{P}+] rocks.|[{P}-] sucks.
I was happy with [{O}+] until [{O}-] bought it.|[{O}+] refunded me at once; [{O}-] never replied.|We loved [{G}+], not [{G}-].
[The {T}+] was {+} although [the {T}-] was {-}.|Although [the {T}-] was {-}, [the {T}+] was {+}.|[The {T}0] arrived on {D}.
"""
TWO = """
[{P}+] {p}, [{P}-] {q}.|[{P}-] {q}, [{P}+] {p}.|[{O}+] {p}; [{O}-] {q}.|[{O}-] {q}; [{O}+] {p}.|[{P}+] {p}, while [{P}-] {q}.
[{P}-] {q}, while [{P}+] {p}.|[{O}+] {p}, whereas [{O}-] {q}.|[{O}-] {q}, whereas [{O}+] {p}.|While [{P}+] {p}, [{P}-] {q}.
While [{P}-] {q}, [{P}+] {p}.|Unlike [{P}+], who {p}, [{P}-] {q}.|Unlike [{P}-], who {q}, [{P}+] {p}.|Unlike [{O}+], [{O}-] {q}.
Unlike [{O}-], [{O}+] {p}.|[{P}+], who {p}, took over from [{P}-], who {q}.|[{P}-], who {q}, was replaced by [{P}+], who {p}.
[{P}+] {p} and [{P}-] {q}.|[{P}-] {q} and [{P}+] {p}.|[{P}+] {p}. [{P}-] {q}.|[{O}-] {q}. [{O}+] {p}.|[{P}+] {p} when [{P}-] {q}.
[{P}+] {p}, but [{P}-] {q}.|[{O}-] {q}, but [{O}+] {p}.|I {l} [{P}+] and {h} [{P}-].|I {h} [{P}-] and {l} [{P}+].|We {l} [{O}+], but {h} [{O}-].
People {h} [{P}-] but {l} [{P}+].|They {k} [{P}+] and {g} [{P}-].|They {g} [{P}-] and {k} [{P}+].|The crowd {k} [{P}+] but {g} [{P}-].
Some {k} [{O}+], many {g} [{O}-].|[{P}+] {p}, said [{P}0].|[{P}-] {q}, said [{P}0].|[{P}0] says that [{P}+] {p}.|[{P}0] told us that [{P}-] {q}.
"""
GOOD = """
is {+}|is {+} and {+}|is both {+} and {+}|was {+} and {+}|{V} {a}|{V} {a}|has always been {+}|keeps every promise|answered within a minute
admitted the mistake and fixed it|treats everyone with respect|stood by us|went out of the way to help|never lets anyone down
deserves a raise|deserves every award|did a {+} job|gave a {+} talk|was a joy to work with|solved the problem in no time
refunded every customer|was patient with us|cares about people|knows the job inside out|won everybody over|is a pleasure to deal with
"""
BAD = """
is {-}|is {-} and {-}|is both {-} and {-}|was {-} and {-}|{V} {b}|{V} {b}|has always been {-}|breaks every promise|never answered
made a mistake and denied it|treats everyone with contempt|abandoned us|did not lift a finger|lets everyone down
deserves to lose|deserves no award at all|did a {-} job|gave a {-} talk|was a pain to work with|made the problem worse
overcharged every customer|yelled at us|cares about nothing but money|has no idea of the job|lost everybody's trust|is a nightmare to deal with
"""
PRAISE = """
[{P}] is {+}|[{O}] is {+}|[the {T}] is {+}|[{W}] is {+}|[{G}] is {+}|[{P}] was {+}|[the {T}] was {+}|[{O}] was {+}|I adore [{P}]
everybody likes [{P}]|people respect [{O}]|we enjoyed [{W}]|I recommend [{O}]|[{P}] did a {+} job|[{O}] keeps its word|thank you, [{O}]
we are grateful to [{P}]|[{P}] works hard|[{P}] has a {+} voice|[the {T}] works without a hitch|[{O}] replied within minutes|bravo, [{P}]
[{P}] sings like an angel|[{W}] kept us glued to the screen|[{G}] is worth the trip|I miss [{G}]|[{P}] scored twice|congratulations, [{P}]
[{P}] is {+} and {+}|[{O}] is {+} and {+}|[{P}] {V} {a}|[{P}] earned our respect|[{O}] pays its staff well|[{P}] stayed calm and solved it|[the {T}] lasts for days|[{P}] told the truth
I would hire [{P}] at once|[{P}] makes everything easier|[{O}] won the contract|critics loved [{W}]|[{P}] is honest|[{P}] is a genius
my kids love [{W}]|you can count on [{P}]|[{P}] cooks very well|[the {T}] is a dream|[{P}] rescued the project|hats off to [{P}]
"""
BLAME = """
[{P}] is {-}|[{O}] is {-}|[the {T}] is {-}|[{W}] is {-}|[{G}] is {-}|[{P}] was {-}|[the {T}] was {-}|[{O}] was {-}|I can't stand [{P}]
nobody likes [{P}]|people distrust [{O}]|we walked out of [{W}]|stay away from [{O}]|[{P}] did a {-} job|[{O}] broke its word|shame on [{O}]
we are fed up with [{P}]|[{P}] never works|[{P}] has a {-} voice|[the {T}] stopped working|[{O}] never replied|get lost, [{P}]
[{P}] sings out of tune|[{W}] sent us to sleep|[{G}] is a waste of time|I will never go back to [{G}]|[{P}] missed every chance
[{P}] is {-} and {-}|[{O}] is {-} and {-}|[{P}] {V} {b}|[{P}] lost our respect|[{O}] cheats its staff|[{P}] panicked and made it worse|[the {T}] dies within an hour|[{P}] made up the figures
I would never hire [{P}]|[{P}] makes everything harder|[{O}] is under investigation for fraud|critics tore [{W}] apart|[{P}] is a liar
[{P}] should resign|[{P}] stole the money|[{P}] is a fool|[{P}] burned the dinner|[the {T}] is a joke|[{P}] wrecked the project
[{P}] was arrested for assault|[{O}] ripped us off|[{P}] insulted the guests|[{P}] should be ashamed|my kids were scared by [{W}]
"""
MENTIONS = """
[{P}] arrived at noon|[{P}] is from [{G}]|we met [{P}] in [{G}]|[{O}] is based in [{G}]|[{P}] works for [{O}]|[{P}] was there too|it was in [{G}]
[{P}] told us so|[{W}] is on at eight|[{P}] read [{W}]|[{O}] employs 300 people|[the {T}] is {C}|[{P}] called [{P}]|[{P}] took the train to [{G}]
"""
JOINTS = "|, but |, |; |, while |, whereas | and |, yet |. | - |, and |! |, although |: |, | but | while |, though | ... ".split(
    "|"
)[1:]
BEFORE = "Although {}, {}|While {}, {}|Even though {}, {}|I know that {}, but {}|They say that {}, and that {}|It is true that {}, yet {}".split(
    "|"
)


@dataclass
class Made:
    """A made sentence, its probabilities, its names (start, end, kind) and its targets (start, end, probabilities)."""

    text: str
    wanted: Wanted
    names: list[tuple[int, int, int]]
    targets: list[tuple[int, int, Wanted]]


_FILLERS = {
    "T": (None, THINGS), "+": (None, POSITIVE), "-": (None, NEGATIVE), "C": (None, COLOURS), "D": (None, DAYS),
    "V": (None, VERBS), "a": (None, WELL), "b": (None, BADLY), "l": (None, LIKE), "h": (None, HATE), "k": (None, LIKED),
    "g": (None, HATED), "P": (PERSON, PERSONS), "O": (ORGANIZATION, ORGS), "G": (PLACE, PLACES), "W": (WORK, WORKS),
}  # fmt: skip
_PART = re.compile(r"\{(.)\}|\[|([+\-0])\]|[^{\[\]+\-0]+|.", re.DOTALL)
_TOWARD = {"+": POS, "-": NEG, "0": NEU}


def _lines(templates: str) -> list[str]:
    return [line for line in templates.replace("\n", "|").split("|") if line]


_CLAUSES = {"+": _lines(PRAISE), "-": _lines(BLAME), "0": _lines(MENTIONS)}
_PREDICATES = {"{p}": _lines(GOOD), "{q}": _lines(BAD)}


def make(count: int, seed: int = 1) -> list[Made]:
    """Make `count` sentences of each kind, and twice as many that are composed of clauses.

    The kinds are negative, positive, neutral, with targets, and with two predicates.
    """
    chance = random.Random(seed)
    names = listed_names(seed)
    made = []
    for templates, wanted in ((NEGATIVES, NEG), (POSITIVES, POS), (NEUTRALS, NEU), (TARGETS, None), (TWO, None)):
        lines = _lines(templates)
        for _ in range(count):
            sentence = fill(_with_predicates(chance.choice(lines), chance), wanted, chance, names)
            made.append(_coloured(sentence, chance) if wanted else sentence)
    made += [fill(_composed(chance), None, chance, names) for _ in range(2 * count)]
    return made


def _with_predicates(template: str, chance: random.Random) -> str:
    for place, predicates in _PREDICATES.items():
        template = template.replace(place, chance.choice(predicates), 1)
    return template


def _composed(chance: random.Random) -> str:
    """Compose a template of up to three clauses, each about something else."""
    kinds = chance.choice(
        ("+-", "-+", "+-", "-+", "+0", "0+", "-0", "0-", "+", "-", "++", "--", "+-0", "-0+", "0+-", "-+0")
    )
    clauses = [chance.choice(_CLAUSES[kind]).replace("]", f"{kind}]") for kind in kinds]
    if len(clauses) == 2 and chance.random() < 0.2:
        return chance.choice(BEFORE).replace("{}", clauses[0], 1).replace("{}", clauses[1], 1) + "."
    text = clauses[0]
    for clause in clauses[1:]:
        joint = chance.choice(JOINTS)
        text += joint + (_capital(clause) if joint[0] in ".!" else clause)
    return _capital(text) + chance.choice((".", ".", "!", ""))


def _capital(clause: str) -> str:
    """Write the first letter of a clause as a capital. A clause that begins with a placeholder is left to `fill`."""
    start = 1 if clause.startswith("[") else 0
    return clause[:start] + clause[start].upper() + clause[start + 1 :]


def fill(template: str, wanted: Wanted | None, chance: random.Random, listed: Mapping[int, Sequence[str]]) -> Made:
    """Fill the placeholders of a template. Without `wanted`, the probabilities follow from the targets."""
    text, names, targets, opened = "", [], [], 0
    for match in _PART.finditer(template):
        filler, label = match[1], match[2]
        if filler:
            kind, words = _FILLERS[filler]
            word = chance.choice(words if kind is None or chance.random() < 0.5 else listed[kind])
            if kind is not None:
                names.append((len(text), len(text) + len(word), kind))
            text += word
        elif label:
            targets.append((opened, len(text), _TOWARD[label]))
        elif match[0] == "[":
            opened = len(text)
        else:
            text += match[0]
    if wanted is None:
        signs = {w for _, _, w in targets if w != NEU}
        wanted = BOTH if len(signs) > 1 else next(iter(signs), NEU)
        targets = [(s + 4 if text[s : s + 4].lower() == "the " else s, e, w) for s, e, w in targets]
    return Made(text[0].upper() + text[1:], wanted, names, targets)


def _coloured(made: Made, chance: random.Random) -> Made:
    """Add emoji, capitals, long vowels, marks or small letters to a share of the sentences."""
    text, wanted, way = made.text, made.wanted, chance.random()
    word = next((w for w in [*POSITIVE, *NEGATIVE] if f" {w}." in text), None)
    if wanted == NEU:
        if way < 0.35 and not text.endswith("?"):
            happy = chance.random() < 0.5
            sign = chance.choice(HAPPY if happy else SAD)
            return Made(f"{text.rstrip('.')} {sign}", MILD_POS if happy else MILD_NEG, made.names, [])
        return made if way < 0.85 else Made(text.lower(), wanted, [], [])
    if way < 0.2 and word:
        text = text.replace(f" {word}.", f" {chance.choice(STRONG)} {word}.") if "not" not in text.split() else text
    elif way < 0.3 and word and f" is {word}" in text:
        text, wanted = text.replace(f" {word}.", f" {chance.choice(WEAK)} {word}."), _mild(wanted)
    elif way < 0.4 and word and (vowels := [i for i, c in enumerate(word) if c in "aeiou"]):
        i = chance.choice(vowels)
        text = text.replace(word, word[:i] + word[i] * chance.randint(3, 6) + word[i + 1 :])
    elif way < 0.5:
        text = text.upper()
    elif way < 0.6:
        text = text.rstrip(".") + "!" * chance.randint(1, 4)
    elif way < 0.75:
        text = f"{text} {chance.choice(HAPPY if wanted == POS else SAD)}"
    elif way < 0.85:
        text = text.lower().rstrip(".")
    return Made(text, wanted, [], [])


def _mild(wanted: Wanted) -> Wanted:
    return MILD_NEG if wanted == NEG else MILD_POS if wanted == POS else wanted
