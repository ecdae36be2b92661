"""The command line: every verb is a door to the same desk and ledger as the page; computes nothing itself."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from studio import __version__
from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Kind, Param, Problem
from studio.catalog.pricing import format_usd
from studio.catalog.registry import find_endpoint, video_endpoints
from studio.settings import SettingsError, read_settings
from studio.takes.cards import state_json
from studio.takes.errors import Refused, StudioError
from studio.takes.listing import Filter
from studio.wiring import build_studio

OK, NOT_KEPT, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; 0 only when what was asked for is there."""
    _print_anything()
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = build_parser("--json" in given).parse_args(given)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        code = run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read our lines has gone; what was made is kept all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_KEPT
    except Refused as error:
        return _fail(options, error.as_reason(), problems=error.problems)
    except StudioError as error:
        return _fail(options, error.as_reason())
    except (SettingsError, ValueError) as error:
        reason = {"code": "wrong_use", "title": "Not usable", "sentence": str(error), "charged": "no"}
        return _fail(options, reason, WRONG_USE)
    except KeyboardInterrupt:
        print("Stopped waiting. A take that was sent goes on; `resume` or the page picks it up.", file=sys.stderr)
        return INTERRUPTED


def _print_anything() -> None:
    """A terminal that cannot show a character must never hide what became of a paid take."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Parser(argparse.ArgumentParser):
    """Says wrong use as JSON too, where JSON was asked for."""

    is_json = False

    def error(self, message: str) -> NoReturn:
        if _Parser.is_json:
            reason = {"code": "wrong_use", "title": "Not usable", "sentence": message, "charged": "no"}
            print(json.dumps({"error": reason}))
        super().error(message)


def build_parser(is_json: bool = False) -> argparse.ArgumentParser:
    _Parser.is_json = is_json
    parser = _Parser(prog="studio", description="Short clips from Kling 2.6: rehearsed free, made once.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_open(verbs)
    for verb, run, help in (
        ("quote", _quote, "say what a take would cost; sends nothing"),
        ("rehearse", _rehearse, "draw a free animatic on this machine"),
        ("make", _make, "make a paid take and wait for it"),
    ):
        _add_modes(verbs.add_parser(verb, help=help), run, verb)
    _add_listing(verbs)
    _add_upkeep(verbs)
    return parser


def _add_open(verbs: Any) -> None:
    opened = verbs.add_parser("open", help="open the studio in the browser")
    opened.add_argument("--host")
    opened.add_argument("--port", type=int)
    opened.add_argument("--no-browser", action="store_true", help="serve only")
    opened.set_defaults(run=_open, json=False)
    served = verbs.add_parser("standin", help="serve the stand-in for fal on loopback, for any fal client")
    served.add_argument("--port", type=int, default=7870)
    served.set_defaults(run=_standin, json=False)


def _add_modes(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int], verb: str) -> None:
    modes = parser.add_subparsers(dest="mode", required=True, metavar="MODE")
    for endpoint in video_endpoints():
        mode = modes.add_parser(endpoint.mode, help=f"{endpoint.model_title}: {endpoint.title.lower()}")
        for param in endpoint.params:
            _add_param(mode, param)
        if verb != "quote":
            mode.add_argument("--key", default="", help="a name for this press: repeating it never makes a second take")
        mode.add_argument("--json", action="store_true", help="print one JSON object")
        mode.set_defaults(run=run)


def _add_param(parser: argparse.ArgumentParser, param: Param) -> None:
    """A flag with the API's own name. What is required is checked by the desk, so that its sentence is the same."""
    flag = f"--{param.name.replace('_', '-')}"
    options: dict[str, Any] = {"help": param.help.replace("%", "%%") or None, "dest": param.name}
    if param.kind is Kind.FLAG:
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, **options)
    elif param.kind is Kind.NUMBER:
        parser.add_argument(flag, type=float, **options)
    elif param.kind is Kind.VOICES:
        parser.add_argument(flag, nargs="+", metavar="VOICE", **options)
    elif param.kind is Kind.CHOICE:
        parser.add_argument(flag, metavar="|".join(param.choices), **options)
    else:
        metavar = "FILE_OR_URL" if param.kind.is_file else "TEXT"
        parser.add_argument(flag, metavar=metavar, **options)


def _add_listing(verbs: Any) -> None:
    takes = verbs.add_parser("takes", help="list takes, newest first")
    takes.add_argument("--limit", type=int, default=50)
    takes.add_argument("--search", default="")
    takes.set_defaults(run=_takes)
    show = verbs.add_parser("show", help="show one take")
    show.add_argument("take", metavar="TAKE")
    show.set_defaults(run=_show)
    spend = verbs.add_parser("spend", help="what was spent, by day and mode")
    spend.set_defaults(run=_spend)
    ways = spend.add_mutually_exclusive_group()
    ways.add_argument("--csv", action="store_true", help="the whole ledger as CSV")
    ways.add_argument("--json", action="store_true")
    for parser in (takes, show):
        parser.add_argument("--json", action="store_true")


def _add_upkeep(verbs: Any) -> None:
    resume = verbs.add_parser("resume", help="fetch what is still on its way, look for what was lost, and wait")
    resume.set_defaults(run=_resume)
    act = verbs.add_parser("act", help="do what a take allows: cancel, drop, look, never_arrived, save_again, star, …")
    act.add_argument("take", metavar="TAKE")
    act.add_argument("action", metavar="ACTION")
    act.set_defaults(run=_act)
    doctor = verbs.add_parser("doctor", help="check settings, folder, ledger and key")
    doctor.set_defaults(run=_doctor)
    voice = verbs.add_parser("create-voice", help=f"make a voice from a recording, {_voice_price()}")
    for param in find_endpoint("create-voice").params:
        _add_param(voice, param)
    voice.add_argument("--name", required=True)
    voice.add_argument("--key", default="")
    voice.add_argument("--rehearse", action="store_true", help="a pretend voice, free")
    voice.set_defaults(run=_create_voice)
    voices = verbs.add_parser("voices", help="list saved voices")
    voices.set_defaults(run=_voices)
    for parser in (resume, act, doctor, voice, voices):
        parser.add_argument("--json", action="store_true")


def _voice_price() -> str:
    return format_usd(find_endpoint("create-voice").quote({}).usd_micros)


# -- verbs ------------------------------------------------------------------------------------------------------------


def _open(options: argparse.Namespace) -> int:
    settings = read_settings(host=options.host, port=options.port)
    with contextlib.suppress(KeyboardInterrupt):  # how a person closes it
        build_studio(settings).serve(open_browser=not options.no_browser)
    return OK


def _standin(options: argparse.Namespace) -> int:
    from studio.wiring import serve_standin

    serve_standin(read_settings(), options.port)
    return OK


def _given(endpoint: Endpoint, options: argparse.Namespace) -> dict[str, Any]:
    """The values that were given, files as absolute paths, defaults left to the desk."""
    values: dict[str, Any] = {}
    for param in endpoint.params:
        value = getattr(options, param.name)
        if value is None:
            continue
        if param.kind.is_file and "://" not in value and not value.startswith("data:"):
            with contextlib.suppress(RuntimeError):  # no such person: then it is only a name
                value = str(Path(value).expanduser().absolute())
        if param.kind is Kind.TEXT and not _is_text(value):
            raise ValueError(f"--{param.name.replace('_', '-')} holds bytes that are no text. Save it as UTF-8.")
        values[param.name] = value
    return values


def _is_text(value: str) -> bool:
    """False for what came from the shell in another encoding: it would be sent, and paid for, with other letters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _quote(options: argparse.Namespace) -> int:
    endpoint = find_endpoint(options.mode)
    with build_studio(read_settings()).desk_only() as studio:
        quote = studio.quote(endpoint.mode, _given(endpoint, options))
    _print(options, quote, f"{endpoint.title}: {format_usd(quote['usd_micros'], exact=True)}. {quote['note']}")
    return OK


def _rehearse(options: argparse.Namespace) -> int:
    return _wait_for_take(options, "rehearsal")


def _make(options: argparse.Namespace) -> int:
    return _wait_for_take(options, "live")


def _wait_for_take(options: argparse.Namespace, world: str) -> int:
    endpoint = find_endpoint(options.mode)
    with build_studio(read_settings()).working() as studio:
        take = studio.desk.make(endpoint.mode, _given(endpoint, options), world=world, key=options.key)
        try:
            return _print_take(options, state_json(studio.desk.wait(take.id), studio.settings.home))
        except KeyboardInterrupt:
            # What still waits here is dropped for free; what was sent goes on. Either way its name is told.
            with contextlib.suppress(StudioError):
                studio.desk.act(take.id, "drop")
            _print_take(options, state_json(studio.desk.ledger.get(take.id), studio.settings.home))
            raise


def _print_take(options: argparse.Namespace, state: dict[str, Any]) -> int:
    error = state.get("error") or {}
    words = f"{state['label']}: {state['state']}. {state.get('file') or error.get('sentence', '')}"
    _print(options, state, words)
    return OK if state["state"] == "kept" else NOT_KEPT


def _takes(options: argparse.Namespace) -> int:
    with build_studio(read_settings()).desk_only() as studio:
        page = studio.desk.ledger.page(Filter(search=options.search), limit=options.limit)
        rows = [{**state_json(take, studio.settings.home), "title": take.title} for take in page.takes]
    lines = [f"{row['label']:<14} {row['state']:<10} {row['take_id']}  {row['title']}" for row in rows]
    _print(options, rows, "\n".join(lines) or "No takes yet. Rehearse one for free.")
    return OK


def _show(options: argparse.Namespace) -> int:
    with build_studio(read_settings()).desk_only() as studio:
        take = studio.desk.ledger.find(options.take)
        state = state_json(take, studio.settings.home)
    return _print_take(options, state)


def _spend(options: argparse.Namespace) -> int:
    with build_studio(read_settings()).desk_only() as studio:
        if options.csv:
            sys.stdout.write(studio.desk.spend.csv())
            return OK
        books = studio.desk.spend
        spend = {
            "days": [row.as_json() for row in books.by_day()],
            "modes": [row.as_json() for row in books.by_mode()],
            **books.totals(),
        }
    today, month = spend["days"][-1]["spent_usd_micros"], spend["month"]["spent_usd_micros"]
    _print(options, spend, f"Today {format_usd(today)}, this month {format_usd(month)}.")
    return OK


def _resume(options: argparse.Namespace) -> int:
    with build_studio(read_settings()).working() as studio:
        states = studio.resume()
    lines = [f"{state['label']}: {state['state']}" for state in states]
    _print(options, states, "\n".join(lines) or "Nothing is on its way.")
    return OK if all(state["state"] == "kept" for state in states) else NOT_KEPT


def _act(options: argparse.Namespace) -> int:
    with build_studio(read_settings()).working() as studio:
        take = studio.desk.ledger.find(options.take)
        done = studio.desk.act(take.id, options.action)
        state = state_json(studio.desk.wait(done.id), studio.settings.home)
    _print(options, state, f"{state['label']}: {state['state']}.")
    return OK


def _doctor(options: argparse.Namespace) -> int:
    with build_studio(read_settings()).desk_only() as studio:
        report: dict[str, Any] = {"settings": studio.doctor.describe(), "checks": studio.doctor.checks()}
    lines = [f"{name:<26} {value:<40} {help}" for name, value, help in report["settings"]]
    lines += [
        f"{'ok' if check['is_ok'] else 'WRONG':<6} {check['what']}: {check['sentence']}" for check in report["checks"]
    ]
    _print(options, report, "\n".join(lines))
    return OK if all(check["is_ok"] for check in report["checks"]) else NOT_KEPT


def _create_voice(options: argparse.Namespace) -> int:
    endpoint = find_endpoint("create-voice")
    world = "rehearsal" if options.rehearse else "live"
    given = _given(endpoint, options)
    with build_studio(read_settings()).working() as studio:
        voice = studio.create_voice(given, options.name, world, options.key)
    _print(options, voice, f"{voice['name']}: {voice['voice_id']}")
    return OK


def _voices(options: argparse.Namespace) -> int:
    with build_studio(read_settings()).desk_only() as studio:
        voices = [voice.as_json() for voice in studio.desk.voices.list()]
    _print(options, voices, "\n".join(f"{v['voice_id']}  {v['name']}" for v in voices) or "No voices yet.")
    return OK


# -- printing ---------------------------------------------------------------------------------------------------------


def _print(options: argparse.Namespace, data: Any, words: str) -> None:
    print(_json(data) if options.json else words)


def _json(data: Any) -> str:
    """One line that any program reads back; letters as they are only where the other side takes them."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(data, ensure_ascii=not is_utf8, default=str)


def _fail(
    options: argparse.Namespace, reason: Mapping[str, Any], exit_code: int = NOT_KEPT, problems: Sequence[Problem] = ()
) -> int:
    """Say why nothing came of it; for the verbs that make, as the same JSON object that a take would give."""
    if not getattr(options, "json", False):
        print(f"{reason['title']}: {reason['sentence']}", file=sys.stderr)
        return exit_code
    error = {**reason, "problems": [asdict(problem) for problem in problems]}
    mode = getattr(options, "mode", None)
    empty = dict.fromkeys(("take_id", "request_id", "estimate_usd_micros", "billed_usd_micros", "file"))
    if mode is not None:
        endpoint = find_endpoint(mode)
        values = {param.name: getattr(options, param.name) for param in endpoint.params}
        given = {name: value for name, value in values.items() if value is not None}
        print(_json({**empty, "state": "not_sent", "endpoint": endpoint.id, "arguments": given, "error": error}))
    elif getattr(options, "verb", "") == "show":
        print(_json({**empty, "state": None, "endpoint": None, "arguments": {}, "error": error}))
    else:
        print(_json({"error": error}))
    return exit_code


__all__ = ["build_parser", "main"]
