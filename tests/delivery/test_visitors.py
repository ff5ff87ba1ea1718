"""How many may be connected, and how often each may ask."""

from casa.delivery.visitors import Verdict, Visitors


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_room_in_all_and_for_one_address() -> None:
    visitors = Visitors(3, 2)
    assert [visitors.enter(name, "a") for name in "xyz"] == [True, True, False]
    assert [visitors.enter(name, "b") for name in "uvw"] == [True, False, False]
    visitors.leave("z")  # was never in
    visitors.leave("x")
    assert visitors.enter("z", "a")
    assert not visitors.enter("w", "b")


def test_ten_at_once_then_one_a_second() -> None:
    clock = Clock()
    visitors = Visitors(1, 1, clock)
    assert [visitors.ask("x") for _ in range(10)] == [Verdict.WELCOME] * 10
    assert visitors.ask("x") is Verdict.TOO_OFTEN
    assert visitors.ask("y") is Verdict.WELCOME
    clock.now += 2
    assert visitors.ask("x") is Verdict.WELCOME
    assert visitors.ask("x") is Verdict.TOO_OFTEN
    clock.now += 60
    assert [visitors.ask("x") for _ in range(10)] == [Verdict.WELCOME] * 10


def test_whoever_goes_on_is_put_out_and_forgotten() -> None:
    visitors = Visitors(1, 1, Clock())
    verdicts = [visitors.ask("x") for _ in range(31)]
    assert verdicts[-2:] == [Verdict.TOO_OFTEN, Verdict.OUT]
    visitors.leave("x")
    assert visitors.ask("x") is Verdict.WELCOME
