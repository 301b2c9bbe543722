"""A digest of a pipeline's files, by which two services can tell whether they serve the same pipeline.

It covers what spaCy reads of a folder and what changes an answer: `config.cfg`, `tokenizer`, `vocab/` (strings,
vectors, tables) and the file or folder of every component (weights, patterns, rules). It leaves out `meta.json`, the
licence and the readme, so that a package which was only renamed keeps its digest. The code of components is not in the
folder, and not in the digest either.

The digest is the SHA-256 of a list with a line for each file, "SHA-256 of its bytes, two spaces, path", sorted by path.
`sha256sum` prints such lines, so that everybody can compute it with standard tools (docs/explanation/pipelines.md).
"""

from hashlib import file_digest, sha256
from pathlib import Path

from spacy.util import load_config

_BESIDE_COMPONENTS = ("config.cfg", "tokenizer", "vocab")


def weights_digest(folder: Path) -> str:
    """Return `sha256:` and the digest of the files of a pipeline's folder that have to do with its answers."""
    components = load_config(folder / "config.cfg", interpolate=False)["nlp"]["pipeline"]
    listed = sha256()
    for path in sorted(_files(folder, [*_BESIDE_COMPONENTS, *components])):
        with (folder / path).open("rb") as file:
            listed.update(f"{file_digest(file, 'sha256').hexdigest()}  {path}\n".encode())
    return f"sha256:{listed.hexdigest()}"


def _files(folder: Path, names: list[str]) -> set[str]:
    """Return the paths of all files of these names, and in folders of these names, seen from the pipeline's folder."""
    found: set[str] = set()
    for start in (folder / name for name in names):
        paths = [start] if start.is_file() else start.rglob("*")
        found.update(path.relative_to(folder).as_posix() for path in paths if path.is_file())
    return found
