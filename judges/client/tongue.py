"""The dialect in which an endpoint is asked now, corrected where what was known of it no longer holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from lifealign_bench.judges.chat import ChatCall, ChatReply
from lifealign_bench.judges.client.course import Course
from lifealign_bench.judges.client.dialect import Dialect

WRONG_DIALECT = ("HTTP 400", "HTTP 422")


class Tongue:
    """Asks in one dialect. remembered: whether it was learned in another run, or is forced, and so may be wrong here.

    first: from where another is looked for. changed: called with it.
    """

    def __init__(
        self,
        course: Course,
        dialect: Dialect,
        first: Dialect,
        schema: Mapping[str, object] | None,
        changed: Callable[[Dialect], None],
        *,
        remembered: bool,
    ) -> None:
        self._course, self._dialect, self._first, self._schema = course, dialect, first, schema
        self._changed, self._doubtful, self._line = changed, remembered, asyncio.Lock()

    async def reply(self, call: ChatCall) -> tuple[ChatReply, Dialect]:
        """The end of one question, and in which dialect it was asked last; raises as `Course.reply`.

        The first question that a remembered dialect gets rejected has the endpoint probed again, once a run.
        """
        asked = self._dialect
        reply = await self._course.reply(call, asked)
        if reply.status != "rejected" or not reply.reason.startswith(WRONG_DIALECT):
            return reply, asked
        async with self._line:
            if self._doubtful:
                self._doubtful = False
                await self._correct()
        if self._dialect == asked:
            return reply, asked
        return await self._course.reply(call, self._dialect), self._dialect

    async def _correct(self) -> None:
        found = await self._course.other_dialect(self._dialect, self._first, self._schema)
        if found is not None:
            self._dialect = found
            self._changed(found)
