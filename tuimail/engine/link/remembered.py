"""What an engine that was started again must be told once more. Pure."""

from __future__ import annotations

from tuimail.engine.protocol import (
    Credential,
    Notice,
    PartArrived,
    PartFailed,
    Request,
    SearchEnded,
    SearchServer,
    Show,
    SyncEnded,
    SyncNow,
    Unwant,
    Wake,
    Want,
)


class Remembered:
    """The requests of one client that still matter."""

    def __init__(self) -> None:
        self._shown: Show | None = None
        self._credentials: dict[tuple[str, str], Credential] = {}
        self._wants: dict[tuple[int, str], Want] = {}
        self._syncs: dict[tuple[str, str], SyncNow] = {}
        self._searches: dict[str, SearchServer] = {}

    def note(self, request: Request) -> None:
        """A client asked for this."""
        match request:
            case Show():
                self._shown = request
            case Credential():
                self._credentials[request.account, request.part] = request
            case Want() if request.urgent:
                self._wants[request.envelope_id, request.section] = request
            case Unwant():
                self._wants.pop((request.envelope_id, request.section), None)
            case SyncNow():
                self._syncs[request.account, request.ticket] = request
            case SearchServer():
                self._searches[request.ticket] = request
            case _:
                pass

    def settle(self, notice: Notice | Request) -> None:
        """The engine answered."""
        match notice:
            case PartArrived() | PartFailed():
                self._wants.pop((notice.envelope_id, notice.section), None)
            case SyncEnded() if not notice.account:
                self._syncs = {key: sync for key, sync in self._syncs.items() if sync.ticket != notice.ticket}
            case SearchEnded() if not notice.account:
                self._searches.pop(notice.ticket, None)
            case _:
                pass

    def again(self) -> list[Request]:
        """For a new connection, in the order that serves a person best."""
        requests: list[Request] = [*self._credentials.values()]
        if self._shown is not None:
            requests.append(self._shown)
        return [*requests, *self._wants.values(), Wake(), *self._syncs.values(), *self._searches.values()]
