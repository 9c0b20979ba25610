"""Which held attachments are shown: by state, by verdict, by account. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tuimail.model import AccountName, EnvelopeId, Held, HeldState, Section, Verdict

HeldKey = tuple[EnvelopeId, Section]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which ones are shown."""

    state: HeldState | None = HeldState.HELD
    """None for all."""
    verdict: Verdict | None = None
    """None for every one."""
    account: AccountName | None = None

    def fits(self, held: Held) -> bool:
        """Whether this one is shown."""
        return (
            self.state in (None, held.state)
            and self.verdict in (None, held.verdict)
            and self.account in (None, held.account)
        )


STATES: tuple[HeldState | None, ...] = (HeldState.HELD, HeldState.RELEASED, HeldState.DELETED, None)
VERDICTS: tuple[Verdict | None, ...] = (None, Verdict.DANGEROUS, Verdict.SUSPICIOUS, Verdict.NO_FINDING)
"""In the order in which a key goes through them."""
