"""The table of meanings: (step, HTTP status, kind of fault) to plain words, for all but the model's own error types.

Holds words only, never logic. Wording: what happened, the limit, what to do; the money is said by `Charged`.
"""

from __future__ import annotations

from studio.gateway.errors import Charged, Meaning, Rule, Step

NO, YES, MAYBE = Charged.NO, Charged.YES, Charged.MAYBE
_SUBMIT, _UPLOAD, _DOWNLOAD, _RESULT = (Step.SUBMIT,), (Step.UPLOAD,), (Step.DOWNLOAD,), (Step.RESULT,)
# Where no take is under way yet, so that a refusal ends the matter.
_BEFORE = (Step.SUBMIT, Step.UPLOAD, Step.LOOK, Step.PRICES, Step.KEY)
_SET_KEY = ("Set a new key in Settings", "Rehearse, free")
_WAIT = ("Wait; the studio keeps asking",)
_LOST = ("Look for it", "It never arrived", "Send a new one")
_AGAIN = ("Try again",)
_EDIT = ("Edit draft", "Show full answer")
_SHOW = ("Show full answer",)

When = tuple[tuple[Step, ...], "tuple[int, int] | None", "str | None"]


def _at(steps: tuple[Step, ...], statuses: int | tuple[int, int] | None = None, kind: str | None = None) -> When:
    """When a row speaks: at these steps (none named: all), for this status or span, for this kind of fault."""
    return steps, (statuses, statuses) if isinstance(statuses, int) else statuses, kind


def _rule(
    when: When,
    code: str,
    title: str,
    sentence: str,
    steps: tuple[str, ...],
    charged: Charged,
    again: bool = False,
    bare: str = "",
) -> Rule:
    return Rule(Meaning(code, title, sentence, steps, charged, again, bare), *when)


# The first row that fits wins, so the narrow ones stand first. Sources: fal's queue, error and billing pages.
# Kept by rows, as a table reads:
# fmt: off
PLATFORM: tuple[Rule, ...] = (
    # -- nothing left this machine, or nothing that is known to have arrived
    _rule(_at(_BEFORE, None, "no_key"), "no_key", "No key yet",
          "Making a take needs a fal.ai key. Nothing was sent.", _SET_KEY, NO),
    _rule(_at(_BEFORE, None, "bad_key"), "bad_key", "This key cannot be right",
          "A key has only plain letters, digits and signs. Copy it again from fal.ai. Nothing was sent.", _SET_KEY, NO),
    _rule(_at((), None, "no_key"), "no_key", "No key to ask with",
          "The take goes on at fal.ai. Set the key it was made with and the studio goes on too.", _SET_KEY, MAYBE,
          again=True),
    _rule(_at((), None, "bad_key"), "bad_key", "This key cannot be right",
          "The take goes on at fal.ai. Set the key it was made with and the studio goes on too.", _SET_KEY, MAYBE,
          again=True),
    _rule(_at((), None, "bad_arguments"), "bad_arguments", "This draft cannot be sent",
          "The draft holds text or numbers that cannot be written down for fal.ai. Nothing was sent.",
          ("Edit draft",), NO),
    _rule(_at((), None, "engine"), "engine", "This version cannot send",
          "The fal client in this installation works in a way the studio does not know. Nothing was sent.",
          ("Install the versions the studio asks for",), NO),
    _rule(_at((), None, "forbidden_host"), "forbidden_host", "An unknown address",
          "The answer pointed to an address that is not fal.ai's. The studio did not go there.", _SHOW, MAYBE),
    _rule(_at(_SUBMIT, None, "dns"), "dns", "fal.ai cannot be found",
          "This computer could not look up fal.ai's address. Check the internet connection. Nothing was sent.",
          _AGAIN, NO, again=True),
    _rule(_at(_SUBMIT, None, "tls"), "tls", "No safe connection",
          "A safe connection to fal.ai could not be made: its certificate was not accepted. Check the clock, the "
          "proxy or SSL_CERT_FILE. Nothing was sent.", _AGAIN, NO, again=True),
    _rule(_at(_SUBMIT, None, "refused"), "refused", "fal.ai did not take the connection",
          "The connection was turned away. Nothing was sent.", _AGAIN, NO, again=True),
    _rule(_at(_SUBMIT, None, "proxy"), "proxy", "The proxy said no",
          "The proxy between this computer and fal.ai turned the connection away. Nothing was sent.",
          ("Check the proxy settings", "Try again"), NO, again=True),
    _rule(_at(_SUBMIT, None, "connect"), "connect", "No connection to fal.ai",
          "fal.ai could not be reached. Nothing was sent.", _AGAIN, NO, again=True),
    _rule(_at(_SUBMIT, None, "timeout"), "lost_timeout", "We lost the answer",
          "The request left but no reply came in time. It may be running. Nothing was sent again.", _LOST, MAYBE),
    _rule(_at(_SUBMIT, None, "garbage"), "lost_garbage", "We lost the answer",
          "fal.ai answered, but the reply could not be read. The take may be running. Nothing was sent again.",
          _LOST, MAYBE),
    _rule(_at(_SUBMIT, None, "missing_keys"), "lost_missing_keys", "We lost the answer",
          "fal.ai answered without a request id. The take may be running. Nothing was sent again.", _LOST, MAYBE),
    _rule(_at(_SUBMIT, None, "too_long"), "lost_too_long", "We lost the answer",
          "fal.ai's reply was far too long to be one. The take may be running. Nothing was sent again.", _LOST, MAYBE),
    _rule(_at(_SUBMIT, None, "reset"), "lost_reset", "We lost the answer",
          "The request left but the line broke before a reply came. It may be running. Nothing was sent again.",
          _LOST, MAYBE),
    # -- files: bringing them up is free; fetching them comes after the bill
    _rule(_at(_DOWNLOAD, None, "disk_full"), "disk_full", "The disk is full",
          "The clip waits at fal.ai. Free some space, then save again.", ("Save again",), YES, again=True),
    _rule(_at(_DOWNLOAD, None, "disk"), "disk", "The clip cannot be saved here",
          "The folder for takes could not be written to. The clip waits at fal.ai.",
          ("Check the folder", "Save again"), YES, again=True),
    _rule(_at(_DOWNLOAD, None, "not_media"), "not_media", "Not a clip yet",
          "fal.ai sent a page instead of the clip. It is asked for again.", _WAIT, YES, again=True),
    _rule(_at(_DOWNLOAD, None, "empty"), "empty", "The clip came empty",
          "fal.ai sent no bytes. The clip is asked for again.", _WAIT, YES, again=True),
    _rule(_at(_DOWNLOAD, None, "short"), "short", "The clip came incomplete",
          "The line ended before the clip did. The rest is fetched again.", _WAIT, YES, again=True),
    _rule(_at(_DOWNLOAD, None, "too_long"), "too_big", "The clip is too large",
          "The file is larger than the studio takes in. It stays at fal.ai.", ("Open the link",), YES),
    _rule(_at(_DOWNLOAD, 404), "expired", "The clip is gone from fal.ai",
          "The clip expired at fal.ai before it could be saved.", _SHOW, YES),
    _rule(_at(_DOWNLOAD, 410), "expired", "The clip is gone from fal.ai",
          "The clip expired at fal.ai before it could be saved.", _SHOW, YES),
    _rule(_at(_DOWNLOAD, (401, 403)), "download_locked", "The clip is kept from us",
          "fal.ai did not hand out the clip. It is asked for again.", _WAIT, YES, again=True),
    _rule(_at(_DOWNLOAD), "download_trouble", "The clip is not here yet",
          "The clip is made; fetching it failed for now. It is asked for again.", _WAIT, YES, again=True),
    _rule(_at(_UPLOAD, None, "file_unreadable"), "file_unreadable", "The file cannot be read",
          "The file to send could not be opened on this computer.", ("Choose another file",), NO),
    _rule(_at(_UPLOAD, 413), "upload_too_big", "The file is too large",
          "fal.ai did not take a file of this size. Choose a smaller one.", ("Choose another file",), NO),
    # -- the key and the account
    _rule(_at(_BEFORE, 401), "bad_key", "fal.ai does not know this key",
          "The key was not accepted. Nothing was sent on.", _SET_KEY, NO),
    _rule(_at((), 401), "bad_key", "fal.ai does not know this key",
          "The key was not accepted. The take is untouched; set the key it was made with and the studio goes on.",
          _SET_KEY, MAYBE, again=True),
    _rule(_at((Step.SUBMIT, Step.UPLOAD), 403, "locked"), "locked", "Your fal.ai balance is empty",
          "The request was turned away before filming. Add credit at fal.ai/dashboard/billing.",
          ("Open fal.ai billing", "Rehearse, free"), NO),
    _rule(_at((), 403, "locked"), "locked", "Your fal.ai account is locked",
          "fal.ai does not answer while the account is locked. Add credit at fal.ai/dashboard/billing; the studio "
          "goes on by itself.", ("Open fal.ai billing",), MAYBE, again=True),
    _rule(_at(_BEFORE, 403), "forbidden", "This key may not do that",
          "fal.ai knows the key but does not allow this with it.", _SET_KEY, NO),
    _rule(_at((), 403), "forbidden", "This key may not look at the take",
          "fal.ai knows the key but does not show it this take. Set the key it was made with.",
          _SET_KEY, MAYBE, again=True),
    # -- the submit: a 4xx means refused before the queue. 408 and 499 speak of a broken exchange, 3xx and 5xx may
    #    come from a proxy after the queue took the request: none of these proves that nothing runs
    _rule(_at(_SUBMIT, 408), "lost_answer", "We lost the answer",
          "The exchange with fal.ai broke (HTTP {status}). The take may be running. Nothing was sent again.",
          _LOST, MAYBE),
    _rule(_at(_SUBMIT, (499, 599)), "lost_answer", "We lost the answer",
          "The exchange with fal.ai broke (HTTP {status}). The take may be running. Nothing was sent again.",
          _LOST, MAYBE),
    _rule(_at(_SUBMIT, (300, 399)), "lost_answer", "We lost the answer",
          "fal.ai pointed elsewhere (HTTP {status}) and the studio does not follow with a key. The take may be "
          "running.", _LOST, MAYBE),
    _rule(_at(_SUBMIT, 404), "no_such_model", "fal.ai does not know this model",
          "The model was not found (404). It may have been renamed.",
          ("Check for a newer studio", "Rehearse, free"), NO),
    _rule(_at(_SUBMIT, 409), "conflict", "fal.ai turned the request away",
          "It collided with another one (409). Nothing runs.", _AGAIN, NO),
    _rule(_at(_SUBMIT, 413), "too_much", "The request is too large",
          "fal.ai did not take a request of this size (413). Shorten the scene.", ("Edit draft",), NO),
    _rule(_at(_SUBMIT, 429, "concurrent_requests_limit"), "concurrent", "Too many takes at once",
          "Your fal.ai account runs only so many takes at once (429). Nothing runs for this one.",
          ("Try again when one has finished",), NO),
    _rule(_at(_SUBMIT, 429), "busy", "fal.ai is busy",
          "fal.ai is busy (429). Try again in {wait_s} s.", _AGAIN, NO,
          bare="fal.ai is busy (429). Try again in a little while."),
    # -- questions about a take: the take itself is untouched
    _rule(_at((), 429), "busy", "fal.ai is busy",
          "fal.ai is busy (429). We will ask again in {wait_s} s.", _WAIT, MAYBE, again=True,
          bare="fal.ai is busy (429). We will ask again soon."),
    _rule(_at(_RESULT, 404), "expired", "The result is gone from fal.ai",
          "fal.ai no longer has the result of this take.", _SHOW, MAYBE),
    _rule(_at(_RESULT, 410), "expired", "The result is gone from fal.ai",
          "fal.ai no longer has the result of this take.", _SHOW, MAYBE),
    _rule(_at((Step.STATUS, Step.CANCEL), 404), "not_found", "fal.ai does not know this take",
          "fal.ai has no request with this id.", ("Look for it",), MAYBE),
    _rule(_at((Step.STATUS, Step.CANCEL), 410), "not_found", "fal.ai does not know this take",
          "fal.ai has no request with this id any more.", ("Look for it",), MAYBE),
    _rule(_at((), None, "not_ready"), "not_ready", "Still filming",
          "The take is not finished yet.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "unknown_status"), "unknown_status", "fal.ai used a word we do not know",
          "The take's state could not be read. We keep asking.", _WAIT, MAYBE, again=True),
    _rule(_at(_UPLOAD, (500, 599)), "upload_trouble", "The file did not get through",
          "Sending the file to fal.ai failed for now. No take was sent.", _AGAIN, NO, again=True),
    _rule(_at(_UPLOAD, (400, 499)), "upload_refused", "fal.ai did not take the file",
          "The file was turned away. No take was sent.", ("Choose another file",), NO),
    _rule(_at(_UPLOAD), "upload_trouble", "The file did not get through",
          "Sending the file to fal.ai failed for now. No take was sent.", _AGAIN, NO, again=True),
    _rule(_at((), None, "dns"), "dns", "Connection lost",
          "fal.ai's address could not be looked up. Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "tls"), "tls", "No safe connection",
          "fal.ai's certificate was not accepted. Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "refused"), "refused", "Connection lost",
          "fal.ai did not take the connection. Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "proxy"), "proxy", "The proxy said no",
          "The proxy turned the connection away. Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "connect"), "connect", "Connection lost",
          "fal.ai cannot be reached. Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "timeout"), "timeout", "fal.ai is slow",
          "No answer came in time. Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "reset"), "reset", "Connection lost",
          "The line broke. Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "garbage"), "garbage", "An answer we cannot read",
          "fal.ai's answer could not be read. We ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "missing_keys"), "missing_keys", "An answer with gaps",
          "fal.ai's answer lacks what it should hold. We ask again.", _WAIT, MAYBE, again=True),
    _rule(_at((), None, "too_long"), "too_long", "An answer without end",
          "fal.ai's answer was far too long. We ask again.", _WAIT, MAYBE, again=True),
)

# What is left when no narrower row fits.
REST: tuple[Rule, ...] = (
    _rule(_at(_RESULT, 499), "cancelled", "The take was stopped",
          "fal.ai ended the take before it was finished (499).", ("Edit draft",), MAYBE),
    _rule(_at(_RESULT, (500, 599)), "result_trouble", "The result is not here yet",
          "The take has ended, but its result could not be fetched (HTTP {status}). We ask again.",
          _WAIT, MAYBE, again=True),
    _rule(_at((), (500, 599)), "server", "fal.ai has trouble",
          "fal.ai could not answer (HTTP {status}). Jobs keep running; we ask again.", _WAIT, MAYBE, again=True),
    _rule(_at(_SUBMIT, 422), "refused_input", "fal.ai did not accept the draft",
          "Something in it does not suit the model.", _EDIT, NO),
    _rule(_at(_SUBMIT, (400, 498)), "refused_request", "fal.ai turned the request away",
          "It said no (HTTP {status}). Nothing runs.", _EDIT, NO),
    _rule(_at(_RESULT, (400, 498)), "failed", "The take failed",
          "fal.ai gave no reason that we know (HTTP {status}).", _EDIT, MAYBE),
    _rule(_at(()), "trouble", "fal.ai gave an odd answer",
          "The answer could not be used. We ask again.", _WAIT, MAYBE, again=True),
)
# fmt: on
