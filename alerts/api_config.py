"""REST of what decides about alerts: sources, policies, routes, silences and inhibitions. Mounted under /api/v1 by the composition."""

from ninja import Router

from alerts import config, inhibition_config, policy_config, routing
from sentinel_site.lib.crud import Resource, add

router = Router()

SOURCES = Resource(
    path="sources",
    key="slug",
    converter="slug",
    rows=config.sources(),
    order=("slug",),
    form=config.SourceForm,
    shape=config.SourceShape,
    describe=config.describe_source,
    save=config.save_source,
    parts=("report_set", "alertgroup_set"),
    check_delete=config.keep_own_source,
    changed=routing.forget,
)
POLICIES = Resource(
    path="policies",
    key="name",
    converter="path",
    rows=policy_config.rows(),
    order=("name",),
    form=policy_config.PolicyForm,
    shape=policy_config.PolicyShape,
    describe=policy_config.describe_policy,
    save=policy_config.save_policy,
    parts=("steps",),
    changed=routing.forget,
)
ROUTES = Resource(
    path="routes",
    key="pk",
    converter="int",
    rows=config.routes(),
    order=("catch_all", "position", "id"),
    form=config.RouteForm,
    shape=config.RouteShape,
    describe=config.describe_route,
    save=config.save_route,
    check_delete=config.keep_catch_all,
    changed=routing.forget,
)
SILENCES = Resource(
    path="silences",
    key="pk",
    converter="uuid",
    rows=config.silences(),
    order=("-id",),
    form=config.SilenceForm,
    shape=config.SilenceShape,
    describe=config.describe_silence,
    save=config.save_silence,
    delete=config.end_silence,
)

INHIBITIONS = Resource(
    path="inhibitions",
    key="pk",
    converter="int",
    rows=inhibition_config.rows(),
    order=("name", "id"),
    form=inhibition_config.InhibitionForm,
    shape=inhibition_config.InhibitionShape,
    describe=inhibition_config.describe_inhibition,
    save=inhibition_config.save_inhibition,
    delete=inhibition_config.remove_inhibition,
)

for resource in (SOURCES, POLICIES, ROUTES, SILENCES, INHIBITIONS):
    add(router, resource)
