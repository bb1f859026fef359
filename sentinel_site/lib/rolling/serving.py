"""A chart's answer over HTTP: as JSON, or one figure of it as a CSV file."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from sentinel_site.lib import problems
from sentinel_site.lib.problems import json_answer
from sentinel_site.lib.rolling import answer as answers
from sentinel_site.lib.rolling.answer import Answer

CSV = {"responses": {200: {"description": "CSV", "content": {"text/csv": {}}}}}
"""What the OpenAPI document says of an address that answers CSV."""


def as_json(answer: Answer) -> HttpResponse:
    """Everything of it."""
    return json_answer(answers.document(answer))


def as_csv(answer: Answer, chart: str, figure: str) -> HttpResponseBase:
    """The figure or table ``figure``, as a file to be stored. Raises a 422 Problem when there is none by this name."""
    found = answers.csv(answer, figure)
    if found is None:
        raise problems.invalid([(("query", "figure"), f"is none; write one of {', '.join(answers.names(answer))}")])
    span = f"{answer.range.since:%Y-%m-%d}-{answer.range.until:%Y-%m-%d}"
    response = HttpResponse(b"".join(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="sentinel-{chart}-{figure}-{span}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
