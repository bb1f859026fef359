"""Templates from the admin: what they may do, and that they can neither reach out nor run for long."""

import pytest

from notifications import sandbox
from notifications.sandbox import TemplateFailed, TemplateRefused
from tests.conftest import NOON

NAMES = {"title", "alert", "alerts", "since", "long", "words"}
ALERT = {"title": "<b>Fall</b>", "labels": {"room": "12", "wing": "B"}, "links": [{"href": "https://example.org/"}]}
VALUES = {"title": "<b>Fall</b>", "alert": ALERT, "alerts": [ALERT] * 300, "since": NOON, "long": "x" * 10_001, "words": "fall " * 1900}
REFUSED = [
    ("{{ ''.__class__ }}", "Line 1: Could not parse the remainder"),
    ("{{ title.__class__.__mro__ }}", "Line 1: Variables and attributes may not begin with underscores"),
    ("one\n{% include '/etc/passwd' %}", "Line 2: The tag “include” cannot be used here. Use: if, for, with, spaceless, comment."),
    ("{% load i18n %}", "The tag “load” cannot be used"), ("{% extends 'base.html' %}", "“extends”"), ("{% debug %}", "“debug”"),
    ("{% ssi '/etc/passwd' %}", "“ssi”"), ("{% url 'admin:index' %}", "“url”"), ("{% csrf_token %}", "“csrf_token”"),
    ("{% autoescape off %}{{ title }}{% endautoescape %}", "“autoescape”"), ("{% now 'Y' %}", "“now”"),
    ("{% verbatim %}{% endverbatim %}", "“verbatim”"), ("{% filter upper %}{% endfilter %}", "“filter”"),
    ("{{ title|safe }}", "There is no filter “safe” here"), ("{{ title|ljust:1000000000 }}", "“ljust”"),
    ("{{ title|center:1000000000 }}", "“center”"), ("{{ title|stringformat:'1000000000d' }}", "“stringformat”"),
    ("{{ 1|floatformat:1000000000 }}", "“floatformat”"), ("{{ title|add:title }}", "“add”"), ("{{ alert|pprint }}", "“pprint”"),
    ("{{ settings.SECRET_KEY }}", "There is no value “settings”"), ("{{ block.super }}", "“block”"), ("{{ request.user }}", "“request”"),
    ("{{ title|default:secret }}", "“secret”"), ("{% if secret %}{% endif %}", "“secret”"),
    ("{% for a in alerts %}{% endfor %}{{ a }}", "“a”"), ("{% with a=title %}{% endwith %}{{ a }}", "“a”"),
    ("{% if title %}x", "Line 1: Unclosed tag: 'if'"), ("{{ title", "opened and not closed"), ("x {% if", "opened and not closed"),
    ("{% if title %}" * 13 + "{% endif %}" * 13, "more than 12 deep"), ("{% if " + "not " * 100 + "title %}{% endif %}", "longer than 300"),
    ("{{ title }}" * 501, "more than 500"), ("{#" * 501, "more than 500"),
    ("x" * 20_001, "has 20001 characters; 20000 are allowed"), ("\0", "NUL"),
]  # fmt: skip


def rendered(source: str, *, html: bool = False, **values) -> str:
    return sandbox.accept(source, names=NAMES, longest=20_000, html=html).render({**VALUES, **values})


@pytest.mark.parametrize(("source", "why"), REFUSED, ids=[source[:40].replace("\0", "NUL") for source, _ in REFUSED])
def test_what_reaches_out_is_refused_with_a_reason(source, why):
    with pytest.raises(TemplateRefused) as refusal:
        rendered(source)

    assert why in str(refusal.value)


@pytest.mark.parametrize("source", [
    "{{ title.upper }}", "{{ title.encode }}", "{{ alert.labels.clear }}", "{{ alert.labels.pop }}", "{{ alert.keys }}",
    "{{ alerts.clear }}",
    "{{ alerts.append }}", "{{ since.now }}", "{{ since.tzinfo }}", "{{ since.year }}", "{{ title.0 }}", "{{ alerts.9999999999999 }}",
    "{{ alert.labels.items.0.0.format }}", "{{ forloop.parentloop.x }}",
])  # fmt: skip
def test_nothing_is_called_and_no_attribute_is_read(source):
    before = len(ALERT["labels"])

    assert rendered(source) == ""
    assert len(ALERT["labels"]) == before


@pytest.mark.parametrize(("source", "text"), [
    ("{{ title|upper }}", "<B>FALL</B>"), ("{{ alert.labels.room }}", "12"), ("{{ alerts.0.title|truncatechars:4 }}", "<b>…"),
    ("{% for name, value in alert.labels.items %}{{ name }}={{ value }}{% if not forloop.last %}, {% endif %}{% endfor %}",
     "room=12, wing=B"),
    ("{% with t=title %}{{ t|lower }}{% endwith %}", "<b>fall</b>"), ("{% with title as t %}{{ t|length }}{% endwith %}", "11"),
    ("{{ since|date:'H:i' }}", "12:00"), ("{% if alerts|length > 2 and title != 'x' %}yes{% elif title %}no{% endif %}", "yes"),
    ("{% for link in alert.links %}{{ link.href }}{% empty %}none{% endfor %}", "https://example.org/"), ("{{ alert.nothing }}", ""),
    ("{% comment %}{% include 'x' %}{% endcomment %}{# x #}ok", "ok"),
    ("{% for letter in title %}[{{ letter }}]{% endfor %}", "[<][b][>][F][a][l][l][<][/][b][>]"),
    ("{{ alerts.0.labels.items|join:'-' }}", "('room', '12')-('wing', 'B')"),
])  # fmt: skip
def test_what_one_needs_is_there(source, text):
    assert rendered(source) == text


@pytest.mark.parametrize("source", [
    "{{ title }}", "{{ title|default:'x' }}", "{{ ''|default:title }}", "{{ '<i>'|join:title }}", "{{ None|default_if_none:title }}",
    "{% with t=title %}{{ t }}{% endwith %}", "{% for a in alerts %}{{ a.title }}{% endfor %}", "{{ True|yesno:title }}",
    "{{ 2|pluralize:title }}", "{{ alerts|join:'<' }}", "{{ alert.labels.items }}", "{{ ''|first|default:title }}", "{{ alert }}",
    "{{ 'x'|slice:':1'|default:title }}", "{{ alert.labels.items|join:title }}",
])  # fmt: skip
def test_html_is_always_escaped(source):
    assert "<b>" not in rendered(source, html=True, alerts=[ALERT] * 3)


@pytest.mark.parametrize(("source", "why"), [
    ("{% for a in alerts %}{% for b in alerts %}{% for c in alerts %}x{% endfor %}{% endfor %}{% endfor %}", "too many turns"),
    ("{% for a in alerts %}{% for b in alerts %}{% for c in alerts %}{% endfor %}{% endfor %}{% endfor %}", "too many turns"),
    ("{% for a in alerts %}" + "x" * 1000 + "{% endfor %}", "more than 100000 characters"),
    ("{% for a in alerts %}{{ alerts }}{% endfor %}", "characters"),
    ("{% for a in words %}{% if words|lower" + "|title|lower" * 20 + " == title %}{% endif %}{% endfor %}",
     "too long texts"),
    ("{% for a in words %}{% if alerts|truncatechars:9|upper == title %}{% endif %}{% endfor %}", "too long texts"),
    ("{% for a in words %}{% if words|truncatewords:1|length|yesno:'a,b' == title %}{% endif %}{% endfor %}", "too long texts"),
    ("{{ long|upper }}", "longer than 10000 characters"), ("{{ alert|first }}", "KeyError"),
    ("{% for a, b in alerts %}{% endfor %}", "ValueError"),
], ids=range(10))  # fmt: skip
def test_what_costs_too_much_is_cut_off_by_what_is_counted(source, why):
    with pytest.raises(TemplateFailed, match=why):
        rendered(source)


def test_ten_megabytes_of_source_are_refused_unread():
    with pytest.raises(TemplateRefused, match="are allowed"):
        rendered("{% for a in alerts %}" * 500_000)
