"""What a wall's socket is told by its headers."""

from alerts import wall_talk


def test_where_a_screen_is_says_the_last_proxy_and_not_the_sender(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = [(b"x-forwarded-for", b"192.0.2.66"), (b"x-forwarded-for", b"192.0.2.1")]

    assert wall_talk.address_in({"headers": headers, "client": ["127.0.0.1", 4000]}) == "192.0.2.1"
