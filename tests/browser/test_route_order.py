"""Putting routes into another order in a real browser: by the mouse and by the keyboard."""

import pytest
from playwright.sync_api import expect

from alerts.models import Route
from tests.factories import make_policy, make_source

LIST = "/admin/alerts/route/"


@pytest.fixture
def routes(boss):
    make_source(policy=make_policy())
    return [Route.objects.create(position=position, matchers=[f"room={position}"], priority=1) for position in (10, 20, 20)]


def handle(page, place):
    return page.locator("#result_list tbody .cursor-move[role=button]").nth(place)


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("changed successfully")).to_be_visible()


def order():
    return [route.pk for route in Route.objects.filter(catch_all=False)]


def test_the_arrow_keys_move_a_route(open_page, page_quiet, routes):
    first, second, third = routes
    page = open_page(LIST)

    handle(page, 2).press("ArrowUp")
    handle(page, 1).press("ArrowUp")
    expect(page.locator("#route-order-said")).to_have_text("Number 1 of 3. Not saved yet.")
    save(page)

    assert order() == [third.pk, first.pk, second.pk]
    assert sorted(Route.objects.filter(catch_all=False).values_list("position", flat=True)) == [10, 20, 21]
    page_quiet(page)


def test_the_mouse_drags_a_route_and_the_catch_all_stays_last(open_page, routes):
    first, second, third = routes
    page = open_page(LIST)
    last = page.locator("#result_list tbody").last
    expect(last).to_contain_text("catch-all")

    handle(page, 0).drag_to(last)
    expect(page.locator("#route-order-said")).to_have_text("Not saved yet.")
    expect(last).to_contain_text("catch-all")
    save(page)

    assert order() == [second.pk, third.pk, first.pk]
