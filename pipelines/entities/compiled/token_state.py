"""Define what the grammar components of a pipeline say of a token, and the form in which each of them is compiled.

Components depend on the token alone: on its characters, on the classes that networks chose for it, and on what the
components before wrote; only some rules of an attribute_ruler also look at the tokens beside it. So the answer is
worked out once for all tokens of a kind, the same characters and the same classes, and kept (`compiled_grammar.py`).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class TokenState(NamedTuple):
    """The attributes of a token as strings. An empty one is not set; a `morph` of `_` is set, to no features."""

    tag: str = ""
    pos: str = ""
    morph: str = ""
    lemma: str = ""
    dep: str = ""


UNSET = TokenState()


class Stage(Protocol):
    """A compiled component: it changes the state of a token."""

    def __call__(self, word: str, state: TokenState, choices: Sequence[int]) -> TokenState:
        """Return the state after this component. `choices` are the classes that its network chose, the best first."""
        ...
