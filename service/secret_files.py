"""Secrets that come from files: for every secret setting `NAME`, `NAME_file` names a file that holds its value.

Secrets that orchestrators mount as files are seen by whoever may enter the container, and not by whoever may read the
environment of its process. One rule serves all of them, so that a new secret needs no code for its file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

SUFFIX = "_file"


def secrets_of(fields: Mapping[str, FieldInfo]) -> list[str]:
    """Return the names of the settings that are secrets, one or several."""
    return [name for name, field in fields.items() if SecretStr in (field.annotation, *get_args(field.annotation))]


def with_secrets_read(values: Mapping[str, Any], names: list[str], prefix: str) -> dict[str, Any]:
    """Return the values with those secrets in them for which `NAME_file` names a file.

    White space around a secret is left out: editors and `echo` end a file with a line feed. Raises ValueError, which
    names the variable and the file and quotes nothing of its content.
    """
    read = dict(values)
    for name in names:
        path = read.get(name + SUFFIX)
        if not path:
            continue
        variable, file_variable = prefix + name.upper(), prefix + (name + SUFFIX).upper()
        if name in read and _revealed(read[name]):
            raise ValueError(f"{variable} and {file_variable} are both set: set one of them")
        read[name] = _content(str(path), file_variable)
    return read


def _revealed(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _content(path: str, variable: str) -> str:
    try:
        content = Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise ValueError(f"{variable}: cannot read the file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{variable}: the file {path} is not UTF-8") from None
    if not content:
        raise ValueError(f"{variable}: the file {path} holds nothing")
    return content
