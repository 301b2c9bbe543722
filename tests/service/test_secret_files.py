"""Every secret may come from a file that is named by a variable with `_FILE` behind the secret's own name."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from spanwise.service.secret_files import SUFFIX, secrets_of, with_secrets_read
from spanwise.service.settings import PREFIX, REREAD, Settings, reason_of

SECRETS = secrets_of(Settings.model_fields)
READ_ONCE = [name for name in SECRETS if name not in REREAD]
VALUES = {"quota_redis_url": "redis://:secret@quotas:6379/0"}
"""A valid value of each secret."""
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_every_secret_has_a_setting_for_its_file() -> None:
    """Each secret has a setting `…_file`, and a line of its own in the docs."""
    assert {"api_keys", "quota_redis_url"} <= set(SECRETS)
    assert {name + SUFFIX for name in SECRETS} <= Settings.model_fields.keys()
    lines = re.findall(r"^- `(SPANWISE_\w+_FILE)` for `(SPANWISE_\w+)`:", PAGE.read_text("utf-8"), re.MULTILINE)
    assert lines == [(PREFIX + (name + SUFFIX).upper(), PREFIX + name.upper()) for name in SECRETS]


@pytest.fixture(params=READ_ONCE)
def secret(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a secret that is read once, in an environment that has what it needs."""
    monkeypatch.setenv("SPANWISE_API_KEYS", "some-key")
    return str(request.param)


def test_a_secret_is_read_from_its_file(secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's content is the secret, without the line feed at its end."""
    file = tmp_path / "secret"
    file.write_text(VALUES[secret] + "\n", "utf-8")
    monkeypatch.setenv(f"{PREFIX}{secret}_file".upper(), str(file))
    value = getattr(Settings.from_environment(), secret)
    assert value.get_secret_value() == VALUES[secret]
    assert "secret@" not in repr(value)


def test_a_secret_set_twice_is_refused(secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable and its file together are refused, because nobody could tell which one is in force."""
    file = tmp_path / "file"
    file.write_text(VALUES[secret], "utf-8")
    variable = f"{PREFIX}{secret}".upper()
    monkeypatch.setenv(variable, VALUES[secret])
    monkeypatch.setenv(f"{variable}_FILE", str(file))
    with pytest.raises(ValueError, match=r".") as caught:
        Settings.from_environment()
    assert f"{variable} and {variable}_FILE are both set" in reason_of(caught.value)
    assert "secret" not in reason_of(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, r"{}_FILE: cannot read the file .*/file: No such file or directory"),
        (b" \n", r"{}_FILE: the file .*/file holds nothing"),
        (b"\xff secret", r"{}_FILE: the file .*/file is not UTF-8"),
        (b"secret://", r"{} must begin with redis://, rediss:// or unix://"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_in_one_line(
    content: bytes | None, reason: str, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names the variable and the file, and quotes nothing of the content."""
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    variable = f"{PREFIX}{secret}".upper()
    monkeypatch.setenv(f"{variable}_FILE", str(file))
    with pytest.raises(ValueError, match=r".") as caught:
        Settings.from_environment()
    said = reason_of(caught.value)
    assert re.fullmatch(reason.format(variable), said)
    assert "secret" not in said


def test_a_secret_in_a_file_of_settings_may_be_in_a_file_too(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of settings may name the file of a secret."""
    (tmp_path / "secret").write_text(VALUES[secret], "utf-8")
    settings = tmp_path / "spanwise.env"
    settings.write_text(f"SPANWISE_{secret.upper()}_FILE={tmp_path / 'secret'}\n", "utf-8")
    monkeypatch.setenv("SPANWISE_ENV_FILE", str(settings))
    assert getattr(Settings.from_environment(), secret).get_secret_value() == VALUES[secret]


def test_a_new_secret_needs_no_code_for_its_file(tmp_path: Path) -> None:
    """A secret is read by its name alone, and one without a file stays as it is."""
    (tmp_path / "token").write_text("from-the-file", "utf-8")
    values = {"token_file": str(tmp_path / "token"), "other": SecretStr("as-it-was"), "other_file": ""}
    read = with_secrets_read(values, ["token", "other"], "APP_")
    assert read["token"] == "from-the-file"
    assert read["other"] == SecretStr("as-it-was")
