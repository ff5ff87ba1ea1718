"""How many messages may be under way at once."""

from casa.delivery.window import Window


def test_it_doubles_with_each_round_up_to_its_cap():
    window = Window(1_000)
    sizes = []
    for _ in range(5):
        sizes.append(window.size)
        window.answered(0.1, window.size)
    assert sizes == [100, 200, 400, 800, 1_000]


def test_once_pushed_back_it_grows_by_one_for_each_full_window_up_to_its_cap():
    window = Window(52)
    window.pushed_back()
    assert window.size == 26
    window.answered(0.1, 26)
    for size in range(27, 52):
        assert window.size == size
        window.answered(0.1, size + 1)
    assert window.size == 52
    window.answered(0.1, 1_000)
    assert window.size == 52


def test_one_window_of_push_backs_halves_it_once():
    window = Window(100)
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
