"""The settings: how they are read, what is refused, and that the table in the docs is complete."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from spanwise.schemas import Limits
from spanwise.service.settings import PREFIX, Settings, UnknownSetting, reason_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "settings.md"


def test_variables_have_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables have the prefix, in any case."""
    monkeypatch.setenv("SPANWISE_MAX_TEXT_CHARACTERS", "123")
    monkeypatch.setenv("spanwise_log_level", "debug")
    monkeypatch.setenv("SPANWISE_API_KEYS", " one , two,")
    settings = Settings.from_environment()
    assert settings.max_text_characters == 123
    assert settings.log_level == "debug"
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]


def test_a_misspelt_setting_is_refused_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignoring a misspelt variable would leave a default in force that the operator believes to be changed."""
    monkeypatch.setenv("SPANWISE_MAX_TEXT_CHARS", "123")
    with pytest.raises(UnknownSetting, match=r"SPANWISE_MAX_TEXT_CHARS\. Did you mean SPANWISE_MAX_TEXT_CHARACTERS\?"):
        Settings.from_environment()


def test_a_file_of_settings_gives_way_to_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from the file where the environment has none; other names in the file are somebody else's."""
    file = tmp_path / "spanwise.env"
    file.write_text(
        "# a comment\nSPANWISE_MAX_TEXT_CHARACTERS=123\nexport spanwise_log_level='debug'\n"
        "SPANWISE_API_KEYS=one,two\nPATH=/nowhere\nSPANWISE_MAX_STREAMS=7\n"
    )
    monkeypatch.setenv("SPANWISE_ENV_FILE", str(file))
    monkeypatch.setenv("spanwise_max_streams", "8")
    settings = Settings.from_environment()
    assert settings.max_text_characters == 123
    assert settings.log_level == "debug"
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]
    assert settings.max_streams == 8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, r"Cannot read the settings in .*missing\.env: No such file or directory\."),
        (b"SPANWISE_X=\xff", r"Cannot read the settings in .*: it is not UTF-8\."),
        (b"SPANWISE_WORKER=2", r"Unknown setting SPANWISE_WORKER\. Did you mean SPANWISE_WORKERS\?"),
        (b"SPANWISE_WORKERS=secret", r"SPANWISE_WORKERS: Input should be a valid integer"),
    ],
)
def test_a_file_of_settings_that_is_wrong_is_refused_in_one_line(
    content: bytes | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names the file or the setting, and quotes no value."""
    file = tmp_path / "missing.env"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SPANWISE_ENV_FILE", str(file))
    with pytest.raises(ValueError, match=r".") as caught:
        Settings.from_environment()
    said = reason_of(caught.value)
    assert re.match(reason, said)
    assert "\n" not in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "changed",
    [
        {"port": 65536},
        {"workers": 0},
        {"pipelines": ""},
        {"pipelines": "en"},
        {"pipelines": "en=a,en=a"},
        {"pipelines": "auto=a"},
        {"pipelines_file": "/no/such/file"},
        {"components": ("not a module",)},
        {"default_timeout_ms": 10, "max_timeout_ms": 9},
        {"max_queued_characters": 999_999},
        {"rate_limit_per_minute": 1},
        {"log_format": "xml"},
        {"allowed_hosts": "https://api.example.com"},
        {"allowed_hosts": "api.example.com:8000"},
        {"allowed_hosts": "api.*.com"},
        {"cors_origins": "app.example.com"},
        {"cors_origins": "https://app.example.com/"},
        {"cors_origins": "null"},
    ],
    ids=repr,
)
def test_settings_that_make_no_sense_are_refused(changed: dict[str, Any]) -> None:
    """Values that make no sense, alone or together, are refused."""
    with pytest.raises(ValidationError):
        Settings(**changed)


def test_secrets_are_not_shown() -> None:
    """API keys are neither in a repr nor in the dump that the start-up log prints."""
    settings = Settings(api_keys=("hidden-key",))
    assert "hidden-key" not in repr(settings)
    assert "hidden-key" not in str(settings.model_dump(mode="json"))


def test_the_default_limits_are_those_of_the_contract() -> None:
    """The models' own defaults and the settings' defaults are the same numbers."""
    assert Settings().limits == Limits()


def test_the_table_in_the_docs_lists_every_setting() -> None:
    """Name, default and meaning, in the order of the class; nothing else."""
    rows = re.findall(r"^\| `(SPANWISE_\w+)` \| (.*?) \| (.*?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [
        (PREFIX + name.upper(), f"`{_shown(field.default)}`" if _shown(field.default) else "none", field.description)
        for name, field in Settings.model_fields.items()
    ]
    assert rows == expected


def _shown(default: Any) -> str:
    return ",".join(default) if isinstance(default, tuple) else str(default)
