"""Splitting a byte stream into lines, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st

from spanwise.service.streaming.json_lines import LineSplitter


def lines_of(chunks: list[bytes], max_line_bytes: int) -> list[bytes | None]:
    """Return all lines that a splitter yields for these chunks."""
    splitter = LineSplitter(max_line_bytes)
    found = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [*found, *splitter.rest()]


@given(st.lists(st.binary(max_size=6).map(lambda part: part.replace(b"x", b"\n")), max_size=20), st.integers(1, 8))
def test_lines_are_those_of_the_whole_however_it_is_cut(chunks: list[bytes], limit: int) -> None:
    """The last line may lack its line feed; a line over the limit is None."""
    whole = b"".join(chunks).split(b"\n")
    expected = whole if whole[-1] else whole[:-1]
    assert lines_of(chunks, limit) == [line if len(line) <= limit else None for line in expected]


def test_nothing_is_kept_of_a_line_over_the_limit() -> None:
    """A line over the limit is not buffered, however long it gets, and the next line is whole."""
    splitter = LineSplitter(10)
    for _ in range(1000):
        assert list(splitter.feed(b"x" * 100)) == []
        assert splitter._buffer == b""
    assert list(splitter.feed(b"x\nnext\n")) == [None, b"next"]
