"""How many messages may be under way at once."""

from casa.delivery.window import Window


def test_it_grows_by_one_for_each_full_window_up_to_its_cap():
    window = Window(102)
    assert window.size == 100
    for _ in range(101):
        window.answered(0.1)
    assert window.size == 101
    for _ in range(1000):
        window.answered(0.1)
    assert window.size == 102


def test_one_window_of_push_backs_halves_it_once():
    window = Window(400)
    for _ in range(100):
        window.pushed_back()
    assert window.size == 50
    for _ in range(51):
        window.pushed_back()
    assert window.size == 25


def test_slow_answers_push_back_too_and_it_never_closes():
    window = Window(400)
    for _ in range(2000):
        window.answered(5.0)
    assert window.size == 8
    assert Window(3).size == 3
