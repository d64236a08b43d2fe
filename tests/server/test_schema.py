"""The published schema, and requests that schemathesis makes of it: right ones and wrong ones."""

from __future__ import annotations

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from napari_zeroseg.backends.remote.models import digest_of
from napari_zeroseg.backends.remote.verbs import ABOUT_PATH, PLANES_PATH
from napari_zeroseg.server.app import ALL
from tests.server.served import TOKEN, picture, served

PLANE = picture(2)
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
MODELS = {
    "suggest": "embedded:book",
    "match": "embedded:book",
    "features": "embedded:texture",
    "detail": "embedded:scales",
}
OPERATIONS = [
    ("GET", ABOUT_PATH),
    ("PUT", f"{PLANES_PATH}/{{digest}}"),
    *(("POST", verb.path) for verb in ALL),
]


@pytest.fixture(scope="module")
def api():
    with served() as running:
        with running.client() as one:
            one._send(digest_of(PLANE), PLANE, one.about())
        yield schemathesis.openapi.from_url(f"{running.url}/v1/openapi.json", headers=HEADERS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_sent_the_answer_is_one_that_is_documented(api, method, path, mode):
    if mode is GenerationMode.NEGATIVE and path == ABOUT_PATH:
        pytest.skip("it takes nothing that could be wrong")

    @settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(api[path][method].as_strategy(generation_mode=mode))
    def ask(case):
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            # of models and images that are there, so that models are reached
            case.body["model"] = MODELS.get(path.rpartition("/")[2], "embedded:regions")
            if "plane" in case.body:
                case.body["plane"] = digest_of(PLANE)
        # what the schema allows can be refused still: a box outside of the image, say
        case.call_and_validate(headers=HEADERS, excluded_checks=[checks.positive_data_acceptance])

    ask()


def test_the_schema_names_every_question(api):
    text = json.dumps(api.raw_schema)
    for verb in ALL:
        assert f'"{verb.path}"' in text
        assert f"#/components/schemas/{verb.question.__name__}" in text
