"""S37: after signing in, nobody is sent to a foreign site."""

import pytest

pytestmark = pytest.mark.django_db
FOREIGN = (
    "https://evil.example/", "//evil.example", "///evil.example", "////evil.example", "\\\\evil.example", "/\\evil.example",
    "http:evil.example", "http:///evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example/%2f..",
    "https:evil.example", "\thttps://evil.example", "/\t/evil.example", "//evil.example\\@localhost",
    "https://localhost@evil.example", "ftp://evil.example", "//[::1]@evil.example", "http:\\\\evil.example",
)  # fmt: skip


@pytest.mark.parametrize("address", FOREIGN)
def test_a_foreign_next_leads_to_the_board(client, user, address):
    response = client.post("/accounts/login/", {"username": "robin", "password": "correct horse battery", "next": address})

    assert (response.status_code, response["Location"]) == (302, "/live/")


def test_our_own_next_is_followed(client, user):
    response = client.post("/accounts/login/", {"username": "robin", "password": "correct horse battery", "next": "/live/?show=mine"})

    assert response["Location"] == "/live/?show=mine"


def test_too_many_tries_get_a_page_that_helps(client, user):
    for _ in range(5):
        response = client.post("/accounts/login/", {"username": "robin", "password": "wrong"})

    assert (response.status_code, "links in messages go on working" in response.content.decode()) == (429, True)


def test_signing_out_is_a_post(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert (client.get("/accounts/logout/").status_code, client.post("/accounts/logout/").status_code) == (405, 302)
