"""What the gallery tells of takes: counts of filters, who follows whom, and what one take changed against another."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.takes import listing
from studio.takes.changes import beginning, changed_words, outcome_rows, rows, settings_in_words, step
from studio.takes.ledger import Ledger
from studio.takes.listing import Filter
from studio.takes.take import Charge, State, Take
from tests.unit.takes.rig import a_take, fill, steps_of

FILTERS = {
    "all": Filter(),
    "starred": Filter(is_starred=True),
    "motion": Filter(world="live", modes=("motion-control", "motion-control-standard")),
    "trouble": Filter(states=(State.UNKNOWN, State.FAILED)),
    "bin": Filter(is_binned=True),
}


def told(take: Take, voices: list[str] | None = None, home: Path = Path("/nowhere")) -> tuple[Take, dict]:  # type: ignore[type-arg]
    return take, settings_in_words(take, home, voices or [])


# -- finding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", ["", "lamp", "nothing has this"])
def test_tally_agrees_with_the_pages(ledger: Ledger, search: str) -> None:
    ledger.insert_intent(a_take(1, starred=True, search_text="a lamp"))
    ledger.insert_intent(a_take(2, mode="motion-control-standard", search_text="a lamp"))
    ledger.insert_intent(a_take(3, mode="motion-control", state=State.FAILED))
    ledger.insert_intent(a_take(4, binned_at=ledger.clock(), search_text="another lamp"))
    ledger.insert_intent(a_take(5, binned_at=ledger.clock(), makes_video=False, series="voice"))
    with ledger.reading() as connection:
        counted = listing.tally(connection, FILTERS, search, ledger.has_full_text)
    for name, wanted in FILTERS.items():
        page = ledger.page(Filter(**{**vars(wanted), "search": search}))
        assert counted[name] == page.total, name


def test_tally_of_an_empty_ledger_is_nought(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        assert listing.tally(connection, FILTERS, "", ledger.has_full_text) == dict.fromkeys(FILTERS, 0)


def test_followers_leave_out_the_bin_and_voices(ledger: Ledger) -> None:
    ledger.insert_intent(a_take(1))
    ledger.insert_intent(a_take(2))
    for which, more in (
        (3, {}),
        (4, {}),
        (5, {"binned_at": ledger.clock()}),
        (6, {"makes_video": False, "series": "voice"}),
    ):
        ledger.insert_intent(a_take(which, parent_id="t1-live", **more))
    with ledger.reading() as connection:
        assert listing.followers(connection, ["t1-live", "t2-live", "gone"]) == {"t1-live": 2}
        assert listing.followers(connection, []) == {}


def test_counts_are_one_look_at_the_table_and_followers_are_found_by_their_index(ledger: Ledger) -> None:
    """Counted in steps of SQLite's own machine, which a busy computer does not change."""
    fill(ledger, 10_000)
    all_steps = steps_of(ledger, lambda connection: listing.tally(connection, FILTERS, "", ledger.has_full_text))
    assert all_steps < 10_000 * 15 * len(FILTERS)
    ids = [f"t{which}" for which in range(48)]
    assert steps_of(ledger, lambda connection: listing.followers(connection, ids)) < 10_000


# -- what changed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "out_in"),
    [
        ("", "", (0, 0)),
        ("one two", "", (2, 0)),
        ("", "one", (0, 1)),
        ("a b c d", "a c d e", (1, 1)),
        ("a a a", "a a", (1, 0)),
        ("a  b\nc", "a b c", (0, 0)),
        ("灯塔亮了", "灯塔灭了", (1, 1)),
        ("Lamp", "lamp", (1, 1)),
    ],
)
def test_words_out_and_in(old: str, new: str, out_in: tuple[int, int]) -> None:
    assert changed_words(old, new) == out_in


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.lists(st.sampled_from("abcd"), max_size=40))
def test_no_other_matching_keeps_more_words(old: list[str], new: list[str]) -> None:
    out, come = changed_words(" ".join(old), " ".join(new))
    assert len(old) - out == len(new) - come == longest_common(old, new)
    kept = sum(block.size for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks())
    assert kept <= len(old) - out


def longest_common(old: list[str], new: list[str]) -> int:
    """The textbook table."""
    above = [0] * (len(new) + 1)
    for one in old:
        row = [0]
        for place, other in enumerate(new):
            row.append(above[place] + 1 if one == other else max(above[place + 1], row[-1]))
        above = row
    return above[-1]


def test_files_are_called_by_the_names_they_came_with(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "abc.json").write_text('{"original_name": "pier-dusk.jpg"}', encoding="utf-8")
    take = a_take(1, mode="image-to-video", values={"start_image_url": "inputs/abc.jpg", "prompt": "x"})
    assert told(take, home=tmp_path)[1]["Start frame"].words == "pier-dusk.jpg"
    cropped = a_take(2, values=take.values, edits={"start_image_url": {"crop": [0, 0, 1, 1]}})
    found = rows(told(take, home=tmp_path)[1], told(cropped, home=tmp_path)[1])
    assert found == [{"name": "Start frame", "a": "pier-dusk.jpg", "b": "pier-dusk.jpg, cropped"}]


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    for name in ("abc", "def"):
        (tmp_path / "inputs" / f"{name}.json").write_text('{"original_name": "image.png"}', encoding="utf-8")
    one, other = (a_take(which, values={"image_url": f"inputs/{name}.png"}) for which, name in ((1, "abc"), (2, "def")))
    found = rows(told(one, home=tmp_path)[1], told(other, home=tmp_path)[1])
    assert [(row["a"], row["b"]) for row in found if row["name"] == "Character"] == [
        ("image.png", "image.png, another version")
    ]


def test_file_outside_the_home_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"original_name": "secret"}', encoding="utf-8")
    take = a_take(1, values={"start_image_url": "../secret.jpg"})
    assert told(take, home=tmp_path / "home")[1]["Start frame"].words == "secret.jpg"


def test_steps_of_a_chain_in_a_few_words() -> None:
    base = {"prompt": "A lamp.", "duration": "5", "generate_audio": True}
    first = told(a_take(1, values=base))
    assert beginning(first[1]) == "Began with words alone, no voices"
    voiced = told(a_take(2, values={**base, "voice_ids": ["7"]}), ["Marlow"])
    assert beginning(voiced[1]) == "Began with words alone, voices Marlow"
    assert step(first, voiced) == "Voices added"
    assert step(voiced, first) == "Voices removed"
    assert step(first, told(a_take(3, values={**base, "generate_audio": False}))) == "Sound off"
    assert step(first, told(a_take(4, values=base))) == "Same recipe"
    assert step(first, told(a_take(5, values=base, world="rehearsal"))) == "Same recipe, rehearsed"
    assert step(told(a_take(5, values=base, world="rehearsal")), first) == "Same recipe, now filmed"
    full = {**base, "aspect_ratio": "16:9", "negative_prompt": "blur", "cfg_scale": 0.5}
    other = {**full, "prompt": "A lamp, lit.", "duration": "10", "aspect_ratio": "9:16", "negative_prompt": "rain"}
    before, after = told(a_take(6, values=full)), a_take(7, values=other)
    assert step(before, told(after)) == "2 words changed, now 10 s, shape 9:16, avoid changed"
    freer = replace(after, values={**other, "cfg_scale": 1})
    assert step(before, told(freer)) == "2 words changed, now 10 s, shape 9:16, 2 more"


def test_another_mode_is_one_change() -> None:
    text = told(a_take(1, values={"prompt": "A lamp.", "duration": "5", "generate_audio": True, "cfg_scale": 0.5}))
    motion = a_take(2, mode="motion-control", endpoint_id="fal-ai/kling-video/v2.6/pro/motion-control", duration_s=7.62)
    filmed = told(replace(motion, values={"prompt": "A lamp.", "image_url": "https://x.test/a.jpg"}))
    assert step(text, filmed) == "Character added, now 7.6 s, now motion control"


def test_bill_and_wait_are_told_where_they_differ() -> None:
    paid = a_take(1, charge=Charge.BILLED, billed_usd_micros=840_000)
    assert outcome_rows(paid, a_take(2, charge=Charge.NOT_BILLED)) == [{"name": "Billed", "a": "$0.84", "b": "$0.00"}]
    assert outcome_rows(paid, a_take(3, world="rehearsal"))[0]["b"] == "free"
    assert outcome_rows(paid, a_take(4, charge=Charge.MAY_BE_BILLED))[0]["b"] == "may be billed"
    assert outcome_rows(paid, paid) == []


@pytest.mark.parametrize("values", [{}, {"voice_ids": 7, "duration": []}, {"start_image_url": 5}, {"prompt": None}])
def test_values_of_any_shape_are_told(values: dict[str, object]) -> None:
    assert rows(told(a_take(1, values=values))[1], told(a_take(2))[1]) is not None
