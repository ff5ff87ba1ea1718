"""The words themselves: complete, translated, plain."""

import re
import string
from itertools import combinations
from statistics import mean
from typing import get_args

import pytest

from casa.alerts.phrases import LANGUAGES
from casa.disasters import facts as events
from casa.disasters import hazards
from casa.disasters.texts import LEVELS
from casa.disasters.texts.catalogue import Catalogue, catalogue, zone_names
from casa.disasters.texts.facts import Storm
from casa.disasters.texts.gsm7 import is_gsm7, septets, transliterate
from casa.disasters.texts.passage import label
from casa.geography.places import gazetteer

HAZARDS = hazards.names()
STORMS = get_args(Storm)

# Short words that carry a language; the sets do not meet.
STOP_WORDS = {
    "en": "the and of to is are you your or with from that it may only when if away not do under",
    "fr": "le la les et des du vous votre est sont une dans avec pour que ou si pas sur ne au qui",
    "ht": "ak nan pou yo li kounye w ou epi lè sou pa ka ki fè si kay anba sa te moun lwen tout",
    "nl": "het een en van is zijn uw u niet met voor naar op als bij de ga dat weg blijf kan geen",
    "es": "el los las y de en su es una con para por que si no se al o del lo ya solo a la un",
}

# Reading ease: constant, weight of words a sentence, weight of syllables a word. Flesch (1948),
# Kandel and Moles (1958), Douma (1960), Szigriszt (1993). There is no formula for Creole.
EASE = {
    "en": (206.835, 1.015, 84.6),
    "fr": (207.0, 1.015, 73.6),
    "nl": (206.84, 0.93, 77.0),
    "es": (206.835, 1.0, 62.3),
}
FAIRLY_EASY = 70.0
EXAMPLES = {
    "arrival": "17:00 Friday 3 July, Jamaica",
    "wind": "185 km/h",
    "rain": "250 mm",
    "surge": "2 m",
    "magnitude": "7",
    "places": "Portland",
    "rivers": "Portland",
    "shelters": "Portland",
    "agency": "ODPEM",
    "contact": "116",
    "next_update": "17:00 Friday 3 July, Jamaica",
    "short_arrival": "Friday 17:00",
    "event": "Beryl",
    "label": "Beryl",
    "action": "",
}


def cells(words: Catalogue) -> dict[tuple[str, str], tuple[str, ...]]:
    found = {}
    for hazard in HAZARDS:
        for level in LEVELS:
            cell = hazards.hazard(hazard).words(words.language).at(level)
            found[hazard, level] = (*cell.description, *cell.instruction, cell.action)
    return found


def fact_sentences(words: Catalogue) -> dict[tuple[str, str], str]:
    return {
        (hazard, name): sentence
        for hazard in HAZARDS
        for name, sentence in hazards.hazard(hazard).words(words.language).facts.items()
    }


def frame_sentences(words: Catalogue) -> dict[str, str]:
    return {name: getattr(words.frame, name) for name in words.frame.__struct_fields__}


def sentences(words: Catalogue) -> list[str]:
    """Every sentence, its blanks filled."""
    patterns = [pattern for cell in cells(words).values() for pattern in cell]
    patterns += fact_sentences(words).values()
    filled = [pattern.format_map(EXAMPLES) for pattern in patterns]
    return [part for text in filled for part in re.split(r"(?<=[.?])\s+", text) if part]


def blanks(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


def tokens(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())


def syllables(word: str, language: str) -> int:
    """Groups of vowels; a silent final e is not heard in English and French."""
    plain = re.sub(r"(?<=[^aeiouy])e?s?$", "", word) if language == "fr" else word
    plain = re.sub(r"(?<=[^aeiouyl])e$", "", plain) if language == "en" else plain
    return max(1, len(re.findall(r"[aeiouyàâáéèêëïíîòóôöúûùü]+", plain)))


def test_hazards_are_those_of_hazard_events() -> None:
    assert set(LEVELS) >= set(events.LEVELS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hazard_and_level_is_there(language: str) -> None:
    words = catalogue(language)
    assert set(hazards.hazard("tropical_cyclone").words(language).strengths) == set(STORMS)
    assert len(words.clock.weekdays) == 7
    assert len(words.clock.months) == 12
    for parts in cells(words).values():
        assert all(part.strip() == part and part for part in parts)
        assert all(part.endswith((".", "?")) for part in parts)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_languages_say_as_much_as_english_with_the_same_blanks(language: str) -> None:
    words, english = catalogue(language), catalogue("en")
    for key, parts in cells(english).items():
        translated = hazards.hazard(key[0]).words(language).at(key[1])
        original = hazards.hazard(key[0]).en.at(key[1])
        assert len(translated.description) == len(original.description), key
        assert len(translated.instruction) == len(original.instruction), key
        assert not any(blanks(part) for part in (*parts, *cells(words)[key])), key
    facts, english_facts = fact_sentences(words), fact_sentences(english)
    assert list(facts) == list(english_facts)
    assert all(blanks(facts[key]) == blanks(english_facts[key]) for key in facts)
    frames, english_frames = frame_sentences(words), frame_sentences(english)
    assert all(blanks(frames[key]) == blanks(english_frames[key]) for key in frames)


@pytest.mark.parametrize("pair", list(combinations(LANGUAGES, 2)))
def test_no_two_languages_share_a_sentence(pair: tuple[str, str]) -> None:
    def said(language: str) -> set[str]:
        words = catalogue(language)
        patterns = [pattern for cell in cells(words).values() for pattern in cell]
        patterns += fact_sentences(words).values()
        patterns += frame_sentences(words).values()
        patterns += [words.lists.here, words.lists.more_one, words.lists.more_many]
        patterns += [words.clock.local]
        return {pattern.lower() for pattern in patterns if tokens(re.sub(r"{\w+}", "", pattern))}

    assert said(pair[0]) & said(pair[1]) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_repeats_itself_within_a_warning(language: str) -> None:
    for key, parts in cells(catalogue(language)).items():
        assert len(set(parts[:-1])) == len(parts) - 1, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_of_the_language(language: str) -> None:
    for key, parts in cells(catalogue(language)).items():
        said = tokens(" ".join(parts))
        found = {
            code: sum(word in set(words.split()) for word in said)
            for code, words in STOP_WORDS.items()
        }
        others = max(count for code, count in found.items() if code != language)
        assert found[language] > others, (key, found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short(language: str) -> None:
    lengths = {sentence: len(sentence.split()) for sentence in sentences(catalogue(language))}
    assert max(lengths.values()) <= 25, max(lengths, key=lambda sentence: lengths[sentence])
    assert mean(lengths.values()) <= 15


@pytest.mark.parametrize("language", EASE)
def test_the_words_read_easily(language: str) -> None:
    constant, sentence_weight, syllable_weight = EASE[language]
    said = [tokens(sentence) for sentence in sentences(catalogue(language))]
    heard = [syllables(word, language) for words in said for word in words]
    ease = constant - sentence_weight * mean(map(len, said)) - syllable_weight * mean(heard)
    assert ease >= FAIRLY_EASY


def test_creole_words_are_short() -> None:
    said = [word for sentence in sentences(catalogue("ht")) for word in tokens(sentence)]
    assert mean(syllables(word, "ht") for word in said) < 1.8


def test_creole_keeps_to_its_orthography() -> None:
    """The letters c (but in ch), q, x and é's doubles are not in the orthography of 1979."""
    for sentence in sentences(catalogue("ht")):
        if "{" not in sentence and not any(name in sentence for name in EXAMPLES.values() if name):
            assert not re.search(r"c(?!h)|q|x|ê|ë|ç|œ|au|ph|th", sentence.lower()), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_and_actions_leave_room_in_a_short_message(language: str) -> None:
    words = catalogue(language)
    for hazard in HAZARDS:
        for level in LEVELS:
            for storm in (None, *STORMS):
                named = transliterate(label(hazard, level, storm, language))
                assert is_gsm7(named)
                assert septets(named) <= 38, named
            action = transliterate(hazards.hazard(hazard).words(words.language).at(level).action)
            assert is_gsm7(action)
            assert septets(action) <= 48, action


def test_every_state_has_a_name_for_its_time_in_every_language() -> None:
    assert set(zone_names()) == {place.code for place in gazetteer().places(kind="state")}
    for code, names in zone_names().items():
        assert set(names) == set(LANGUAGES), code
