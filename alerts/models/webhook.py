"""What a source signs its messages with."""

from django.db import models
from django.utils.translation import gettext

from alerts.models.source import Source
from sentinel_site.lib.crypto import EncryptedTextField


class WebhookSecret(models.Model):
    """The secret of a source that signs what it sends; its messages without a right signature are refused.

    Apart from Source, which is read with every alert: a secret that cannot be decrypted must not keep anybody from being told.
    """

    source = models.OneToOneField(Source, primary_key=True, on_delete=models.CASCADE, related_name="+")
    secret = EncryptedTextField()

    def __str__(self) -> str:
        return gettext("secret of %(source)s") % {"source": self.source_id}
