"""Captions stay inside the clip, never two at once, and take at most two rows."""

from __future__ import annotations

import re
import unicodedata

import pytest

from studio.script.captions import MAX_ROW_CHARS, MAX_WIDE_ROW_CHARS, Cue, fit_times, to_srt, to_vtt, wrap

LONG = " ".join(f"word{number}" for number in range(150))


def test_times_that_fit_stay_as_they_are():
    times = [(0, 0.3, 2.4), (1, 2.7, 4.7)]
    assert fit_times(times, {0}, 5.0) == times


def test_line_that_was_not_heard_goes_into_the_gap_between_its_neighbours():
    times = [(0, 0.3, 1.9), (1, 5.8, 7.8), (2, 3.4, 4.8)]
    assert fit_times(times, {0, 2}, 5.0) == [(0, 0.3, 1.9), (1, 1.9, 3.4), (2, 3.4, 4.8)]


def test_line_that_was_not_heard_is_left_out_where_there_is_no_gap():
    assert fit_times([(0, 0.3, 2.4), (1, 1.9, 3.0), (2, 2.6, 4.4)], {0, 2}, 5.0) == [(0, 0.3, 2.4), (2, 2.6, 4.4)]
    assert fit_times([(0, 0.3, 4.9), (1, 5.8, 7.8)], {0}, 5.0) == [(0, 0.3, 4.9)]


def test_planned_lines_end_with_the_clip():
    assert fit_times([(0, 0.0, 4.0), (1, 4.0, 9.0), (2, 9.3, 11.0)], (), 5.0) == [(0, 0.0, 4.0), (1, 4.0, 5.0)]
    assert fit_times([(0, 0.0, 60.0)], (), 5.0) == [(0, 0.0, 5.0)]


@pytest.mark.parametrize("write", [to_srt, to_vtt])
@pytest.mark.parametrize(
    ("text", "limit"), [(LONG, MAX_ROW_CHARS), ("今晚没有人会来这里了，风太大了。" * 6, MAX_WIDE_ROW_CHARS)]
)
def test_long_line_becomes_pages_of_two_rows_by_share_of_its_time(write, text, limit):
    blocks = [block.splitlines() for block in write([Cue(1.0, 5.0, "", None, text)]).split("\n\n") if " --> " in block]
    rows = [row for block in blocks for row in block if " --> " not in row and not row.isdecimal()]
    assert max(len(block) for block in blocks) <= 4
    assert max(map(len, rows)) <= limit
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    stamps = re.findall(r"00:00:0(\d[.,]\d\d\d)", " ".join(row for block in blocks for row in block))
    assert stamps[0].replace(",", ".") == "1.000"
    assert stamps[-1].replace(",", ".") == "5.000"
    assert stamps[1:-1:2] == stamps[2::2]  # each page begins when the one before it ends
    assert stamps == sorted(stamps)


def test_last_page_is_not_left_with_one_word():
    rows = wrap(
        "the light goes out tonight, Mara, and i am too old to climb the stairs again, and so are you, my dear."
    )
    assert len(rows) == 4
    assert min(map(len, rows)) > 12


def test_row_never_begins_with_a_mark_that_belongs_to_the_row_before():
    thai, chinese = "สวัสดีครับผมชื่อสมชายยินดีที่ได้รู้จักครับ" * 3, "我等了二十年你终于回来了我等了二十。" * 5
    for text in (thai, chinese):
        assert "".join(wrap(text)) == text
        assert not any(unicodedata.category(row[0])[0] == "M" or row[0] in "，。" for row in wrap(text))
    assert "".join(wrap("！" * 60)) == "！" * 60
