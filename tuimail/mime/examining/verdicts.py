"""What an examination is given, and what it comes to.

What must not live here: any rule (`examine` and what it asks), and the word "safe".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tuimail.model import Verdict

__all__ = ["END_OCTETS", "Context", "Finding", "Findings", "Sample", "Verdict"]

END_OCTETS = 1024 * 1024
"""How much of each end of a large attachment is looked at."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of how an attachment came."""

    first_time_sender: bool = False
    """No mail of this sender was here before."""
    from_list: bool = False
    """It came over a mailing list."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The decoded bytes of an attachment: whole, or its two ends. Made by `of`."""

    head: bytes
    """From the first octet on; everything when `tail` is empty."""
    tail: bytes
    """The last octets of a large one; empty when `head` is everything."""
    size_octets: int
    """Of the whole attachment."""

    @classmethod
    def of(cls, decoded: bytes) -> Sample:
        """The sample of a whole attachment."""
        if len(decoded) <= 2 * END_OCTETS:
            return cls(decoded, b"", len(decoded))
        return cls(decoded[:END_OCTETS], decoded[-END_OCTETS:], len(decoded))

    @property
    def is_whole(self) -> bool:
        """Whether no octet is missing."""
        return len(self.head) >= self.size_octets

    @property
    def end(self) -> bytes:
        """The last octets, at most `END_OCTETS`."""
        return self.tail or self.head[-END_OCTETS:]

    @property
    def end_offset(self) -> int:
        """Where `end` begins in the whole."""
        return self.size_octets - len(self.end)

    def cut(self, offset: int, length: int) -> bytes | None:
        """These octets of the whole, shorter at its end; None when they are not in the sample."""
        stop = min(offset + length, self.size_octets)
        if offset < 0 or length < 0 or offset > stop:
            return None
        if stop <= len(self.head):
            return self.head[offset:stop]
        tail_starts = self.size_octets - len(self.tail)
        if self.tail and offset >= tail_starts:
            return self.tail[offset - tail_starts : stop - tail_starts]
        return None


class Finding(NamedTuple):
    """One thing that was found."""

    verdict: Verdict
    """NO_FINDING for what is only worth telling."""
    reason: str
    """A sentence for a person."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What an examination came to."""

    verdict: Verdict
    """The worst of what was found."""
    reasons: tuple[str, ...]
    """Sentences, the most important first; may be there without a finding too."""
    shown_name: str
    """The name to show and to propose: cleaned, one component, its true extension kept; never empty."""
