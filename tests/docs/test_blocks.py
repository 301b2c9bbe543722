"""Every fenced block of the docs, and every command in one, has exactly one rule; every rule has a block and a test."""

from collections.abc import Sequence

import pytest

from tests.docs.pages import ANSWERS, PAGES, ROOT, Block, Command, blocks_of, commands_of
from tests.docs.rules import BLOCKS, COMMANDS, How, Rule

_BLOCKS = [block for page in PAGES for block in blocks_of(page) if block.kind != "console"]
_COMMANDS = [command for page in PAGES for command in commands_of(page)]


def test_the_pages_have_blocks() -> None:
    """The search for blocks finds those of the pages that are sure to have some, and no fence is left over."""
    assert len(_BLOCKS) > 80
    assert len(_COMMANDS) > 50
    for page in PAGES:
        fences = [line for line in page.read_text("utf-8").splitlines() if line.lstrip().startswith("```")]
        assert len(fences) == 2 * len(blocks_of(page)), page


@pytest.mark.parametrize("one", [*_BLOCKS, *_COMMANDS], ids=lambda one: str(getattr(one, "block", one)))
def test_each_has_one_rule(one: Block | Command) -> None:
    """What has none is run by nothing. The answer of a command has to stand behind the command."""
    rules = COMMANDS if isinstance(one, Command) else BLOCKS
    fitting = [rule for rule in rules if rule.fits(one)]
    assert len(fitting) == 1, f"{one}: {[rule.holds for rule in fitting] or 'no rule in tests/docs/rules.py'}"
    if isinstance(one, Block) and one.kind in ANSWERS and fitting[0].holds == "tests/docs/test_shell_blocks.py":
        answers = [answer for command in _COMMANDS for answer in command.answers]
        assert one in answers, f"{one} stands behind no command"


@pytest.mark.parametrize("rules", [BLOCKS, COMMANDS], ids=["blocks", "commands"])
def test_each_rule_is_needed_and_names_a_test(rules: list[Rule]) -> None:
    """A rule fits something. It names a file of tests, or says in a sentence why nothing is run."""
    found: Sequence[Block | Command] = _BLOCKS if rules is BLOCKS else _COMMANDS
    for rule in rules:
        assert any(rule.fits(one) for one in found), rule
        if rule.how is How.NOT_AT_ALL:
            assert rule.holds.endswith("."), rule
        else:
            assert (ROOT / rule.holds).is_file(), rule


def test_few_commands_are_not_run() -> None:
    """Most commands are run, and none of those that only need the service."""
    left_out = [one.text for one in _COMMANDS for rule in COMMANDS if rule.fits(one) and rule.how is How.NOT_AT_ALL]
    assert len(left_out) < len(_COMMANDS) * 0.6
    assert not [text for text in left_out if "127.0.0.1" in text or text.startswith("spanwise")]
