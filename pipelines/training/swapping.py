"""Names, genders and origins are swapped at random while the model learns: what a text says does not depend on them.

After Zhao et al. 2018 ("Gender Bias in Coreference Resolution", counterfactual data augmentation) and, for names,
Maudslay et al. 2019 ("It's All in the Name").
"""

from collections.abc import Sequence

import numpy as np

from pipelines.sentiment.tokens import tokenize
from pipelines.training.dataset import Ints, Sentence, Types
from pipelines.training.words import NAMES

NAME_SHARE, GENDER_SHARE, ORIGIN_SHARE = 0.7, 0.5, 0.7
LISTED_SHARE = 0.3  # of names from `words`, which may sound good or bad
POOL = 8000  # names of a kind

_GENDERS = """he she|him her|his her|himself herself|man woman|men women|boy girl|boys girls|guy gal|guys gals
father mother|dad mom|daddy mommy|son daughter|sons daughters|brother sister|brothers sisters|husband wife
husbands wives|uncle aunt|nephew niece|grandfather grandmother|grandpa grandma|grandson granddaughter
boyfriend girlfriend|mr ms|mr mrs|sir madam|king queen|prince princess|actor actress|actors actresses
waiter waitress|male female|males females|gentleman lady|gentlemen ladies|lad lass|hero heroine|he's she's
he'll she'll|he'd she'd|groom bride|widower widow|host hostess|businessman businesswoman|bro sis|fathers mothers"""

# fmt: off
ORIGINS = (
    "american", "british", "english", "scottish", "irish", "welsh", "french", "german", "italian", "spanish",
    "portuguese", "dutch", "belgian", "swiss", "austrian", "polish", "czech", "hungarian", "romanian", "bulgarian",
    "greek", "turkish", "russian", "ukrainian", "swedish", "norwegian", "danish", "finnish", "chinese", "japanese",
    "korean", "indian", "pakistani", "bangladeshi", "indonesian", "filipino", "vietnamese", "thai", "malaysian",
    "arab", "syrian", "iraqi", "iranian", "afghan", "israeli", "palestinian", "lebanese", "saudi", "egyptian",
    "moroccan", "algerian", "nigerian", "kenyan", "ethiopian", "somali", "ghanaian", "african", "european", "asian",
    "mexican", "brazilian", "argentinian", "colombian", "cuban", "peruvian", "chilean", "canadian", "australian",
    "latino", "hispanic", "caribbean", "jamaican", "haitian", "roma", "kurdish", "serbian", "croatian", "albanian",
)
BELIEFS = (
    "muslim", "christian", "jewish", "hindu", "buddhist", "catholic", "protestant", "sikh", "atheist", "mormon",
)
PEOPLE = (
    "muslims", "christians", "jews", "hindus", "buddhists", "catholics", "sikhs", "atheists", "americans", "mexicans",
    "africans", "asians", "europeans", "russians", "germans", "arabs", "italians", "indians", "immigrants", "refugees",
    "gays", "lesbians",
)
IDENTITIES = ("gay", "straight", "lesbian", "transgender", "bisexual", "heterosexual")
# fmt: on


class Swapper:
    """Gives other versions of a sentence."""

    def __init__(self, types: Types, sentences: Sequence[Sentence], seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._listed = {kind: [self._name(types, name) for name in names] for kind, names in NAMES.items()}
        groups = [[types.number(key) for key in group] for group in (ORIGINS, BELIEFS, PEOPLE, IDENTITIES)]
        pairs = [pair.split() for line in _GENDERS.splitlines() for pair in line.split("|")]
        numbers = [(types.number(one), types.number(other)) for one, other in pairs]
        self._other = np.arange(len(types.numbers), dtype=np.int32)
        self._gendered = np.zeros(len(types.numbers), dtype=bool)
        for one, other in reversed(numbers):
            self._other[one], self._other[other] = other, one
            self._gendered[[one, other]] = True
        self._group = np.full(len(types.numbers), -1, dtype=np.int32)
        for i, group in enumerate(groups):
            self._group[group] = i
        self._groups = [np.array(group, dtype=np.int32) for group in groups]
        self._pools = self._collect(sentences)

    @staticmethod
    def _name(types: Types, name: str) -> tuple[Ints, Ints]:
        tokens = tokenize(name)
        numbers = [types.number(token.key) for token in tokens]
        return np.array(numbers, dtype=np.int32), np.array([token.flags for token in tokens], dtype=np.int32)

    def _collect(self, sentences: Sequence[Sentence]) -> dict[int, list[tuple[Ints, Ints]]]:
        pools: dict[int, dict[bytes, tuple[Ints, Ints]]] = {}
        for sentence in sentences:
            for first, end, kind in sentence.names:
                if end - first <= 4 and sentence.flags[first] & 3:
                    name = sentence.types[first:end], sentence.flags[first:end]
                    pools.setdefault(kind, {}).setdefault(name[0].tobytes(), name)
        chosen = {}
        for kind, found in pools.items():
            names = list(found.values())
            order = self._random.permutation(len(names))[:POOL]
            chosen[kind] = [names[i] for i in order]
        return chosen

    def swapped(self, sentence: Sentence, keep: tuple[int, int] | None = None) -> tuple[Ints, Ints, int]:
        """Types and flags, and where the token `keep[0]` is now; the tokens of `keep` stay as they are."""
        types, flags, place = sentence.types, sentence.flags, keep[0] if keep else 0
        chance = self._random.random(3)
        if self._gendered[types].any() and chance[0] < GENDER_SHARE:
            types = self._other[types]
        if chance[1] < ORIGIN_SHARE and (self._group[types] >= 0).any():
            types = types.copy()
            for i in np.flatnonzero(self._group[types] >= 0):
                types[i] = self._random.choice(self._groups[self._group[types[i]]])
        if sentence.names and chance[2] < NAME_SHARE:
            types, flags, place = self._with_other_names(sentence, types, flags, keep, place)
        return types, flags, place

    def _with_other_names(
        self, sentence: Sentence, types: Ints, flags: Ints, keep: tuple[int, int] | None, place: int
    ) -> tuple[Ints, Ints, int]:
        new_types, new_flags, done = [], [], 0
        for first, end, kind in sentence.names:
            listed = self._random.random() < LISTED_SHARE
            pool = (self._listed.get(kind) if listed else None) or self._pools.get(kind)
            if not pool or first < done or (keep and first < keep[1] and end > keep[0]):
                continue
            name_types, name_flags = pool[self._random.integers(len(pool))]
            new_types += [types[done:first], name_types]
            new_flags += [flags[done:first], name_flags]
            if keep and end <= keep[0]:
                place += len(name_types) - (end - first)
            done = end
        return (
            np.concatenate([*new_types, types[done:]]),
            np.concatenate([*new_flags, flags[done:]]),
            place,
        )
