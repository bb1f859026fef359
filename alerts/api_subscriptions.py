"""REST of subscriptions: which other systems hear what, and how far each has got. Mounted under /api/v1 by the composition."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from alerts import publishing, subscription_config, subscriptions
from notifications.errors import NotificationError
from sentinel_site.lib.crud import Resource, add
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import Problem, json_answer

router = Router()
CHANGE = "alerts.change_subscription"
SUBSCRIPTIONS = Resource(
    path="subscriptions",
    key="pk",
    converter="uuid",
    rows=subscription_config.rows(),
    order=("name",),
    form=subscription_config.SubscriptionForm,
    shape=subscription_config.SubscriptionShape,
    describe=subscription_config.describe_subscription,
    save=subscription_config.save_subscription,
)
add(router, SUBSCRIPTIONS)


@router.post("/subscriptions/{uuid:key}/test", response={204: None})
def test(request: HttpRequest, key: UUID) -> HttpResponse:
    """Send it an event of the type org.sentinel.test now. 204: it took it; 502: it did not, and why."""
    require(request, CHANGE)
    try:
        publishing.try_out(SUBSCRIPTIONS.one(key), at=timezone.now())
    except NotificationError as error:
        raise Problem(502, f"The test did not arrive: {error}.") from None
    return HttpResponse(status=204)


@router.post("/subscriptions/{uuid:key}/start", response=subscription_config.SubscriptionShape)
def start(request: HttpRequest, key: UUID, body: subscription_config.StartForm) -> HttpResponse:
    """Have it go on after another event: an older one (what came since is sent again), or the newest (what waits is left out)."""
    require(request, CHANGE)
    subscriptions.go_on_after(SUBSCRIPTIONS.one(key), body.after)
    return json_answer(subscription_config.describe_subscription(SUBSCRIPTIONS.one(key)))
