"""Words that the model cannot tell apart: they share one row, so that no score depends on gender, origin or belief.

A contraction without its apostrophe ("werent") shares the row of the one with it, too.

Sharing a row is the strictest form of counterfactual augmentation (Zhao et al. 2018, "Gender Bias in Coreference
Resolution"): the model is not merely shown both versions of a sentence, it receives the same numbers for both.
"""

_PAIRS = """he she|him her|his her|himself herself|man woman|men women|boy girl|boys girls|guy gal|guys gals
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
_CONTRACTIONS = (
    "aren't", "can't", "couldn't", "didn't", "doesn't", "don't", "hadn't", "hasn't", "haven't", "isn't",
    "mustn't", "needn't", "shouldn't", "wasn't", "weren't", "won't", "wouldn't", "ain't", "i'm", "i've", "you're",
    "you've", "we've", "they're", "they've", "you'll", "they'll", "it'll", "could've", "would've", "should've", "y'all",
)
# fmt: on


def read_alike() -> dict[str, str]:
    """Map each word of a group to the word that stands for the whole group; groups that share a word are one."""
    groups = [
        *(pair.split() for line in _PAIRS.splitlines() for pair in line.split("|")),
        ORIGINS,
        BELIEFS,
        PEOPLE,
        IDENTITIES,
        *((word, word.replace("'", "")) for word in _CONTRACTIONS),
    ]
    stands_for: dict[str, str] = {}
    for group in groups:
        (known, *_) = [*(stands_for[word] for word in group if word in stands_for), group[0]]
        merged = {word for word, other in stands_for.items() if other in {stands_for.get(w) for w in group}}
        stands_for |= dict.fromkeys([*merged, *group], known)
    return stands_for
