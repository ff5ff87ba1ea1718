"""The page of words is what its tool makes of the data."""

from casa.disasters import hazards
from casa.disasters.scales import scales
from tools.hazard_words import PAGE, page


def test_the_committed_page_is_what_the_tool_makes() -> None:
    hazards.use(None)
    assert PAGE.read_text("utf-8") == page(), "run: python tools/hazard_words.py"


def test_it_has_every_hazard_and_every_step() -> None:
    text = page()
    for code, hazard in hazards.hazards().items():
        assert f"\n## {code}\n" in text
        assert f"**{hazard.label('advisory', None, 'ht')}" in text
    for scale in scales().values():
        for step in scale.steps:
            assert f"| {step.code} |" in text
            assert f"**{step.es.words}.** {step.es.instruction}" in text
