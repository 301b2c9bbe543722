"""`python -m contract.clients FOLDER [NAME...]`: generate a client for each language from `openapi.json`.

The commands are those that `docs/how-to/clients.md` shows. No client is corrected by hand, because other teams get what
a generator makes of the document: where a generator goes wrong, the document is changed.
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
    """Return the command of `openapi-python-client`, whose client uses httpx and attrs."""
    config = CONTRACT / "openapi-python-client.yaml"
    command = [str(BIN / "openapi-python-client"), "generate", "--path", str(OPENAPI), "--config", str(config)]
    return [*command, "--output-path", str(folder), "--overwrite", "--fail-on-warning"]


def python_pydantic(folder: Path) -> list[str]:
    """Return the command of `openapi-generator`'s `python`, whose client uses urllib3 and Pydantic."""
    return _openapi_generator("python", folder, "packageName=spanwise_client,projectName=spanwise-client")


def typescript(folder: Path) -> list[str]:
    """Return the command of `openapi-typescript`, which generates only types, for `openapi-fetch`."""
    program = CONTRACT / "node_modules" / ".bin" / "openapi-typescript"
    return [str(program), str(OPENAPI), "--output", str(folder / "schema.d.ts"), "--default-non-nullable", "false"]


def java(folder: Path) -> list[str]:
    """Return the command of `openapi-generator`'s `java`, whose client uses the JDK's HTTP client and Jackson."""
    packages = "invokerPackage=org.spanwise.client,apiPackage=org.spanwise.client.api,"
    names = packages + "modelPackage=org.spanwise.client.model,groupId=org.spanwise,artifactId=spanwise-client"
    options = "openApiNullable=false,containerDefaultToNull=true,useJakartaEe=true,"
    options += "useOneOfDiscriminatorLookup=true,hideGenerationTimestamp=true"
    return [*_openapi_generator("java", folder, f"{options},{names}"), "--library", "native"]


def go(folder: Path) -> list[str]:
    """Return the command of `openapi-generator`'s `go`, whose client needs the standard library alone."""
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
    # By default some of its clients refuse an answer with an unknown field, and would refuse every later version.
    options += ",disallowAdditionalPropertiesIfNotPresent=false"
    return [*command, "--generator-name", language, _NO_TESTS, "--additional-properties", options]


def generate(name: str, folder: Path) -> None:
    """Generate one client. Raises `CalledProcessError`, with the generator's output."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}  # one generator calls ruff
    subprocess.run(
        GENERATORS[name](folder),
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def main(arguments: list[str]) -> int:
    """Generate the named clients, or all of them, and return the exit code."""
    folder = Path(arguments[0])
    for name in arguments[1:] or GENERATORS:
        try:
            generate(name, folder / name)
        except FileNotFoundError as error:
            print(f"clients: no {name} client, because {error.filename} is missing", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as error:
            print(f"{error.stdout}\nclients: no {name} client", file=sys.stderr)
            return 1
        print(f"clients: {folder / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
