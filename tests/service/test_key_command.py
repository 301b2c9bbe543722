"""`spanwise key`: a new key is seen once, its line goes to a file."""

from pathlib import Path

from tests.service.test_cli import spanwise


def test_a_new_key_is_shown_and_its_line_is_printed(tmp_path: Path) -> None:
    """The line goes to standard output, the key to standard error; `key hash` of the key gives the same line."""
    done = spanwise("key", "new", "acme", "--requests", "600", "--characters", "100000")
    assert done.returncode == 0, done.stderr
    key = done.stderr.decode().splitlines()[-1]
    line = done.stdout.decode()
    assert line.startswith("acme:sha256:")
    assert line.endswith(" requests=600 characters=100000\n")
    assert key.encode() not in done.stdout
    again = spanwise("key", "hash", "acme", "--requests", "600", "--characters", "100000", stdin=key.encode() + b"\n")
    assert again.stdout.decode() == line
    file = tmp_path / "keys"
    file.write_text(f"# callers\n{line}")
    checked = spanwise("key", "check", str(file))
    assert (checked.returncode, checked.stdout) == (0, b"acme requests=600 characters=100000\n")


def test_mistakes_are_told_in_one_line(tmp_path: Path) -> None:
    """A bad name, a key that can be guessed, a broken file: exit code 2, and nothing of the key."""
    file = tmp_path / "keys"
    file.write_text("not-a-line-but-a-secret\n")
    for arguments, stdin in (
        (("key", "new", "no good name"), b""),
        (("key", "hash", "acme"), b"short-secret\n"),
        (("key", "check", str(file)), b""),
    ):
        done = spanwise(*arguments, stdin=stdin)
        assert done.returncode == 2
        assert done.stdout == b""
        assert done.stderr.startswith(b"spanwise: ")
        assert done.stderr.count(b"\n") == 1
        assert b"secret" not in done.stderr
