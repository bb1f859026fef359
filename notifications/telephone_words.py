"""What Sentinel says on the telephone besides the message itself: short, for somebody who was asleep a moment ago."""

from collections.abc import Sequence
from typing import Final

VOICES: Final = {"en": "en-GB", "fr": "fr-FR"}
_WORDS: Final = {
    "how_to_reply": {
        "en": "Reply 1 {code} to take it, 2 {code} to pass it on.",
        "fr": "Répondez 1 {code} pour la prendre, 2 {code} pour passer la main.",
    },
    "how_to_open": {"en": "Answer here: {url}", "fr": "Répondre ici : {url}"},
    "keys": {
        "en": "Press 1 to take it. Press 2 to pass it on.",
        "fr": "Tapez 1 pour la prendre. Tapez 2 pour passer la main.",
    },
    "confirm": {"en": "Press 1 to confirm that you hear this.", "fr": "Tapez 1 pour confirmer que vous entendez ce message."},
    "confirmed": {"en": "Thank you. Goodbye.", "fr": "Merci. Au revoir."},
    "no_keys": {"en": "Open Sentinel to answer.", "fr": "Ouvrez Sentinel pour répondre."},
    "nobody_pressed": {
        "en": "No key was pressed, so Sentinel goes on calling. Goodbye.",
        "fr": "Aucune touche n’a été pressée : Sentinel continue d’appeler. Au revoir.",
    },
    "goodbye": {"en": "Goodbye.", "fr": "Au revoir."},
    "wrong_key": {
        "en": "That key means nothing here. Press 1 to take the alert. Press 2 to pass it on.",
        "fr": "Cette touche ne sert à rien ici. Tapez 1 pour prendre l’alerte. Tapez 2 pour passer la main.",
    },
    "not_understood": {
        "en": "Not understood; nothing was changed. Reply 1 and the four digits at the end of the message to take it, or 2 and the digits"
              " to pass it on.",
        "fr": "Réponse non comprise, rien n'a changé. Répondez 1 et les quatre chiffres à la fin du message pour la prendre, 2 et les"
              " chiffres pour passer la main.",
    },
    "wrong_code": {
        "en": "No open message to you has the code {code}; nothing was changed. Look at the end of the message and try again.",
        "fr": "Aucun message ouvert ne vous a été envoyé avec le code {code}, rien n'a changé. Relisez la fin du message et réessayez.",
    },
    "too_many": {
        "en": "Too many replies that fit no message: replies from this number are not read for an hour. Sign in to answer: {url}",
        "fr": "Trop de réponses sans message correspondant : les réponses de ce numéro ne sont plus lues pendant une heure."
              " Connectez-vous pour répondre : {url}",
    },
    "needs_code": {
        "en": "Lives may depend on this one. To take it, reply 1 {code} ({title})",
        "fr": "Une vie peut en dépendre. Pour la prendre, répondez 1 {code} ({title})",
    },
    "which": {"en": "Which one? Reply 1 or 2 and its code: {choices}", "fr": "Laquelle ? Répondez 1 ou 2 et son code : {choices}"},
    "nothing_open": {
        "en": "Nothing that was sent to you waits for an answer now.",
        "fr": "Rien de ce qui vous a été envoyé n'attend de réponse pour le moment.",
    },
}  # fmt: skip


def say(what: str, language: str, **values: str) -> str:
    """One of the sentences above in ``language``, with ``values`` in their places."""
    text = _WORDS[what].get(language, _WORDS[what]["en"])
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def which(choices: Sequence[tuple[str, str]], language: str) -> str:
    """The question which of several (code, title) is meant."""
    return say("which", language, choices="; ".join(f"{code}: {title}" for code, title in choices))
