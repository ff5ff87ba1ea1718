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


def test_what_each_came_for_is_to_be_said_in_time() -> None:
    clock = Clock()
    visitors = Visitors(5, 5, clock)
    for client in ("silent", "connects", "follows", "leaves", "goes back"):
        assert visitors.enter(client, "192.0.2.1")
    visitors.leave("leaves")
    for client in ("connects", "follows", "goes back"):
        visitors.connect(client)
    for client in ("follows", "goes back"):
        visitors.follow(client)
    visitors.disconnect("goes back")
    clock.now += 14
    assert list(visitors.overdue()) == []
    clock.now += 2
    assert list(visitors.overdue()) == ["silent", "goes back"]
    assert list(visitors.overdue()) == [], "told of once"
    clock.now += 50
    assert list(visitors.overdue()) == ["connects"]
    visitors.disconnect("leaves")
    clock.now += 100
    assert list(visitors.overdue()) == [], "who follows may stay, and who has left is forgotten"


def test_what_a_client_says_is_bounded_and_soon_forgotten() -> None:
    clock = Clock()
    visitors = Visitors(5, 5, clock)
    assert [visitors.speak("a") for _ in range(101)] == [True] * 100 + [False]
    assert visitors.speak("b")
    clock.now += 11
    assert visitors.speak("a")
