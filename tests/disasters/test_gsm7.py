"""Lengths of short messages."""

import pytest

from casa.disasters.texts import gsm7


def test_accents_of_the_alphabet_take_one_septet_and_the_extension_two() -> None:
    assert gsm7.septets("èéùìòàÇÑñÄöü¿¡£") == 15
    assert gsm7.septets("{}[]~|^\\€") == 18


@pytest.mark.parametrize("text", ["ê", "ô", "î", "ï", "á", "ç", "’", "水"])
def test_what_is_outside_is_not_counted(text: str) -> None:
    assert not gsm7.is_gsm7(text)
    with pytest.raises(gsm7.NotGsm7):
        gsm7.septets(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 160, True),
        ("a" * 161, False),
        ("€" * 80, True),
        ("€" * 80 + "a", False),
        ("ê" * 70, True),
        ("ê" * 71, False),
        ("😀" * 35, True),
        ("😀" * 36, False),
    ],
)
def test_one_message_holds_160_septets_or_70_units(text: str, fits: bool) -> None:
    assert gsm7.fits_one_message(text) is fits


def test_letters_outside_become_plain_and_letters_inside_stay() -> None:
    assert gsm7.transliterate("Préparez-vous dès août : l’île") == "Préparez-vous dès aout : l'ile"
    assert gsm7.transliterate("huracán mañana — Curaçao") == "huracan mañana - Curacao"
    assert gsm7.transliterate("Ayiti: lanmè, tè, zòn") == "Ayiti: lanmè, tè, zòn"


def test_decomposed_letters_are_composed_first() -> None:
    assert gsm7.transliterate("zo\u0300n") == "zòn"


def test_other_scripts_stay_as_they_are() -> None:
    assert gsm7.transliterate("水") == "水"
