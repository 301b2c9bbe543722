"""Notes that we add to exceptions on their way: where in a pipeline they were raised. They never quote a text."""

PLACE = "in the pipeline's "


def note_place(error: BaseException, what: str) -> None:
    """Add what was at work, such as `component 'ner'`, unless the exception has such a note already."""
    if not any(note.startswith(PLACE) for note in getattr(error, "__notes__", ())):
        error.add_note(f"{PLACE}{what}")
