"""Points in time as people write them: 2026-06, -2w, @today+3d, yesterday."""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta

DURATION = re.compile(r"(\d{1,4})([hdwmy])")
POINT = re.compile(
    r"(?P<date>[1-9]\d{3}(?:-\d{2}(?:-\d{2})?)?)"
    r"|(?P<day>@?today|yesterday)?(?P<offset>[-+]\d{1,4}[hdwmy])?",
    re.IGNORECASE,
)
FIRST, LAST = date(1000, 1, 1), date(9998, 12, 31)


def is_duration(text):
    """Return whether `text` is a duration such as 30d."""
    return DURATION.fullmatch(text.lower()) is not None


def is_point(text):
    """Return whether `text` names a point in time, one that the calendar has."""
    match = POINT.fullmatch(text)
    if not text or match is None or (text.lower().startswith("yesterday") and match["offset"]):
        return False
    return match["date"] is None or _period(match["date"]) is not None


def interval(text, now):
    """Return `(start, end)` of the point `text`, `end` excluded, in the time zone of `now` (an aware datetime).

    A date, month or year is its whole length, and so is a day; a step from now, such as -2w, is a moment, where
    start and end are the same.
    """
    match = POINT.fullmatch(text)
    if match["date"]:
        first, last = _period(match["date"])
        return midnight(first, now), midnight(_shift(last, 1), now)
    if not match["day"]:
        moment = later(now, match["offset"])
        return moment, moment
    day = _shift(now.date(), -1 if match["day"].lower() == "yesterday" else 0)
    if match["offset"] and match["offset"][-1].lower() == "h":
        moment = later(midnight(day, now), match["offset"])
        return moment, moment
    day = later(midnight(day, now), match["offset"]).date() if match["offset"] else day
    return midnight(day, now), midnight(_shift(day, 1), now)


def day_of(moment):
    """Return the `(start, end)` of the day that `moment` is in."""
    return midnight(moment.date(), moment), midnight(_shift(moment.date(), 1), moment)


def later(moment, offset):
    """Return `moment` moved by an offset such as -2w or +1m; what leaves the calendar stops at its end."""
    sign = -1 if offset[0] == "-" else 1
    count, unit = DURATION.fullmatch(offset.lstrip("+-").lower()).groups()
    count = sign * int(count)
    if unit in "my":
        return _months(moment, count * (12 if unit == "y" else 1))
    try:
        if unit == "h":
            # An hour is one by the clock of the world: the wall's is put forward and back.
            return (moment.astimezone(UTC) + timedelta(hours=count)).astimezone(moment.tzinfo)
        moved = moment + timedelta(**{{"d": "days", "w": "weeks"}[unit]: count})
    except OverflowError:
        return midnight(FIRST if count < 0 else LAST, moment)
    return moved


def _months(moment, count):
    months = moment.year * 12 + moment.month - 1 + count
    year, month = divmod(months, 12)
    if not FIRST.year <= year <= LAST.year:
        return midnight(FIRST if count < 0 else LAST, moment)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def midnight(day, now):
    """Return the beginning of `day` in the time zone of `now`."""
    return datetime.combine(day, time(), now.tzinfo)


def _shift(day, days):
    return min(max(day + timedelta(days), FIRST), LAST)


def _period(text):
    """Return the first and last day of a date, month or year, or None where the calendar has none such."""
    year, month, day = ([int(part) for part in text.split("-")] + [0, 0])[:3]
    try:
        first = date(year, month or 1, day or 1)
        last = first if day else date(year, month or 12, calendar.monthrange(year, month or 12)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None
    return (first, last) if last <= LAST else None
