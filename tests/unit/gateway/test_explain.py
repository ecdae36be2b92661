"""Every fault has words, a money line, and marks on the fields; whatever shape the answer has."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from studio.gateway.errors import Charged, GatewayError, LostAnswer, NotSent, Refusal, Step, TakeFailed
from studio.gateway.explain import TABLE, explain, explain_kind, read_retry_after, redact
from studio.gateway.reading import billable_units
from studio.gateway.refusals import MEANINGS
from studio.gateway.wire import Answered, Broken
from tests.unit.gateway.fal_double import I2V

# As documented by fal: type, HTTP status, ctx, and the number that must reach the person.
DOCUMENTED: list[tuple[str, int, dict[str, Any], str]] = [
    ("internal_server_error", 500, {}, ""),
    ("generation_timeout", 504, {}, ""),
    ("downstream_service_unavailable", 500, {}, ""),
    ("downstream_service_error", 400, {}, ""),
    ("content_policy_violation", 422, {}, ""),
    ("no_media_generated", 422, {}, ""),
    ("image_too_small", 422, {"min_height": 300, "min_width": 320}, "320 × 300 px"),
    ("image_too_large", 422, {"max_height": 4096, "max_width": 5000}, "5,000 × 4,096 px"),
    ("image_load_error", 422, {}, ""),
    ("file_download_error", 422, {}, ""),
    ("face_detection_error", 422, {}, ""),
    ("image_aspect_ratio_error", 422, {"min_aspect_ratio": 0.4, "max_aspect_ratio": 2.5}, "0.4 and 2.5"),
    ("file_too_large", 422, {"max_size": 10485760}, "10 MB"),
    ("greater_than", 422, {"gt": 0}, "above 0"),
    ("greater_than_equal", 422, {"ge": 0.5}, "0.5 or more"),
    ("less_than", 422, {"lt": 9}, "below 9"),
    ("less_than_equal", 422, {"le": 1}, "1 or less"),
    ("multiple_of", 422, {"multiple_of": 8}, "multiple of 8"),
    ("sequence_too_short", 422, {"min_length": 1}, "1 at least"),
    ("sequence_too_long", 422, {"max_length": 2500}, "2,500 at most"),
    ("one_of", 422, {"expected": ["5", "10"]}, "5, 10"),
    ("feature_not_supported", 422, {}, ""),
    ("invalid_archive", 422, {}, ""),
    ("archive_file_count_below_minimum", 422, {}, ""),
    ("audio_duration_too_long", 422, {"max_duration": 30}, "30 s"),
    ("audio_duration_too_short", 422, {"min_duration": 5}, "5 s"),
    ("video_duration_too_long", 422, {"max_duration_seconds": 10}, "10 s"),
    ("video_duration_too_short", 422, {"min": 3}, "3 s"),
    ("unsupported_audio_format", 422, {"supported_formats": ["mp3", "wav"]}, "mp3, wav"),
    ("unsupported_image_format", 422, {"supported_formats": ["jpg", "png"]}, "jpg, png"),
    ("unsupported_video_format", 422, {"supported_formats": ["mp4"]}, "mp4"),
    ("value_error.missing", 422, {}, "is missing"),
    ("string_too_long", 422, {"max_length": 2500}, "2,500"),
    ("literal_error", 422, {"expected": "'5' or '10'"}, "'5' or '10'"),
]
PLATFORM_TYPES = [
    ("request_timeout", 504), ("startup_timeout", 504), ("runner_scheduling_failure", 503),
    ("runner_connection_timeout", 503), ("runner_disconnected", 503), ("runner_connection_refused", 503),
    ("runner_connection_error", 503), ("runner_incomplete_response", 502), ("runner_server_error", 500),
    ("client_disconnected", 499), ("client_cancelled", 499), ("bad_request", 400),
]  # fmt: skip
GARBAGE: list[Any] = [
    None, True, 7, "text", "", [], {}, [[]], [None], [7], [{}], [{"type": 5, "loc": 9, "ctx": [1], "msg": {}}],
    [{"loc": [[], {}, 1.5], "type": None}], [{"loc": ["body", "../../etc"], "type": "x" * 9999}],
    {"detail": {"a": [1]}},
    [{"type": "image_too_small", "ctx": {"min_width": True, "min_height": float("1e300")}}],
    [{"type": "one_of", "ctx": {"expected": [{}, None, ["x"]]}}], [{"type": "less_than", "ctx": {"lt": "9" * 5000}}],
]  # fmt: skip


def answered(status: int, body: Any = None, **headers: str) -> Answered:
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answered(httpx.Response(status, content=content.encode(), headers=headers))


def is_for_a_person(error: GatewayError) -> bool:
    text = f"{error.title} {error.sentence}"
    return (
        error.sentence.endswith(".")
        and not re.search(r"[{}!]|None|oops|successfully|\bendpoint\b|\bpayload\b", text)
        and len(error.sentence) < 400
    )


@pytest.mark.parametrize(("error_type", "status", "ctx", "number"), DOCUMENTED, ids=[row[0] for row in DOCUMENTED])
def test_each_documented_type_has_its_own_words(error_type: str, status: int, ctx: dict[str, Any], number: str) -> None:
    row = {"loc": ["body", "start_image_url"], "msg": "raw words", "type": error_type, "ctx": ctx}
    error = explain(Step.RESULT, answered(status, {"detail": [row]}), endpoint_id=I2V, request_id="r1")
    assert isinstance(error, TakeFailed)
    assert error.code not in ("failed", "trouble", "result_trouble")
    assert error.fields == ("start_image_url",)
    assert number in error.sentence
    assert is_for_a_person(error)
    assert "raw words" in error.detail
    assert error.request_id == "r1"
    if status >= 500:
        assert error.charged is Charged.NO


@pytest.mark.parametrize(("error_type", "status", "ctx", "number"), DOCUMENTED, ids=[row[0] for row in DOCUMENTED])
def test_each_type_has_words_without_its_numbers(
    error_type: str, status: int, ctx: dict[str, Any], number: str
) -> None:
    error = explain(Step.RESULT, answered(status, {"detail": [{"type": error_type}]}))
    assert isinstance(error, TakeFailed)
    assert is_for_a_person(error)


def test_the_setting_is_called_as_the_page_calls_it() -> None:
    row = {"loc": ["body", "start_image_url"], "type": "image_too_small", "ctx": {"min_width": 300, "min_height": 300}}
    error = explain(Step.SUBMIT, answered(422, {"detail": [row]}), endpoint_id=I2V)
    assert error.sentence == ("Start frame is too small. The model needs 300 × 300 px at least. Choose a larger one.")
    assert isinstance(error, Refusal)


def test_several_rows_mark_all_their_fields() -> None:
    rows = [
        {"loc": ["body", "prompt"], "type": "sequence_too_long", "ctx": {"max_length": 2500}},
        {"loc": ["body", "voice_ids", 2], "type": "sequence_too_long"},
        {"loc": ["body", "prompt"], "type": "missing"},
    ]
    error = explain(Step.SUBMIT, answered(422, {"detail": rows}), endpoint_id=I2V)
    assert error.fields == ("prompt", "voice_ids")
    assert error.sentence == "Scene may have 2,500 at most. Shorten it. 2 more in the full answer."


@pytest.mark.parametrize(("error_type", "status"), PLATFORM_TYPES)
def test_platform_types_speak_by_body_or_header(error_type: str, status: int) -> None:
    by_body = explain(Step.RESULT, answered(status, {"detail": "x", "error_type": error_type}))
    by_header = explain(Step.RESULT, answered(status, "x", x_fal_error_type=error_type))
    assert by_body.code == by_header.code
    assert isinstance(by_body, TakeFailed)
    assert is_for_a_person(by_body)


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize(
    "status", [100, 204, 301, 400, 401, 403, 404, 408, 409, 410, 413, 418, 422, 429, 451, 499, 500, 502, 503, 504, 599]
)
def test_every_status_at_every_step_has_words_for_any_garbage(step: Step, status: int) -> None:
    for detail in GARBAGE:
        for body in ({"detail": detail}, detail, {"error": detail}, "<html>nginx</html>"):
            error = explain(step, answered(status, body), endpoint_id="no/such")
            assert is_for_a_person(error), (step, status, body, error.sentence)
            assert len(error.detail) <= 4010


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize(
    "kind",
    ["connect", "dns", "tls", "refused", "proxy", "timeout", "reset", "garbage", "missing_keys", "unknown_status",
     "too_long", "no_key", "bad_key", "forbidden_host", "second_request", "short", "empty", "not_media", "disk_full",
     "disk", "file_unreadable", "not_ready"],
)  # fmt: skip
def test_every_broken_exchange_has_words(step: Step, kind: str) -> None:
    error = explain(step, Broken(kind))
    assert is_for_a_person(error)
    assert isinstance(error, NotSent | LostAnswer) == (step is Step.SUBMIT) or kind == "file_unreadable"


def test_a_submit_is_only_free_of_doubt_below_500() -> None:
    sorts = {status: type(explain(Step.SUBMIT, answered(status, {"detail": "x"}))) for status in range(300, 600)}
    assert {status for status, sort in sorts.items() if sort is Refusal} == set(range(400, 499)) - {408}
    assert set(sorts.values()) == {Refusal, LostAnswer}


def test_a_typed_5xx_on_the_submit_is_still_a_lost_answer() -> None:
    error = explain(Step.SUBMIT, answered(500, {"detail": [{"type": "internal_server_error"}]}))
    assert isinstance(error, LostAnswer)
    assert error.charged is Charged.MAYBE


def test_free_questions_never_speak_of_money() -> None:
    for step in (Step.UPLOAD, Step.LOOK, Step.PRICES, Step.KEY):
        assert explain(step, answered(500)).charged is Charged.NO
        assert explain(step, Broken("reset")).charged is Charged.NO


def test_no_two_rows_are_the_same_and_the_last_fits_all() -> None:
    places = [(rule.steps, rule.statuses, rule.kind) for rule in TABLE]
    assert len(set(places)) == len(places)
    assert TABLE[-1].fits(Step.PRICES, None, "never heard of")
    assert all(meaning.next_steps for meaning in MEANINGS.values())


def test_detail_is_kept_without_secrets() -> None:
    key = "keyid-123456:topsecret-7890"
    text = f"a {key} b topsecret-7890 c Authorization: Bearer abcdefghijk d https://x/y?X-Goog-Signature=feed12 e"
    shown = redact(text, key)
    for secret in ("keyid-123456", "topsecret", "abcdefghijk", "feed12"):
        assert secret not in shown
    assert shown.startswith("a [key] b")


def test_retry_after_is_read_in_both_forms_and_bounded() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert read_retry_after({"retry-after": "7"}) == 7
    assert 25 < (read_retry_after({"retry-after": soon}) or 0) <= 30
    assert read_retry_after({"retry-after": "999999"}) == 3600
    assert read_retry_after({"retry-after": "-3"}) == 0
    assert [read_retry_after({"retry-after": text}) for text in ("", "soon", "nan")] == [None, None, None]


def test_an_error_says_its_money_line() -> None:
    error = explain_kind(Step.SUBMIT, "timeout", request_id="r1")
    assert str(error) == (
        "The request left but no reply came in time. It may be running. Nothing was sent again. "
        "It may be charged; the bill will tell."
    )
    assert repr(error) == "<LostAnswer lost_timeout request_id='r1'>"


@pytest.mark.parametrize("prompt", ["The cake is not ready yet, she says.", "in_progress", "It is not completed."])
def test_a_refusal_that_repeats_the_prompt_is_the_models_last_word(prompt: str) -> None:
    row = {"loc": ["body", "prompt"], "msg": "Flagged.", "type": "content_policy_violation", "input": prompt}
    for detail in ([row], [{**row, "type": "something_new"}]):
        assert isinstance(explain(Step.RESULT, answered(422, {"detail": detail})), TakeFailed)


@pytest.mark.parametrize("step", [Step.STATUS, Step.RESULT, Step.CANCEL])
@pytest.mark.parametrize("kind", ["no_key", "bad_key"])
def test_a_key_that_went_away_says_nothing_of_a_take_that_was_sent(step: Step, kind: str) -> None:
    error = explain_kind(step, kind)
    assert "Nothing was sent" not in error.sentence
    assert error.is_retryable
    assert error.charged is Charged.MAYBE


@pytest.mark.parametrize("units", ["-5", "1e300", "nan", "inf", "10001", "many"])
def test_units_beyond_sense_are_no_bill(units: str) -> None:
    assert billable_units({"x-fal-billable-units": units}) is None
    assert billable_units({"x-fal-billable-units": "5.0"}) == 5.0
