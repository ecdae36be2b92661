"""The table of the model's own error types, as documented by fal, in plain words. Holds words only, never logic.

Source: fal's model-error and request-error pages. Key off `type`, never off `msg`; an unknown type is final.
Charges: errors of the 5xx kind are never charged; 422 may be, if work was done before the fault was found. Faults of
the input's shape are found before any work. `{name}` is the setting's title, other names come from fal's `ctx`.
"""

from __future__ import annotations

from studio.gateway.errors import Charged, Meaning, Rule, Step

NO, MAYBE = Charged.NO, Charged.MAYBE
_EDIT = ("Edit draft", "Show full answer")
_PICTURE = ("Choose another picture", "Show full answer")
_CLIP = ("Choose another clip", "Show full answer")
_AGAIN = ("Send a new one", "Show full answer")


def _row(
    code: str, title: str, sentence: str, bare: str = "", steps: tuple[str, ...] = _EDIT, charged: Charged = NO
) -> Meaning:
    return Meaning(code, title, sentence, steps, charged, bare=bare or sentence)


MEANINGS: dict[str, Meaning] = {
    # -- content: work was done before the fault was found -------------------------------------------------------------
    "content_policy_violation": _row(
        "content_policy",
        "Refused by the content check",
        "fal.ai's content check refused the scene or a picture. Change what it shows or says.",
        charged=MAYBE,
    ),
    "no_media_generated": _row(
        "no_media",
        "No clip came out",
        "The model ran but made no clip. Change the scene a little and try again.",
        charged=MAYBE,
    ),
    "face_detection_error": _row(
        "no_face",
        "No face found",
        "{name}: the model could not find a face. Choose one with the face clearly seen.",
        "The model could not find a face. Choose a picture with the face clearly seen.",
        _PICTURE,
        MAYBE,
    ),
    "downstream_service_error": _row(
        "downstream",
        "Kling turned the take away",
        "Kling, behind fal.ai, did not make this take. The full answer may say why.",
        charged=MAYBE,
    ),
    "feature_not_supported": _row(
        "not_supported",
        "Not possible with this model",
        "{name}: the model does not do this. Change it or leave it out.",
        "The model does not do what was asked. Change the draft.",
    ),
    # -- files ---------------------------------------------------------------------------------------------------------
    "image_too_small": _row(
        "image_too_small",
        "The picture is too small",
        "{name} is too small. The model needs {min_width} × {min_height} px at least. Choose a larger one.",
        "{name} is too small for the model. Choose a larger one.",
        _PICTURE,
    ),
    "image_too_large": _row(
        "image_too_large",
        "The picture is too large",
        "{name} is too large. The model takes {max_width} × {max_height} px at most. Choose a smaller one.",
        "{name} is too large for the model. Choose a smaller one.",
        _PICTURE,
    ),
    "image_aspect_ratio_error": _row(
        "image_aspect",
        "The picture has the wrong shape",
        "{name} must be between {min_aspect_ratio} and {max_aspect_ratio} wide for each 1 high. Crop it.",
        "{name} is too wide or too tall. Crop it.",
        _PICTURE,
    ),
    "image_load_error": _row(
        "image_unreadable",
        "The picture cannot be read",
        "{name}: fal.ai could not open the picture. Save it anew as JPEG or PNG.",
        steps=_PICTURE,
    ),
    "file_download_error": _row(
        "file_unreachable",
        "A file cannot be fetched",
        "{name}: fal.ai could not fetch the file. Add it again so that it is sent anew.",
        steps=("Send it again", "Show full answer"),
    ),
    "file_too_large": _row(
        "file_too_large",
        "A file is too large",
        "{name} is too large. The model takes {max_size} at most. Choose a smaller one.",
        "{name} is too large for the model. Choose a smaller one.",
        ("Choose another file",),
    ),
    "video_duration_too_long": _row(
        "clip_too_long",
        "The clip is too long",
        "{name} is too long. The model takes {max_duration} s at most. Trim it.",
        "{name} is too long for the model. Trim it.",
        _CLIP,
    ),
    "video_duration_too_short": _row(
        "clip_too_short",
        "The clip is too short",
        "{name} is too short. The model needs {min_duration} s at least. Keep more of it.",
        "{name} is too short for the model. Keep more of it.",
        _CLIP,
    ),
    "audio_duration_too_long": _row(
        "sound_too_long",
        "The recording is too long",
        "{name} is too long. The model takes {max_duration} s at most. Trim it.",
        "{name} is too long for the model. Trim it.",
        ("Choose another recording",),
    ),
    "audio_duration_too_short": _row(
        "sound_too_short",
        "The recording is too short",
        "{name} is too short. The model needs {min_duration} s at least. Keep more of it.",
        "{name} is too short for the model. Keep more of it.",
        ("Choose another recording",),
    ),
    "unsupported_image_format": _row(
        "image_format",
        "This kind of picture is not taken",
        "{name} is of a kind the model does not take. It takes {supported_formats}.",
        "{name} is of a kind the model does not take. Save it as JPEG or PNG.",
        _PICTURE,
    ),
    "unsupported_video_format": _row(
        "clip_format",
        "This kind of clip is not taken",
        "{name} is of a kind the model does not take. It takes {supported_formats}.",
        "{name} is of a kind the model does not take. Save it as MP4.",
        _CLIP,
    ),
    "unsupported_audio_format": _row(
        "sound_format",
        "This kind of recording is not taken",
        "{name} is of a kind the model does not take. It takes {supported_formats}.",
        "{name} is of a kind the model does not take. Save it as MP3 or WAV.",
        ("Choose another recording",),
    ),
    "invalid_archive": _row(
        "archive", "The archive cannot be read", "{name}: fal.ai could not open the archive. Pack it again."
    ),
    "archive_file_count": _row(
        "archive_count",
        "The archive holds the wrong number of files",
        "{name} holds too few or too many files. Pack it again.",
    ),
    # -- values --------------------------------------------------------------------------------------------------------
    "missing": _row("missing", "Something is missing", "{name} is missing. Fill it in."),
    "greater_than": _row(
        "too_low", "A number is too low", "{name} must be above {gt}. Raise it.", "{name} is too low. Raise it."
    ),
    "greater_than_equal": _row(
        "too_low", "A number is too low", "{name} must be {ge} or more. Raise it.", "{name} is too low. Raise it."
    ),
    "less_than": _row(
        "too_high", "A number is too high", "{name} must be below {lt}. Lower it.", "{name} is too high. Lower it."
    ),
    "less_than_equal": _row(
        "too_high", "A number is too high", "{name} must be {le} or less. Lower it.", "{name} is too high. Lower it."
    ),
    "multiple_of": _row(
        "not_multiple",
        "A number does not fit",
        "{name} must be a multiple of {multiple_of}. Change it.",
        "{name} does not fit the steps the model takes. Change it.",
    ),
    "sequence_too_short": _row(
        "too_short",
        "Something is too short",
        "{name} needs {min_length} at least. Add some.",
        "{name} is too short. Add some.",
    ),
    "sequence_too_long": _row(
        "too_long",
        "Something is too long",
        "{name} may have {max_length} at most. Shorten it.",
        "{name} is too long. Shorten it.",
    ),
    "one_of": _row(
        "not_a_choice",
        "Not one of the choices",
        "{name} can be {expected}. Choose one of these.",
        "{name} has a value the model does not know. Choose another.",
    ),
    "value_error": _row("bad_value", "A value does not fit", "{name} has a value the model does not take. Change it."),
    # -- fal's and Kling's own trouble: 5xx is never charged -----------------------------------------------------------
    "internal_server_error": _row(
        "model_crashed", "The model broke down", "The model broke down over this take.", steps=_AGAIN
    ),
    "generation_timeout": _row(
        "model_too_slow", "The model took too long", "The model did not finish in its time.", steps=_AGAIN
    ),
    "downstream_service_unavailable": _row(
        "downstream_away", "Kling is not there", "Kling, behind fal.ai, could not be reached.", steps=_AGAIN
    ),
    "request_timeout": _row(
        "start_too_late", "It never started", "The take waited too long for its turn and was dropped.", steps=_AGAIN
    ),
    "startup_timeout": _row("start_too_late", "It never started", "The model did not start in time.", steps=_AGAIN),
    "runner": _row("runner_lost", "fal.ai lost the take", "The machine that filmed it failed.", steps=_AGAIN),
    "client_cancelled": _row(
        "cancelled", "The take was stopped", "It was stopped as asked.", steps=("Edit draft",), charged=MAYBE
    ),
    "client_disconnected": _row(
        "cancelled", "The take was stopped", "fal.ai ended it because the line was gone.", steps=_AGAIN, charged=MAYBE
    ),
    "bad_request": _row(
        "refused_request", "fal.ai turned the take away", "fal.ai could not make sense of the request."
    ),
}

# Names that mean the same: pydantic's own, old and new, and the families that fal documents by a common stem.
ALIASES: dict[str, str] = {
    "value_error.missing": "missing",
    "value_error.number.not_gt": "greater_than",
    "value_error.number.not_ge": "greater_than_equal",
    "value_error.number.not_lt": "less_than",
    "value_error.number.not_le": "less_than_equal",
    "value_error.number.not_multiple": "multiple_of",
    "value_error.any_str.max_length": "sequence_too_long",
    "value_error.any_str.min_length": "sequence_too_short",
    "value_error.list.max_items": "sequence_too_long",
    "value_error.list.min_items": "sequence_too_short",
    "value_error.const": "one_of",
    "type_error.enum": "one_of",
    "string_too_long": "sequence_too_long",
    "string_too_short": "sequence_too_short",
    "too_long": "sequence_too_long",
    "too_short": "sequence_too_short",
    "literal_error": "one_of",
    "enum": "one_of",
}
_STEMS = {
    "archive_file_count": "archive_file_count",
    "runner_": "runner",
    "value_error": "value_error",
    "type_error": "value_error",
    "url_": "value_error",
    "string_": "value_error",
    "int_": "value_error",
    "float_": "value_error",
    "bool_": "value_error",
    "list_": "value_error",
}


def known_type(error_type: str | None) -> str | None:
    """The row that an error type belongs to, or None for one that is not documented."""
    name = (error_type or "").strip().lower()
    name = ALIASES.get(name, name)
    if name in MEANINGS:
        return name
    return next((row for stem, row in _STEMS.items() if name.startswith(stem)), None)


def rules() -> tuple[Rule, ...]:
    """A type speaks at the submit only within a 4xx: a 5xx there proves nothing about what runs."""
    at_submit = tuple(Rule(row, (Step.SUBMIT,), (400, 498), name) for name, row in MEANINGS.items())
    return at_submit + tuple(Rule(row, (Step.RESULT,), None, name) for name, row in MEANINGS.items())
