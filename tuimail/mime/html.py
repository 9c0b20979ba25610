"""HTML of mail to readable lines."""

from tuimail.model import ReadableText


def html_to_readable(markup: str, *, first_link: int = 1) -> ReadableText:
    """Not here yet."""
    raise NotImplementedError


def fallback_readable(markup: str, *, first_link: int = 1) -> ReadableText:
    """Not here yet."""
    raise NotImplementedError
