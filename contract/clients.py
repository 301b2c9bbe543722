"""`python -m contract.clients FOLDER [NAME...]`: a client per language, generated from `openapi.json`.

The same commands that `docs/clients.md` shows. Nothing of a client is mended by hand: what a generator makes of the
document is what other teams get, so it is the document that is changed where a generator goes wrong.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

CONTRACT = Path(__file__).parent
ROOT = CONTRACT.parent
OPENAPI = ROOT / "openapi.json"
BIN = ROOT / ".venv-contract" / "bin"

_NO_TESTS = "--global-property=apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"


def python(folder: Path) -> list[str]:
    """`openapi-python-client`: httpx and attrs."""
    config = CONTRACT / "openapi-python-client.yaml"
    command = [str(BIN / "openapi-python-client"), "generate", "--path", str(OPENAPI), "--config", str(config)]
    return [*command, "--output-path", str(folder), "--overwrite", "--fail-on-warning"]


def python_pydantic(folder: Path) -> list[str]:
    """`openapi-generator`'s `python`: urllib3 and Pydantic."""
    return _openapi_generator("python", folder, "packageName=spanwise_client,projectName=spanwise-client")


def typescript(folder: Path) -> list[str]:
    """`openapi-typescript`: types alone, for `openapi-fetch`."""
    program = CONTRACT / "node_modules" / ".bin" / "openapi-typescript"
    return [str(program), str(OPENAPI), "--output", str(folder / "schema.d.ts"), "--default-non-nullable", "false"]


def java(folder: Path) -> list[str]:
    """`openapi-generator`'s `java`: the JDK's own HTTP client, and Jackson."""
    packages = "invokerPackage=org.spanwise.client,apiPackage=org.spanwise.client.api,"
    names = packages + "modelPackage=org.spanwise.client.model,groupId=org.spanwise,artifactId=spanwise-client"
    options = "openApiNullable=false,containerDefaultToNull=true,useJakartaEe=true,"
    options += "useOneOfDiscriminatorLookup=true,hideGenerationTimestamp=true"
    return [*_openapi_generator("java", folder, f"{options},{names}"), "--library", "native"]


def go(folder: Path) -> list[str]:
    """`openapi-generator`'s `go`: the standard library alone."""
    command = _openapi_generator("go", folder, "packageName=spanwise,useOneOfDiscriminatorLookup=true")
    return [*command, "--git-host", "spanwise.invalid", "--git-user-id", "client", "--git-repo-id", "spanwise"]


GENERATORS: dict[str, Callable[[Path], list[str]]] = {
    "python": python,
    "python-pydantic": python_pydantic,
    "typescript": typescript,
    "java": java,
    "go": go,
}


def _openapi_generator(language: str, folder: Path, options: str) -> list[str]:
    command = [str(BIN / "openapi-generator-cli"), "generate", "--input-spec", str(OPENAPI), "--output", str(folder)]
    # By default some of its clients refuse an answer with a field that they do not know, and so every later version.
    options += ",disallowAdditionalPropertiesIfNotPresent=false"
    return [*command, "--generator-name", language, _NO_TESTS, "--additional-properties", options]


def generate(name: str, folder: Path) -> None:
    """One client. Raises `CalledProcessError`, with what the generator said."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}  # ruff tidies one of them
    subprocess.run(
        GENERATORS[name](folder),
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def main(arguments: list[str]) -> int:
    """The exit code."""
    folder = Path(arguments[0])
    for name in arguments[1:] or GENERATORS:
        try:
            generate(name, folder / name)
        except FileNotFoundError as error:
            print(f"clients: no {name} client, because {error.filename} is not there", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as error:
            print(f"{error.stdout}\nclients: no {name} client", file=sys.stderr)
            return 1
        print(f"clients: {folder / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
