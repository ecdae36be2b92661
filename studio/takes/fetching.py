"""From a result to a verified file under its own name: download, check, rename. Never gives up a paid clip early."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.gateway.answers import Result
from studio.gateway.errors import GatewayError, Gone, TakeFailed
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, Derived
from studio.takes.crew import Crew, logger, plain_reason, reason_of, ticket_of
from studio.takes.ending import Repeats, fail, listed_unit, vanish
from studio.takes.errors import StaleMove, StorageTrouble
from studio.takes.folders import folder_of
from studio.takes.keeping import facts_in, keep_clip, keep_voice, voice_id_of
from studio.takes.recipes import sync_folder
from studio.takes.settling import bill
from studio.takes.storage import in_words
from studio.takes.take import Charge, State, Take

LENGTH_SLACK_S = 1.0
_NEWS_BYTES = 256 * 1024


async def fetch(crew: Crew, take: Take) -> Take:
    """Bring the finished clip home and keep it. Returns the take kept, failed as expired, or still fetching.

    A clip that cannot be had now is asked for again and again, with growing pauses, for a day; afterwards its link
    stays on the take and a person, or the next start, tries again. A voice is all in the result: it only has to be
    written down, or asked for where the take was given up before it came.
    """
    attempt = _Attempt(crew, take)
    start, wait_s = crew.monotonic(), crew.tempo.retry_first_s
    while True:
        try:
            if not take.makes_video:
                return await keep_voice(crew, await attempt.with_voice())
            path, found = await attempt.run()
        except TakeFailed as fault:
            return await fail(crew, attempt.take, fault)
        except Gone as gone:
            if attempt.gone.is_enough():
                return await vanish(crew, attempt.take, gone)
        except (GatewayError, MediaError, StorageTrouble) as fault:
            await crew.remark(attempt.take, _words(fault, attempt.take))
        else:
            return await keep_clip(crew, attempt.take, path, found)
        if crew.monotonic() - start > crew.tempo.keep_trying_s:
            return await _pause(crew, attempt.take)
        await crew.sleep(wait_s)
        wait_s = min(wait_s * 2, crew.tempo.retry_longest_s)


class _Attempt:
    """The download of one take over all its tries."""

    def __init__(self, crew: Crew, take: Take) -> None:
        self.crew = crew
        self.take = take
        self.gone = Repeats(crew, crew.tempo.gone_times, crew.tempo.gone_patience_s)
        self._odd = self._tries = 0

    async def run(self) -> tuple[Path, Derived | ClipFacts]:
        """One try, with the newest link. The file is under its own name only once it was opened and read to its end."""
        if self._tries or not self.take.result_url:
            await self._renew()
        self._tries += 1
        self.take = await self._with_folder()
        folder = self.crew.home / str(self.take.folder)
        final = folder / f"{folder.name}.mp4"
        if final.exists():
            try:
                return final, await self._look_at(final, folder)
            except MediaError:
                logger.warning("the file of %s was not whole; it is fetched again", self.take.id)
        arriving = folder / "arriving.mp4"
        with in_words():
            await self.crew.do(folder.mkdir, parents=True, exist_ok=True)
        found = await self._download(arriving, folder)
        await self.crew.do(self._name, arriving, final)
        return final, found

    async def _look_at(self, clip: Path, folder: Path) -> Derived | ClipFacts:
        """Prove the clip, and make what goes with it on the way; what cannot be made never holds up a clip that plays.

        Raises MediaError where the clip itself is not whole.
        """
        try:
            return await self.crew.darkroom.derive(clip, folder, folder.name)
        except MediaError as fault:
            facts = await self.crew.darkroom.verify_clip(clip)
            logger.warning("nothing was made from the clip of %s: %s", self.take.id, fault.code)
            return facts

    async def _download(self, arriving: Path, folder: Path) -> Derived | ClipFacts:
        await self.crew.gateway(self.take).download(str(self.take.result_url), arriving, self._on_bytes())
        try:
            found = await self._look_at(arriving, folder)
        except MediaError:
            await self.crew.do(arriving.unlink, missing_ok=True)
            raise
        length_s, expected_s = facts_in(found).duration_s, self.take.duration_s
        self._odd += 1
        if expected_s and abs(length_s - expected_s) > LENGTH_SLACK_S and self._odd < self.crew.tempo.odd_times:
            await self.crew.do(arriving.unlink, missing_ok=True)
            message = f"The clip came at {length_s:.1f} s instead of {expected_s:.1f} s. It is fetched again."
            raise MediaError("odd_length", message)
        return found

    def _name(self, arriving: Path, final: Path) -> None:
        with in_words(), self.crew.ledger.durable("file"):
            os.replace(arriving, final)
            sync_folder(final.parent)

    def _on_bytes(self) -> Callable[[int, int | None], None]:
        last = -_NEWS_BYTES

        def on_bytes(done: int, total: int | None) -> None:
            nonlocal last
            if done - last >= _NEWS_BYTES or done == total or done < last:
                last = done
                self.crew.show(self.take.id, bytes_done=done, bytes_total=total)

        return on_bytes

    async def _with_folder(self) -> Take:
        if self.take.folder:
            return self.take
        folder = folder_of(self.take, self.crew.home, self.crew.zone)
        return await self.crew.insist(self.crew.ledger.note, self.take.id, only_in=[State.FETCHING], folder=folder)

    async def with_voice(self) -> Take:
        """The take with the id of its voice, asked for where it never came. Raises GatewayError."""
        if not voice_id_of(self.take):
            await self._renew()
        return self.take

    async def _renew(self) -> None:
        """Ask fal for the result again: its link may be a newer one, and no link may have been kept at all.

        Raises what fal says where there never was a link or a voice; StaleMove where another process has taken over.
        """
        self.take = await self.crew.do(self.crew.ledger.get, self.take.id)
        if self.take.runner_id not in (None, self.crew.runner_id):
            raise StaleMove(self.take.id, (State.FETCHING.value,), State.KEPT.value)
        try:
            result = await self.crew.gateway(self.take).result(ticket_of(self.take))
        except GatewayError:
            if not self.take.result_url:
                raise
            return  # the link we have may still work
        if not self.take.makes_video:
            self.take = await self.crew.insist(
                self.crew.ledger.note,
                self.take.id,
                only_in=[State.FETCHING],
                result=result.payload,
                **await self._bill(result),
            )
        if result.video is not None and result.video.url != self.take.result_url:
            self.take = await self.crew.insist(
                self.crew.ledger.note,
                self.take.id,
                only_in=[State.FETCHING],
                result_url=result.video.url,
                result=result.payload,
                **await self._bill(result),
            )

    async def _bill(self, result: Result) -> dict[str, Any]:
        """Columns for a clip that is there after all, of a take that was booked as failed."""
        if self.take.charge is Charge.BILLED and self.take.billed_usd_micros is not None:
            return {}
        return bill(self.take, result.billable_units, await self.crew.insist(listed_unit, self.crew, self.take))


async def _pause(crew: Crew, take: Take) -> Take:
    """Enough for now. The take stays as it is, with its link, for a person or the next start."""
    reason = plain_reason(
        "not_saved_yet",
        "Not saved yet",
        "The clip is made and paid for, but it could not be fetched for a day. Its link is kept here.",
        ("Save again", "Open the link"),
        "yes",
    )
    await crew.remark(take, reason)
    return take


def _words(fault: GatewayError | MediaError | StorageTrouble, take: Take) -> dict[str, Any]:
    charged = "yes" if take.charge is Charge.BILLED else "no" if take.is_free else "maybe"
    if isinstance(fault, GatewayError):
        return reason_of(fault, charged=charged)
    if isinstance(fault, MediaError):
        sentence = "What arrived is not a whole clip. The clip is made and paid for; it is fetched again."
        return plain_reason("not_a_clip", "Not a whole clip yet", sentence, ("Wait",), charged, fault.message)
    full = "The disk is full. The take waits at fal.ai; free some space, then Save again."
    sentence = full if fault.code == "disk_full" else "The take waits at fal.ai: its folder cannot be written to."
    return plain_reason(fault.code, fault.title, sentence, ("Save again",), charged, fault.sentence)
