"""The student's training examples: every corpus, each text labelled by a mixture of the teacher's and its own label."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanwise.pipelines.sentiment.artefact import CLASSES
from spanwise.pipelines.sentiment.characters import SYMBOL, class_of, is_cased
from spanwise.pipelines.sentiment.tokens import CAPITALS, EMOTICONS, TITLE
from training.corpora import NEGATIVE, NEUTRAL, POSITIVE, Corpora, TargetText, Text
from training.dataset import Example, Reader, Sentence, TargetExample
from training.everyday import learned, make_everyday
from training.labelling import Labelled, Probabilities
from training.lexicon import lexicon
from training.symbols import HELD_OUT, feeling, ratings, symbols
from training.teacher import HEADS, Teacher, encode
from training.templates import TEMPLATES, Made, make

GOLD_SHARE = 0.4  # the share of a corpus' own label in the mixture; the rest is the teacher's
TEMPERATURE = 1.4  # divides the teacher's logits; measured on development data, where the teacher is overconfident
SELDOM_ALONE = 50  # times that a word must be read for half of what it feels like alone to count
SURE, FLAT = 0.9, 0x1F000  # a symbol is plain from this probability of neutral on; emoji that people write lie above
SMOOTH = 0.04  # the probability that a label without the teacher's leaves to the two other classes together

# The teacher's head for each corpus of targets.
_TARGETS = {
    "targets.news": "news",
    "targets.news.names": "news",
    "targets.mams": "mams",
    "targets.twitter": "twitter",
    "targets.sem14": "sem14",
}

# The heads whose notion of neutral fits a corpus, and the weight of its texts.
_TEXTS = {
    "tweets": (("tweet",), 1.5),
    "phrases": (("film",), 0.7),
    "aspects": (("film", "tweet"), 1.0),
    "posts": (("tweet",), 0.7),
    "factual": (("tweet",), 0.5),
    "reviews": (("film",), 0.7),
}


@dataclass
class Training:
    """All examples. `sentences` are those of `texts`, from which names are collected."""

    texts: list[Example]
    targets: list[TargetExample]
    sentences: list[Sentence]


def training_examples(
    corpora: Corpora, labelled: dict[str, Labelled], reader: Reader, reviews: int, *, gold_share: float = GOLD_SHARE
) -> Training:
    """Build all examples, with `reviews` long reviews. With a gold share of 1 the teacher's labels are not used."""
    if gold_share == 1:
        labelled = {name: found.with_gold() for name, found in labelled.items()}
    texts: list[Example] = []
    for name, (heads, weight) in _TEXTS.items():
        found = labelled[name]
        wanted = mixed(_of_heads(found.soft, heads), found.gold, gold_share)
        sentences = reader.read([row.text for row in found.rows], whole=name in ("phrases", "reviews"))
        texts += [Example(s, triple(w), weight) for s, w in zip(sentences, wanted, strict=True) if s]
    texts += _gold_phrases(corpora, labelled["phrases"], reader)
    texts += long_reviews(corpora, reader, reviews)
    texts += word_examples(reader)
    targets = []
    for name, head in _TARGETS.items():
        found = labelled[name]
        wanted = mixed(_of_heads(found.soft, (head,)), found.gold, gold_share)
        targets += target_examples(found.rows, wanted, reader)
    found = labelled["targets.new"]
    targets += target_examples(found.rows, _of_heads(found.soft, ("news", "twitter", "mams")), reader, 0.5)
    made = made_examples(reader, make(TEMPLATES), 0.7)
    texts, targets = texts + made.texts, targets + made.targets
    return Training(texts, targets, [s for e in texts for s in e.sentences])


def labelled_examples(rows: Sequence[Text], reader: Reader, *, whole: bool) -> list[Example]:
    """Build examples with a probability of 1 for their label, for scores and calibration. Empty texts are left out."""
    sentences = reader.read([row.text for row in rows], whole=whole)
    return [Example(s, _certain(row.label)) for s, row in zip(sentences, rows, strict=True) if s]


def target_examples(
    rows: Sequence[TargetText], wanted: np.ndarray, reader: Reader, weight: float = 1.0
) -> list[TargetExample]:
    """Build examples of targets, each in the sentence or sentences that hold it."""
    result = []
    cut = reader.spans_and_names([row.text for row in rows])
    for row, w, (spans, names) in zip(rows, wanted, cut, strict=True):
        around = [span for span in spans if span[0] < row.end and span[1] > row.start] or [(0, len(row.text))]
        start, end = around[0][0], around[-1][1]
        found = reader.target(row.text, row.start, row.end, (start, end), names)
        if found:
            result.append(TargetExample(*found, triple(w), weight))
    return result


def certain(rows: Sequence[Text] | Sequence[TargetText]) -> np.ndarray:
    """Return the labels as probabilities [rows, 3], with a single 1 in each row."""
    return np.array([_certain(row.label) for row in rows], dtype=np.float32)


def triple(values: np.ndarray) -> tuple[float, float, float]:
    """Return the probabilities [3] as a tuple of floats."""
    negative, neutral, positive = map(float, values)
    return negative, neutral, positive


def _certain(label: int) -> tuple[float, float, float]:
    return (float(label == NEGATIVE), float(label == NEUTRAL), float(label == POSITIVE))


def _of_heads(soft: Probabilities, heads: Sequence[str]) -> np.ndarray:
    """Return the mean of some heads' tempered probabilities, [texts, 3]."""
    tempered = soft[:, [HEADS.index(head) for head in heads]] ** (1 / TEMPERATURE)
    return (tempered / tempered.sum(2, keepdims=True)).mean(1)


def mixed(soft: np.ndarray, gold: Sequence[int], share: float) -> np.ndarray:
    """Mix the teacher's probabilities [texts, 3] with the texts' own labels, where there are any."""
    labels = np.array(gold, dtype=np.intp)
    known = labels >= 0
    own = np.eye(CLASSES, dtype=np.float32)[np.maximum(labels, 0)]
    return np.where(known[:, None], share * own + (1 - share) * soft, soft).astype(np.float32)


def _smoothed(label: int) -> tuple[float, float, float]:
    return tuple(1 - SMOOTH if i == label else SMOOTH / 2 for i in range(CLASSES))  # type: ignore[return-value]


def _gold_phrases(corpora: Corpora, known: Labelled, reader: Reader) -> list[Example]:
    seen = {row.text for row in known.rows}
    rest = [row for row in corpora.phrases() if row.text not in seen]
    sentences = reader.read([row.text for row in rest], whole=True)
    return [Example(s, _smoothed(row.label), 0.5) for s, row in zip(sentences, rest, strict=True) if s]


def long_reviews(corpora: Corpora, reader: Reader, count: int) -> list[Example]:
    """Build examples of `count` long reviews."""
    rows = corpora.reviews()
    rows = rows[:: max(1, len(rows) // count)]
    sentences = reader.read([row.text for row in rows])
    return [Example(s, _smoothed(row.label), 4.0, pair=True) for s, row in zip(sentences, rows, strict=True)]


def word_examples(reader: Reader) -> list[Example]:
    """Build an example of each word of VADER's lexicon, alone, from its feeling."""
    words = lexicon()
    result = []
    for valence, sentences in zip(words.values(), reader.read(list(words), whole=True), strict=True):
        if sentences:
            strong = min(1.0, abs(valence) / 2.5)
            side, neutral = 0.15 + 0.8 * strong, 0.82 - 0.8 * strong
            other = 1 - side - neutral
            result.append(Example(sentences, (other, neutral, side) if valence > 0 else (side, neutral, other), 0.4))
    return result


def symbol_examples(reader: Reader) -> list[Example]:
    """Build examples of symbols and of ratings in stars by themselves, and of neutral symbols beside made texts."""
    chance = random.Random(1)
    feelings = {symbol: feeling(symbol) for symbol in symbols() if symbol not in HELD_OUT}
    alone = {symbol: wanted for symbol, wanted in feelings.items() if wanted} | ratings()
    texts = [(symbol, wanted, 0.5) for symbol, wanted in alone.items()]
    neutral = [
        symbol for symbol, wanted in feelings.items() if wanted and wanted[NEUTRAL] > SURE and ord(symbol) > FLAT
    ]
    for made in make_everyday(learned(), 2, seed=2, targets_each=0):
        symbol = chance.choice(neutral)
        pattern = chance.choice(("{0} {1}", "{1} {0}", "{1} {0}{0}", "{1}{0}"))
        texts.append((pattern.format(symbol, made.text), made.wanted, 0.5))
    texts += [(chance.choice(neutral) * chance.randint(2, 3), (0.02, 0.96, 0.02), 0.5) for _ in range(1000)]
    read = reader.read([text for text, _, _ in texts], whole=True)
    return [Example(s, wanted, weight) for s, (_, wanted, weight) in zip(read, texts, strict=True) if s]


def alone_examples(reader: Reader, teacher: Teacher) -> list[Example]:
    """Build an example of each word alone. What it feels like counts less the more seldom it was read.

    The corpora have hardly a word alone that says nothing, so that a model takes any for an opinion. The teacher's
    feeling counts where its heads for films and for tweets agree on it.
    """
    opinions, types = set(lexicon()), reader.types
    known = list(types.numbers.items())
    keys = [key for key, number in known if types.counts[number] and key not in opinions and class_of(key[0]) != SYMBOL]
    soft = teacher.predict(encode(keys)).softmax(2).numpy()[:, [HEADS.index(head) for head in ("film", "tweet")]]
    least = (soft ** (1 / TEMPERATURE) / (soft ** (1 / TEMPERATURE)).sum(2, keepdims=True)).min(1)
    draw = np.random.default_rng(1)
    result = []
    for key, (negative, _, positive) in zip(keys, least, strict=True):
        number = types.numbers[key]
        share = types.counts[number] / (types.counts[number] + SELDOM_ALONE)
        wanted = np.array([0.02 + 0.98 * share * negative, 0.0, 0.02 + 0.98 * share * positive])
        wanted[NEUTRAL] = 1 - wanted.sum()
        flags = int(draw.choice([0, 0, TITLE, CAPITALS])) if is_cased(key[0]) and key not in EMOTICONS else 0
        sentence = Sentence(np.array([number], dtype=np.int32), np.array([flags], dtype=np.int32), [])
        result.append(Example([sentence], triple(wanted), 0.3))
    return result


def made_examples(reader: Reader, all_made: Sequence[Made], weight: float) -> Training:
    """Build examples of made texts and of their targets."""
    texts, targets = [], []
    for made in all_made:
        sentence = reader.sentence(made.text, 0, len(made.text), made.names)
        texts.append(Example([sentence], made.wanted, weight))
        for start, end, wanted in made.targets:
            found = reader.target(made.text, start, end, (0, len(made.text)), made.names)
            if found:
                targets.append(TargetExample(*found, wanted, weight))
    return Training(texts, targets, [])
