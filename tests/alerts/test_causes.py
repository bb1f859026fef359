"""What explains what, decided so that somebody is told whatever the rules and the alerts are."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from alerts import causes
from alerts.causes import Node, Rule
from sentinel_site.lib import matchers

KINDS = ["a", "b", "c"]


def rule(number, source, target, *, equal=()):
    return Rule(number, f"rule {number}", matchers.parse_all([source]), matchers.parse_all([target]), tuple(equal), timedelta(0))


def node(number, kind, *, site="x", priority=3, life_safety=False):
    return Node(UUID(int=number), priority, {"type": kind, "site": site}, life_safety, number)


def world(*nodes):
    """What is open, as the lookup gives it: by rank."""
    return lambda _rule, _values: sorted(nodes, key=lambda each: each.rank)


def held(nodes, rules):
    return {pk.int for pk in causes.explain(nodes, rules, world(*nodes))}


def test_one_alert_explains_another():
    down, disk = node(1, "down"), node(2, "disk")
    rules = [rule(1, "type=down", "type=disk", equal=["site"])]

    found = causes.explain([down, disk], rules, world(down, disk))

    assert found == {disk.pk: (causes.Cause(rules[0], down, (down.pk,)),)}


def test_they_must_agree_in_the_labels():
    assert held([node(1, "down", site="y"), node(2, "disk")], [rule(1, "type=down", "type=disk", equal=["site"])]) == set()


def test_a_label_that_both_lack_is_equal():
    assert held([node(1, "down"), node(2, "disk")], [rule(1, "type=down", "type=disk", equal=["rack"])]) == {2}


def test_alerts_that_match_both_sides_do_not_touch_each_other():
    rules = [rule(1, "type=~a|b", "type=~b|c")]

    assert held([node(1, "b"), node(2, "b")], rules) == set()
    assert held([node(1, "b"), node(2, "c"), node(3, "a")], rules) == {1, 2}


def test_of_two_that_explain_each_other_the_older_is_told_unless_the_younger_is_more_urgent():
    rules = [rule(1, "type=a", "type=b"), rule(2, "type=b", "type=a")]

    assert held([node(1, "a"), node(2, "b")], rules) == {2}
    assert held([node(2, "a"), node(1, "b")], rules) == {2}
    assert held([node(1, "a"), node(2, "b", priority=2)], rules) == {1}


def test_of_a_ring_of_three_one_is_told_and_of_a_ring_that_is_explained_none():
    ring = [rule(1, "type=a", "type=b"), rule(2, "type=b", "type=c"), rule(3, "type=c", "type=a")]
    alerts = [node(1, "c"), node(2, "a"), node(3, "b")]

    assert held(alerts, ring) == {2, 3}
    assert held([*alerts, node(9, "top")], [*ring, rule(4, "type=top", "type=b")]) == {1, 2, 3}


def test_who_is_held_over_others_names_every_alert_on_the_way():
    ring = [rule(1, "type=top", "type=a"), rule(2, "type=a", "type=b"), rule(3, "type=b", "type=a")]
    top, first, second = node(1, "top"), node(2, "a"), node(3, "b")

    found = causes.explain([second], ring, world(top, first, second))

    ((_, alert, because),) = found[second.pk]
    assert (alert, set(because)) == (first, {first.pk})
    assert causes.explain([first], ring, world(top, first, second))[first.pk][0].because == (top.pk,)


def test_where_lives_depend_nothing_is_held_and_everything_may_be_explained():
    rules = [rule(1, "type=a", "type=b"), rule(2, "type=b", "type=a")]

    assert held([node(1, "a"), node(2, "b", life_safety=True)], rules) == {1}


def test_thousands_of_causes_are_not_all_looked_at():
    asked = []
    many = [node(number, "b") for number in range(2, 5000)]

    def lookup(of, _values):
        for each in many if of.id == 1 else []:
            asked.append(each)
            yield each

    found = causes.explain([node(1, "c")], [rule(1, "type=b", "type=c"), rule(2, "type=a", "type=b")], lookup)

    assert (len(found), len(asked)) == (1, causes.MOST_CAUSES)


matcher = st.sampled_from(["type=a", "type=b", "type=c", "type=~a|b", "type=~b|c", "type!=a", "site=x", "type=~.*"])
rule_sets = st.lists(st.tuples(matcher, matcher, st.sampled_from([(), ("site",)])), max_size=4).map(
    lambda many: [rule(number, source, target, equal=equal) for number, (source, target, equal) in enumerate(many)]
)
alert_sets = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from("xy"), st.sampled_from([1, 3]), st.sampled_from([False, False, False, True])),
    max_size=7,
).map(lambda many: [node(n, kind, site=site, priority=p, life_safety=life) for n, (kind, site, p, life) in enumerate(many, 1)])


def explains(rules, source, target):
    """The plain meaning of the rules for two alerts."""
    for each in rules:
        fits = matchers.all_hold(each.source, source.labels) and matchers.all_hold(each.target, target.labels)
        two = matchers.all_hold(each.target, source.labels) and not source.life_safety and matchers.all_hold(each.source, target.labels)
        if fits and not two and not target.life_safety and source != target and each.values(source.labels) == each.values(target.labels):
            return True
    return False


@given(rules=rule_sets, alerts=alert_sets)
def test_whoever_is_held_is_explained_by_one_that_is_told(rules, alerts):
    quiet = held(alerts, rules)
    above = {each.number: {other.number for other in alerts if explains(rules, other, each)} for each in alerts}

    reached = {each.number for each in alerts} - quiet
    while spread := {number for number in above if number not in reached and above[number] & reached}:
        reached |= spread

    assert all(above[number] for number in quiet)
    assert reached == {each.number for each in alerts}


@given(rules=rule_sets, alerts=alert_sets, order=st.randoms(use_true_random=False))
def test_who_is_asked_first_makes_no_difference(rules, alerts, order):
    together = held(alerts, rules)
    alone = {pk.int for each in alerts for pk in causes.explain([each], rules, world(*alerts))}
    shuffled, other_rules = order.sample(alerts, len(alerts)), order.sample(rules, len(rules))

    assert alone == together == held(shuffled, other_rules)


@given(rules=rule_sets, alerts=alert_sets)
def test_an_alert_that_is_explained_and_not_in_a_ring_is_held(rules, alerts):
    quiet = held(alerts, rules)

    for each in alerts:
        parents = {other.number for other in alerts if explains(rules, other, each)}
        mutual = any(explains(rules, each, other) for other in alerts)
        assert not (parents and not mutual and each.number not in quiet)
