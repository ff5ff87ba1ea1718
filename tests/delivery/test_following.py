"""Telling this process's clients while others may run: nobody is missed, nobody told twice."""

from collections.abc import Callable, Iterable
from typing import Any

from flask.testing import FlaskClient

from casa.database import Database
from casa.delivery.followers import Following, Listener
from casa.delivery.following import SequenceFollower
from casa.geography.places import place_key

Publish = Callable[..., dict[str, Any]]
BARBADOS = Following(frozenset([place_key("BB")]))


class Wire:
    """Delivers one client at a time; ``between`` runs after each, as another greenlet would."""

    def __init__(self) -> None:
        self.heard: dict[str, list[int]] = {}
        self.between: Callable[[], None] | None = None

    def send(self, listeners: Iterable[Listener], content: dict[str, Any]) -> None:
        for one in (each for each in listeners if each.listens):
            self.heard.setdefault(one.client, []).append(content["sequence"])
            if self.between:
                self.between, run = None, self.between
                run()


def follower(database: Database) -> tuple[SequenceFollower, Wire]:
    wire = Wire()
    return SequenceFollower(database, wire.send, 0.1), wire


def test_what_many_are_told(database: Database, publish: Publish, warning: dict[str, Any]) -> None:
    following, wire = follower(database)
    french = Following(frozenset([place_key("BB")]), ("fr",))
    for name in ("a", "b"):
        following.follow(name, BARBADOS, None)
    following.follow("c", french, None)
    following.follow("d", Following(frozenset([place_key("JM")])), None)
    publish(warning)
    following.look()
    assert wire.heard == {"a": [1], "b": [1], "c": [1]}
    assert following.position == 1


def test_who_begins_to_follow_while_others_are_being_told(
    database: Database, publish: Publish, warning: dict[str, Any]
) -> None:
    following, wire = follower(database)
    following.follow("first", BARBADOS, None)
    answers: list[dict[str, Any]] = []
    wire.between = lambda: answers.append(following.follow("late", BARBADOS, 0))
    publish(warning)
    following.look()
    assert [one["sequence"] for one in answers[0]["missed"]] == [1]
    assert wire.heard == {"first": [1]}


def test_who_follows_again_while_others_are_being_told(
    database: Database, publish: Publish, warning: dict[str, Any]
) -> None:
    following, wire = follower(database)
    names = ["a", "b"]
    for name in names:
        following.follow(name, BARBADOS, None)
    answers: dict[str, dict[str, Any]] = {}

    def follow_again() -> None:
        (waiting,) = set(names) - set(wire.heard)
        answers[waiting] = following.follow(waiting, BARBADOS, 0)

    wire.between = follow_again
    publish(warning)
    following.look()
    (told,), (again,) = wire.heard, answers
    assert {told, again} == set(names)
    assert [one["sequence"] for one in answers[again]["missed"]] == [1]


def test_who_leaves_while_others_are_being_told(
    database: Database, publish: Publish, warning: dict[str, Any]
) -> None:
    following, wire = follower(database)
    for name in ("a", "b"):
        following.follow(name, BARBADOS, None)

    def leave() -> None:
        for name in ("a", "b"):
            following.followers.drop(name)

    wire.between = leave
    publish(warning)
    following.look()
    assert len(wire.heard) == 1


def test_who_leaves_while_those_of_another_language_are_being_told(
    database: Database, publish: Publish, warning: dict[str, Any]
) -> None:
    following, wire = follower(database)
    groups = {language: [f"{language}{number}" for number in range(3)] for language in ("en", "fr")}
    barbados = frozenset([place_key("BB")])
    for language, names in groups.items():
        for name in names:
            following.follow(name, Following(barbados, (language,)), None)
    answers: dict[str, dict[str, Any]] = {}

    def change() -> None:
        (later,) = (names for names in groups.values() if not set(names) & set(wire.heard))
        following.followers.drop(later[0])
        answers[later[1]] = following.follow(later[1], Following(barbados, ("en",)), 0)

    wire.between = change
    publish(warning)
    following.look()
    (again,) = answers
    assert [one["sequence"] for one in answers[again]["missed"]] == [1]
    assert len(wire.heard) == 4
    assert again not in wire.heard


class Frames(Wire):
    """Keeps what each client is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.got: dict[str, list[tuple[str, str, bool, bool]]] = {}

    def send(self, listeners: Iterable[Listener], content: dict[str, Any]) -> None:
        told = content["msg_type"], content["event"], content["concerns"], content["news"]
        for one in (each for each in listeners if each.listens):
            self.got.setdefault(one.client, []).append(told)


def test_whom_an_advisory_leaves_untold(
    database: Database, client: FlaskClient, bearer: Callable[[str], dict[str, str]]
) -> None:
    wire = Frames()
    following = SequenceFollower(database, wire.send, 0.1)
    for code in ("BB", "VC", "GD"):
        following.follow(code, Following(frozenset([place_key(code)])), None)
    body = {"hazard": "flood", "name": "Demo"}
    made = client.post("/v1/hazard-events", json=body, headers=bearer("cdema"))
    for levels in (
        {"BB": "watch", "VC": "watch", "GD": "watch"},
        {"BB": "warning", "VC": "watch", "GD": "watch"},
        {"BB": "warning", "GD": "all_clear", "VC": "all_clear"},
    ):
        path = f"{made.headers['Location']}/advisories?publish=true"
        client.post(path, json={"levels": levels}, headers=bearer("cdema"))
    while following.look():
        pass
    watch, warning = ("Alert", "Flood watch", True, True), ("Alert", "Flood warning", True, True)
    assert wire.got["BB"] == [
        watch,
        warning,
        ("Update", "Flood watch", False, False),
        ("Cancel", "Flood all clear", False, True),
    ]
    stays = ("Update", "Flood watch", True, False)
    assert wire.got["VC"] == [watch, stays, ("Cancel", "Flood all clear", True, True)]
    missed = following.follow("late", Following(frozenset([place_key("BB")])), 0)["missed"]
    assert [one["concerns"] for one in missed] == [True, True, False, False]
