"""Deliveries of a played service: made of pushes, sent, held back, sent again."""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from rollway.forge.dialect import Absent, Dialect, Event
from rollway.forge.repositories import NOTHING, Bare, GitFailed, Target
from rollway.forge.state import KEPT_MAX, Pulled, Pushed, State

POLL_SECONDS = 0.5
SEND_SECONDS = 10.0
EMPTY = Target(NOTHING, NOTHING)

Refs = dict[str, Target]


@dataclass(slots=True)
class Delivery:
    """Something delivered, or to be; *answers* are status codes, 0 where there was none."""

    id: int
    repository: str
    about: str  # a ref, or a pull request
    url: str
    headers: dict[str, str]
    body: bytes
    answers: list[int] = field(default_factory=list)

    def show(self) -> dict[str, Any]:
        """Return it without what proves it."""
        return {
            "id": self.id,
            "repository": self.repository,
            "about": self.about,
            "url": self.url,
            "answers": self.answers,
        }


class Deliveries:
    """Looks at the repositories, and tells their webhooks what came."""

    def __init__(self, state: State, dialect: Dialect) -> None:
        self._state = state
        self._dialect = dialect
        self._seen: dict[str, Refs] = {}
        self._looking = asyncio.Lock()
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue()
        self._held: list[Delivery] | None = None
        self.made: deque[Delivery] = deque(maxlen=KEPT_MAX)

    async def begin(self) -> None:
        """Note what is there already, which is no news."""
        for bare in self._state.repositories():
            with suppress(GitFailed):
                self._seen[bare.full_name] = await bare.refs()

    async def work(self) -> None:
        """Watch and send, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._send())

    async def look(self) -> None:
        """Make deliveries of what came since the last look."""
        async with self._looking:
            for bare in self._state.repositories():
                with suppress(GitFailed):  # it is just being made, say; the next look sees it
                    await self._look_at(bare)

    def hold(self) -> None:
        """Keep deliveries back until they are released."""
        self._held = self._held or []

    def release(self, *, newest_first: bool) -> int:
        """Send what was held back; return how many that is."""
        held, self._held = self._held or [], None
        for each in reversed(held) if newest_first else held:
            self._waiting.put_nowait(each)
        return len(held)

    def again(self, number: int) -> Delivery:
        """Send a delivery once more, as it was; Absent where there is none."""
        for each in self.made:
            if each.id == number:
                self._waiting.put_nowait(each)
                return each
        raise Absent

    async def _look_at(self, bare: Bare) -> None:
        now, before = await bare.refs(), self._seen.get(bare.full_name, {})
        moved = [ref for ref in sorted({*before, *now}) if before.get(ref) != now.get(ref)]
        events = [await _event(bare, ref, before, now) for ref in moved]
        self._seen[bare.full_name] = now
        for event in events:
            self.tell(event)

    def tell(self, event: Event) -> None:
        """Make deliveries of an event."""
        for webhook in list(self._state.webhooks.values()):
            if webhook.repository != event.bare.full_name:
                continue
            if not self._dialect.wants(webhook, event):
                continue
            headers, body = self._dialect.delivery(webhook, event)
            number, url = next(self._state.numbers), self._dialect.address(webhook)
            made = Delivery(number, webhook.repository, _about(event), url, headers, body)
            self.made.append(made)
            if self._held is None:
                self._waiting.put_nowait(made)
            else:
                self._held.append(made)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.look()

    async def _send(self) -> None:
        async with httpx2.AsyncClient(timeout=SEND_SECONDS, trust_env=False) as http:
            while True:
                each = await self._waiting.get()
                try:
                    answer = await http.post(each.url, content=each.body, headers=each.headers)
                    each.answers.append(answer.status_code)
                except (httpx2.TransportError, httpx2.InvalidURL):
                    each.answers.append(0)


async def _event(bare: Bare, ref: str, before: Refs, now: Refs) -> Pushed:
    old, new = before.get(ref, EMPTY), now.get(ref, EMPTY)
    is_tag, deleted = ref.startswith("refs/tags/"), new is EMPTY
    known: Iterable[Target] = [] if is_tag or deleted else before.values()
    commits = [] if is_tag or deleted else await bare.history(new.commit, _ids(known))
    return Pushed(
        bare=bare,
        ref=ref,
        before=old.object,
        after=new.object,
        commit=new.commit,
        commits=commits,
        head=None if deleted else await bare.one(new.commit),
        forced=not (is_tag or deleted or old is EMPTY)
        and not await bare.is_ahead(new.commit, old.commit),
    )


def _about(event: Event) -> str:
    return f"#{event.number}" if isinstance(event, Pulled) else event.ref


def _ids(targets: Iterable[Target]) -> set[str]:
    return {each.commit for each in targets}
