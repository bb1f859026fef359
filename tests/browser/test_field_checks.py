"""What is wrong with a field is said below it before the save, in a real browser, in a form and in the rows of another."""

from playwright.sync_api import expect

from tests.factories import make_recipient


def test_a_field_says_what_is_wrong_and_then_what_it_means(open_page, page_quiet, boss):
    page = open_page("/admin/jobs/job/add/")
    cron = page.locator("#id_cron")

    expect(page.get_by_role("link", name="Escalation policies", exact=True)).to_have_count(1)  # without the word that its icon is
    cron.fill("0 3 * *")
    cron.blur()
    expect(page.locator("#id_cron_check")).to_contain_text("Write five fields")
    expect(cron).to_have_attribute("aria-invalid", "true")
    cron.fill("0 3 * * *")

    expect(page.locator("#id_cron_check")).to_contain_text("Next: ")
    expect(cron).not_to_have_attribute("aria-invalid", "true")
    page_quiet(page)


def test_the_palette_opens_from_a_field_and_gives_the_focus_back(open_page, page_quiet, boss):
    page = open_page("/admin/jobs/job/add/")
    cron, palette = page.locator("#id_cron"), page.get_by_role("dialog").get_by_role("combobox")

    cron.focus()
    page.keyboard.press("Control+k")
    expect(palette).to_be_focused()
    page.keyboard.press("Escape")

    expect(palette).to_be_hidden()
    expect(cron).to_be_focused()
    page_quiet(page)


def test_a_row_of_another_form_is_asked_about_by_its_kind(open_page, page_quiet, boss):
    page = open_page(f"/admin/notifications/recipient/{make_recipient().pk}/change/")
    kind, address, said = (page.locator(f"#id_contact_methods-0-{name}") for name in ("kind", "address", "address_check"))

    page.locator(".form-group", has=kind).locator("h3").click()
    kind.select_option("sms")
    address.fill("12")
    address.blur()
    expect(said).to_contain_text("This address")
    kind.select_option("email")
    expect(said).to_contain_text("is not an e-mail address")
    address.fill("ada@example.org")

    expect(address).not_to_have_attribute("aria-invalid", "true")
    page_quiet(page)
