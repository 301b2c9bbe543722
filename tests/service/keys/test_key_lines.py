"""Lines that stand for keys: what is understood, and what is refused without being quoted."""

import re
from pathlib import Path

import pytest

from spanwise.service.keys.key_lines import (
    KeyLineError,
    check_together,
    digest_of,
    line_of,
    new_key,
    parse_entries,
    parse_line,
    read_key_file,
)
from spanwise.service.keys.quota import Quota

DIGEST = "ab" * 32


def test_a_line_has_a_name_a_digest_and_its_own_quota() -> None:
    """What a line does not set is the default's."""
    key = parse_line(f"acme-2.eu:sha256:{DIGEST.upper()}  characters=500 ")
    assert (key.name, key.digest.hex()) == ("acme-2.eu", DIGEST)
    assert key.quota(Quota(7, 8)) == Quota(7, 500)
    assert parse_line(f"a:sha256:{DIGEST} requests=0 characters=0").quota(Quota(7, 8)) == Quota(0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "acme",
        f"acme:sha256:{DIGEST}0",
        f"acme:sha256:{DIGEST[:-1]}",
        f"acme:sha256:{'g' * 64}",
        f"acme:sha512:{DIGEST}",
        f":sha256:{DIGEST}",
        f"-acme:sha256:{DIGEST}",
        f"{'a' * 65}:sha256:{DIGEST}",
        f"acmé:sha256:{DIGEST}",
        f"acme:sha256:{DIGEST} requests",
        f"acme:sha256:{DIGEST} requests=-1",
        f"acme:sha256:{DIGEST} requests=٣",
        f"acme:sha256:{DIGEST} requests=1 requests=2",
        f"acme:sha256:{DIGEST} documents=1",
        f"acme:sha256:{DIGEST} requests=99999999999999999999999999",
    ],
)
def test_other_lines_are_refused_unquoted(line: str) -> None:
    """The message holds nothing of the line, which may be a key that somebody has put in the wrong place."""
    with pytest.raises(KeyLineError) as refused:
        parse_line(line)
    for part in line.replace(":", " ").split():
        assert len(part) < 12 or part not in str(refused.value)


def test_a_file_has_comments_and_names_the_bad_line(tmp_path: Path) -> None:
    """Comments and empty lines are passed over; Windows' line ends and byte order mark do no harm."""
    file = tmp_path / "keys"
    file.write_bytes(f"\ufeff# ours\r\n\r\na:sha256:{DIGEST}\r\n  # more\r\n".encode())
    (key,) = read_key_file(file)
    assert key.name == "a"
    file.write_text(f"a:sha256:{DIGEST}\nsecret-of-somebody\n")
    with pytest.raises(KeyLineError, match="line 2") as refused:
        read_key_file(file)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\n# nothing\n", b"\xff\xfe"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file is most likely a mistake, and so is one that is not UTF-8 or not there."""
    file = tmp_path / "keys"
    file.write_bytes(content)
    for path in (file, tmp_path / "missing", tmp_path):
        with pytest.raises(KeyLineError):
            read_key_file(path)


def test_keys_that_do_not_fit_together_are_refused() -> None:
    """One name has one quota, one key has one name, and there is a bound on names."""
    with pytest.raises(KeyLineError, match="different quotas"):
        check_together([parse_line(f"a:sha256:{DIGEST}"), parse_line(f"a:sha256:{'cd' * 32} requests=1")])
    with pytest.raises(KeyLineError, match="same key"):
        check_together([parse_line(f"a:sha256:{DIGEST}"), parse_line(f"b:sha256:{DIGEST}")])
    with pytest.raises(KeyLineError, match="at most 1,024"):
        check_together(parse_line(f"a{n}:sha256:{n:064x}") for n in range(1025))
    check_together([parse_line(f"a:sha256:{DIGEST}"), parse_line(f"a:sha256:{'cd' * 32}")])


def test_entries_of_the_variable_are_lines_or_keys() -> None:
    """A key that is no line is named by its place; a damaged line is no key."""
    named = parse_entries(["plain", line_of("acme", "secret"), "another"])
    assert [(key.name, key.digest) for key in named] == [
        ("key1", digest_of(b"plain")),
        ("acme", digest_of(b"secret")),
        ("key3", digest_of(b"another")),
    ]
    with pytest.raises(KeyLineError, match="entry 2"):
        parse_entries(["plain", "acme:sha256:123"])


def test_new_keys_differ_and_need_no_quoting() -> None:
    """A key has 32 random bytes, and may stand in a header, a URL, a shell and a list with commas."""
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        assert len(key) >= 43
        assert key.replace("-", "").replace("_", "").isalnum()


def test_the_lines_of_the_docs_are_understood(tmp_path: Path) -> None:
    """The file that the page shows is one, and its first line is that of the key above it."""
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "keys.md").read_text("utf-8")
    key = re.search(r"^spanwise_\S+$", page, re.MULTILINE)
    lines = re.search(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert key
    assert lines
    file = tmp_path / "keys"
    file.write_text(lines[1])
    acme, shop = read_key_file(file)
    assert acme.digest == digest_of(key[0].encode())
    assert shop.quota(Quota(1, 1)) == Quota(600, 1_000_000)
