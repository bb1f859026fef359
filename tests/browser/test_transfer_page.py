"""A file on its way into the configuration, in a real browser."""

from playwright.sync_api import expect

from notifications.models import Recipient
from sentinel_site.transfer import files

PLACE = "/admin/transfer/recipients/"


def chosen(page, content):
    page.locator("#file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Look at it").click()


def test_a_file_is_sent_looked_at_and_imported(open_page, page_quiet, boss):
    page = open_page(PLACE)

    chosen(page, b"name,language\nAnn,zz\n")
    expect(page.get_by_text("Nothing was imported")).to_be_visible()
    page.get_by_role("link", name="Choose another file").click()
    chosen(page, b"name\nAnn\n")
    expect(page.locator("div.snt")).to_be_focused()
    page.get_by_role("button", name="Import all of it").click()

    expect(page).to_have_url(f"{page.url.partition('/admin/')[0]}/admin/transfer/")
    expect(page.get_by_text("1 new, 0 changed")).to_be_visible()
    assert Recipient.objects.get().name == "Ann"
    page.complaints[:] = [each for each in page.complaints if "422" not in str(each)]
    page_quiet(page)


def test_it_is_said_how_far_a_file_is(open_page, boss):
    page, held = open_page(PLACE), []
    page.route(f"**{PLACE}", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    form = page.locator("form[data-upload]")

    chosen(page, b"name\nAnn\n")
    expect(form.get_by_role("status")).to_have_text("The file is being sent…")
    expect(form.get_by_role("progressbar")).to_be_visible()
    chosen(page, b"name\nBea\n")
    assert len(held) == 1
    held[0].abort()

    expect(form.get_by_role("status")).to_contain_text("Not sent")
    expect(form).not_to_have_attribute("aria-busy", "true")


def test_a_file_that_is_too_big_is_not_sent(open_page, page_quiet, boss):
    page = open_page(PLACE)

    chosen(page, b"name\n" + b"A" * files.MAX_BYTES)

    expect(page.get_by_role("status").filter(has_text="at most 512 KiB")).to_be_visible()
    page_quiet(page)
