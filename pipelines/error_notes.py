"""Notes that we add to exceptions on their way: where in a pipeline they were raised. They never quote a text."""

import re

PLACE = "in the pipeline's "


_COMPONENT = re.compile(re.escape(PLACE) + r"(?:component|custom attribute) '?([^']+)'?")


def component_of(error: BaseException) -> str | None:
    """Return the name of the component, or of the custom attribute, that raised an exception, if it was noted."""
    for note in getattr(error, "__notes__", ()):
        if match := _COMPONENT.fullmatch(note):
            return match[1]
    return None


def note_place(error: BaseException, what: str) -> None:
    """Add what was at work, such as `component 'ner'`, unless the exception has such a note already."""
    if not any(note.startswith(PLACE) for note in getattr(error, "__notes__", ())):
        error.add_note(f"{PLACE}{what}")
