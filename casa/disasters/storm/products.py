"""What other product a text is that was sent in place of a forecast/advisory. Pure.

By the headings of NWS Instruction 10-601 (June 2021), of the Tropical Analysis and Forecast
Branch, and of the tsunami warning centres' messages.
"""

import re

_ADVISORY = r"(?:SPECIAL |INTERMEDIATE )*ADVISORY NUMBER"
# The first that fits: what quotes another product has its own heading first in this list.
_KNOWN = (
    (r"TSUNAMI (?:MESSAGE|INFORMATION|THREAT|WARNING|WATCH|ADVISORY|STATEMENT|BULLETIN)"
     r"|TSUNAMI WARNING CENTER", "a tsunami message"),
    (r"TROPICAL WEATHER OUTLOOK", "a tropical weather outlook (TWO)"),
    (r"TROPICAL WEATHER DISCUSSION", "a tropical weather discussion (TWD)"),
    (r"WIND SPEED PROBABILITIES", "a table of wind speed probabilities (PWS)"),
    (r"WATCH/WARNING ADVISORY", "a watch/warning product (TCV)"),
    (r"TROPICAL CYCLONE UPDATE", "a tropical cyclone update (TCU)"),
    (r"DISCUSSION NUMBER", "a forecast discussion (TCD)"),
    (r"LOCAL STATEMENT", "a local statement (HLS)"),
    (r"^TC ADVISORY|ADVISORY NR:", "an aviation advisory (TCA)"),
    (rf"\bBULLETIN\b|(?<!FORECAST/){_ADVISORY}", "a public advisory (TCP)"),
    (r"<\?XML|<ALERT\b|<KML\b|<RSS\b", "XML"),
    (r"^\s*[{\[]", "JSON"),
    (r"^[A-Z]{2}, ?\d\d, ?\d{10},", "a deck"),
    (r"^[A-Z]{2}\d{6},", "HURDAT2"),
)  # fmt: skip


def named(text: str) -> str:
    """What a text in capitals is known as; empty where nobody knows."""
    for pattern, name in _KNOWN:
        if re.search(pattern, text, re.MULTILINE):
            return name
    return ""
