"""`python -m spanwise.pipelines.official_setting fr,en-md`: print the setting that serves these official pipelines.

The Makefile calls this for `make run PIPELINES=fr,en-md`. After `--requirement` comes one short name, and the line that
pins this pipeline is printed, which `make lock` gives hashes to.
"""

import sys

from spanwise.pipelines.official_pipelines import DEFAULT_ENTRY, OFFICIAL


def setting_of(shorts: str) -> str:
    """Return the value of `SPANWISE_PIPELINES` for short names, `fr,en-md`. Raises `KeyError` for an unknown one."""
    entries = {one.short: one.entry for one in OFFICIAL} | {"en": DEFAULT_ENTRY}
    return ",".join(entries[short.strip()] for short in shorts.split(","))


def main(arguments: list[str]) -> int:
    """Print the setting for short names, or after `--requirement` what pins one of them. Return an exit code."""
    try:
        if arguments[:1] == ["--requirement"]:
            (pinned,) = (one.requirement for one in OFFICIAL if one.short == arguments[1])
            sys.stdout.write(pinned + "\n")
        else:
            sys.stdout.write(setting_of(",".join(arguments)) + "\n")
    except (KeyError, IndexError, ValueError):
        known = ", ".join(["en", *(one.short for one in OFFICIAL)])
        sys.stderr.write(f"Name pipelines of this list, with commas between: {known}.\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
