"""The Atom feed: what RFC 4287 requires of a feed and its entries, with a CAP link in each."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from casa.exchange import atom
from tests.exchange.messages import MESSAGES, SENT, a_message, an_info

ATOM = {"a": "http://www.w3.org/2005/Atom"}
SELF = "https://alerts.example/feeds/cap.atom?place=JM&x=1"
ONCE = ("id", "title", "updated")


def fed(messages, **arguments):
    document = atom.feed(
        messages,
        self_url=SELF,
        alert_url=lambda message: f"https://alerts.example/v1/alerts/{message.identifier}.xml",
        title="Alerts <CASA>",
        updated=SENT,
        **arguments,
    )
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    return etree.fromstring(document)


def told(element, path):
    return element.xpath(path, namespaces=ATOM)


def test_the_feed_says_what_it_is():
    feed = fed([])
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
    assert told(feed, "a:id/text()") == [SELF]
    assert told(feed, "a:title/text()") == ["Alerts <CASA>"]
    assert told(feed, "a:updated/text()") == ["2026-08-01T19:00:07+00:00"]
    assert told(feed, "a:link[@rel='self'][@type='application/atom+xml']/@href") == [SELF]
    assert told(feed, "a:entry") == []


def test_an_entry_leads_to_its_cap_document():
    (entry,) = told(fed([a_message()]), "a:entry")
    url = "https://alerts.example/v1/alerts/9d1f6b9c-2.xml"
    assert told(entry, "a:id/text()") == [url]
    assert told(entry, "a:link[@rel='alternate'][@type='application/cap+xml']/@href") == [url]
    assert told(entry, "a:title/text()") == ["Flash flood in Kingston"]
    assert told(entry, "a:updated/text()") == ["2026-08-01T19:00:07+00:00"]
    assert told(entry, "a:author/a:name/text()") == ["Meteorological Service"]
    assert told(entry, "a:category/@term") == ["Met", "Safety"]
    assert told(entry, "a:summary/text()") == ["The Hope River & its gullies\nrise <fast>."]
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-JM"


def test_the_entry_speaks_the_language_wanted():
    (entry,) = told(fed([a_message()], languages=("fr",)), "a:entry")
    assert told(entry, "a:title/text()") == ["Crue soudaine à Kingston"]


def test_without_a_description_the_headline_is_the_summary():
    bare = a_message(info=(an_info(description=None, sender_name=None),))
    (entry,) = told(fed([bare]), "a:entry")
    assert told(entry, "a:summary/text()") == ["Flash flood in Kingston"]
    assert told(entry, "a:author/a:name/text()") == ["met@jm.example"]


def test_entries_keep_their_order():
    feed = fed([a_message(identifier=name) for name in "bac"])
    assert [url[-5] for url in told(feed, "a:entry/a:id/text()")] == ["b", "a", "c"]


def test_one_message_with_forbidden_characters_does_not_end_the_feed():
    feed = fed([a_message(info=(an_info(headline="a\x00b"),)), a_message()])
    assert told(feed, "a:entry[1]/a:title/text()") == ["ab"]


def test_times_are_in_utc():
    there = timezone(timedelta(hours=-5))
    feed = fed([a_message(sent=datetime(2026, 8, 1, 20, 0, 0, 9, tzinfo=there))])
    assert told(feed, "a:entry/a:updated/text()") == ["2026-08-02T01:00:00+00:00"]


def test_an_update_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="offset"):
        fed([a_message(sent=datetime(2026, 8, 1))])  # noqa: DTZ001


@settings(max_examples=50, deadline=None)
@given(st.lists(MESSAGES, max_size=3))
def test_any_entry_has_what_rfc_4287_requires(messages):
    feed = fed(messages)
    entries = told(feed, "a:entry")
    assert len(entries) == len(messages)
    for element in (feed, *entries):
        for name in ONCE:
            (one,) = told(element, f"a:{name}")
            assert one.text
    for entry, message in zip(entries, messages, strict=True):
        assert told(entry, "a:author/a:name")[0].text
        assert told(entry, "a:title")[0].text == message.info[0].headline
