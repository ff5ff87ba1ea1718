"""An officer's own words in place of the composed ones, before an advisory goes out. Pure.

An edit is of the texts at one level in one language, for all places at that level or for some. It
is a part of the advisory, so a second officer approves it with the rest. What it leaves out stays
as composed; a short message and a radio script follow the edited words unless they are edited too.
Other languages stay as composed, and are shown as not edited. Places with words of their own are
told by a message of their own (``readings``), also at the level that they had: new words are news.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from casa.alerts.content import HEADLINE_LIMIT, Fault
from casa.alerts.exercise import notice, prefix
from casa.disasters.advisory import Advisory, Edit
from casa.disasters.levels import Level
from casa.disasters.parts import all_parts, named
from casa.disasters.texts.catalogue import catalogue
from casa.disasters.texts.facts import Texts
from casa.disasters.texts.following import script, short_message
from casa.disasters.texts.gsm7 import (
    SEPTETS_IN_ONE,
    UNITS_IN_ONE,
    fits_one_message,
    is_gsm7,
    septets,
    transliterate,
    ucs2_units,
)
from casa.disasters.texts.radio import MOST_SECONDS, seconds

Group = tuple[Level, Sequence[str]]
"""A level, and the parts that are told of it together."""


def edit_of(given: Advisory, group: Group, language: str) -> Edit | None:
    """The edit of what a group is told in a language: if several fit, that of the fewest places."""
    level, codes = group
    fitting = [
        edit
        for edit in given.edits
        if edit.level is level and edit.language == language and _holds(edit, codes)
    ]
    return min(fitting, key=lambda edit: len(_parts(edit)) or len(codes) + 1_000, default=None)


def edited(edit: Edit, composed: Texts, status: str) -> Texts:
    """The composed texts with the edit's; what is not real is marked in each."""
    mark = prefix(status, edit.language)
    headline = _marked(mark, edit.headline) or composed.headline
    description = _marked(mark, edit.description) or composed.description
    instruction = _marked(mark, edit.instruction) or composed.instruction
    own_words = edit.headline or edit.description or edit.instruction
    sms, radio = composed.sms, composed.radio
    if own_words:
        sms = short_message(headline, _unmarked(mark, instruction) or description)
        radio = script(edit.language, headline, description, _unmarked(mark, instruction))
    if edit.radio:
        said = notice(status, edit.language)
        radio = "\n".join((f"{mark}.", said, edit.radio, f"{mark}.")) if mark else edit.radio
    return Texts(
        headline=headline,
        description=description,
        instruction=instruction,
        sms=_marked(mark, edit.sms) or sms,
        radio=radio,
    )


def languages_of(given: Advisory, group: Group) -> list[str]:
    """The languages in which a group is told an officer's words."""
    return sorted(
        {edit.language for edit in given.edits if edit_of(given, group, edit.language) is edit}
    )


def faults(
    given: Advisory, status: str, groups: Iterable[tuple[Group, Collection[str]]]
) -> Iterator[Fault]:
    """What is wrong with the edits of an advisory that tells each group in some languages."""
    told = list(groups)
    for number, edit in enumerate(given.edits):
        pointer = f"/edits/{number}"
        if any(_same(edit, other) for other in given.edits[:number]):
            yield pointer, "there is another edit of the same texts: keep one"
        elif not any(
            edit.language in languages and edit_of(given, group, edit.language) is edit
            for group, languages in told
        ):
            yield pointer, _unused(edit, told)
        mark = prefix(status, edit.language)
        for name, detail in _too_long(edit, mark, status):
            yield f"{pointer}/{name}", detail


def _unused(edit: Edit, told: Sequence[tuple[Group, Collection[str]]]) -> str:
    alike = [
        f"{', '.join(named(codes))} in {', '.join(languages)}"
        for (level, codes), languages in told
        if level is edit.level
    ]
    if not alike:
        return f"changes no text: nobody is told of the level {edit.level.value}"
    return f"changes no text: told together at this level are {'; '.join(alike)}"


def _too_long(edit: Edit, mark: str, status: str) -> Iterator[Fault]:
    headline = _marked(mark, edit.headline)
    if headline and len(headline) > HEADLINE_LIMIT:
        room = HEADLINE_LIMIT - len(headline) + len(edit.headline or "")
        yield "headline", f"has room for {room} characters beside the mark of the {status}"
    sms = _marked(mark, edit.sms)
    if sms and not fits_one_message(sms):
        yield "sms", _no_message(sms)
    if headline and not sms and not fits_one_message(transliterate(headline)):
        yield "sms", "the edited headline alone is more than one short message: give one"
    if edit.radio:
        whole = " ".join((mark, notice(status, edit.language), edit.radio, mark))
        takes = seconds(whole, catalogue(edit.language).words_per_minute)
        if takes > MOST_SECONDS:
            yield "radio", f"takes {takes:.0f} seconds to read aloud: at most {MOST_SECONDS:.0f}"


def _no_message(sms: str) -> str:
    if is_gsm7(sms):
        return f"has {septets(sms)} characters of GSM-7: one short message holds {SEPTETS_IN_ONE}"
    strange = sorted({one for one in sms if not is_gsm7(one)})
    return (
        f"has {ucs2_units(sms)} characters, and {' '.join(strange[:5])} outside GSM-7: "
        f"one short message then holds {UNITS_IN_ONE}"
    )


def _same(one: Edit, other: Edit) -> bool:
    return (one.level, one.language, _parts(one)) == (other.level, other.language, _parts(other))


def _holds(edit: Edit, codes: Sequence[str]) -> bool:
    return not edit.places or _parts(edit).issuperset(codes)


def _parts(edit: Edit) -> frozenset[str]:
    return all_parts(edit.places)


def _marked(mark: str, text: str | None) -> str:
    if not text:
        return ""
    return f"{mark}: {text}" if mark and not text.startswith(mark) else text


def _unmarked(mark: str, text: str) -> str:
    return text.removeprefix(f"{mark}: ") if mark else text
