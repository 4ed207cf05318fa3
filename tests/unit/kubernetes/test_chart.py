"""The chart makes objects that Kubernetes and KEDA accept, and that fit together."""

import copy
import re
from typing import Any

import helm_python
import jsonschema
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.datastructures import Headers

from app.api.sites import SitePolicy
from app.core.config import Settings
from app.observability.metrics import Metrics, Snapshot
from app.schemas.operations import QueueFigures
from tests.support.processes import ROOT
from tests.unit.kubernetes.chart import (
    CHART,
    FULL,
    VARIANTS,
    check,
    containers,
    environment_of,
    matches,
    named,
    of_kind,
    pods,
    variant,
)

OLDEST, NEWEST = "1.27", "1.37"

every_variant = pytest.mark.parametrize("name", VARIANTS)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@every_variant
def test_kubernetes_and_keda_accept_every_object(name: str, version: str) -> None:
    for each in variant(name):
        check(each, version)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", 0, "livenessProbe")),
        ("StatefulSet", ("spec", "volumeClaimTemplates")),
        ("NetworkPolicy", ("spec", "podSelector")),
        ("PersistentVolumeClaim", ("spec", "accessModes")),
        ("Ingress", ("spec", "rules", 0, "http")),
        ("PodDisruptionBudget", ("spec", "maxUnavailable")),
        ("ScaledObject", ("spec", "triggers", 0, "metadata", "valueLocation")),
        ("ScaledObject", ("spec", "cooldownPeriod")),
        ("TriggerAuthentication", ("spec", "secretTargetRef")),
        ("ServiceMonitor", ("spec", "endpoints", 0, "authorization")),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "annotations")),
    ],
)
def test_a_misspelt_field_is_noticed(kind: str, path: tuple[Any, ...]) -> None:
    planted = copy.deepcopy(of_kind(variant("full"), kind)[0])
    place = planted
    for step in path[:-1]:
        place = place[step]
    place[path[-1][:-1]] = place.pop(path[-1])

    with pytest.raises(jsonschema.ValidationError):
        check(planted, NEWEST)


def test_helm_has_nothing_to_say() -> None:
    for values in VARIANTS.values():
        report = helm_python.lint(CHART, values, strict=True)
        assert not report["errors"]
        assert all(message["severity"] <= 1 for message in report["messages"])


@every_variant
def test_containers_may_do_little(name: str) -> None:
    for pod in pods(variant(name)):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
        assert not spec["automountServiceAccountToken"]
        assert not spec["enableServiceLinks"]
    for _, container in containers(variant(name)):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= container["resources"].keys()


@every_variant
def test_what_is_written_to_is_mounted(name: str) -> None:
    folders = named(variant(name), "ConfigMap", "demo-transcriber")["data"]
    for spec, container in containers(variant(name)):
        mounts = {each["mountPath"]: each for each in container["volumeMounts"]}
        assert {each["name"] for each in mounts.values()} <= {each["name"] for each in spec["volumes"]} | {
            "data"
        }
        assert "/tmp" in mounts
        if container["name"] != "redis":
            written = {"UPLOAD_DIR", "CACHE_DIR", "LOG_DIR", "HOME"} & folders.keys()
            given = {"/srv/redis-ca"} if "REDIS_CA_FILE" in folders else set()
            assert {folders[field] for field in written} | given == set(mounts)
            assert all(mounts[path]["readOnly"] for path in given)


@every_variant
def test_every_selector_finds_its_pods(name: str) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(variant(name))]
    assert len({tuple(sorted(each.items())) for each in labels}) == len(labels)
    for each in variant(name):
        spec, kind = each.get("spec", {}), each["kind"]
        if kind == "Service":
            assert sum(matches({"matchLabels": spec["selector"]}, pod) for pod in labels) == 1
        elif kind in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
            assert sum(matches(spec["selector"], pod) for pod in labels) == 1
        elif kind == "NetworkPolicy":
            assert any(matches(spec["podSelector"], pod) for pod in labels)
        elif kind == "ServiceMonitor":
            services = of_kind(variant(name), "Service")
            assert sum(matches(spec["selector"], service["metadata"]["labels"]) for service in services) == 1


def test_redis_is_reached_by_whom_it_serves_only() -> None:
    policy = named(variant("full"), "NetworkPolicy", "demo-transcriber-redis")["spec"]
    [rule] = policy["ingress"]
    [peer] = rule["from"]
    served = [pod for pod in pods(variant("full")) if matches(peer["podSelector"], pod["metadata"]["labels"])]

    assert "egress" not in policy
    assert {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in served} == {"api", "worker"}


def test_there_is_time_to_end_what_runs() -> None:
    for spec, container in containers(variant("full")):
        grace = spec["terminationGracePeriodSeconds"]
        if container["name"] == "worker":
            assert grace > float(environment_of(variant("full"), container)["DRAIN_SECONDS"]) + 20
        elif container["name"] == "api":
            [pause] = re.findall(r"sleep\((\d+)\)", container["lifecycle"]["preStop"]["exec"]["command"][-1])
            assert grace > int(pause) + int(container["args"][-1])


def test_pools_scale_by_the_work_that_is_left() -> None:
    objects = variant("full")
    triggers = [(each, *each["spec"]["triggers"]) for each in of_kind(objects, "ScaledObject")]
    assert len(triggers) == 3
    for scaled, trigger in triggers:
        target = named(objects, "Deployment", scaled["spec"]["scaleTargetRef"]["name"])
        assert "replicas" not in target["spec"], "an upgrade would undo what KEDA has done"
        assert (trigger["type"], trigger["metricType"]) == ("metrics-api", "AverageValue")
        assert trigger["metadata"]["valueLocation"] in unlabelled()
        host, port = re.fullmatch(r"http://(.+):(\d+)/metrics", trigger["metadata"]["url"]).groups()  # type: ignore[union-attr]
        service = named(objects, "Service", host.removesuffix(".speech.svc.cluster.local"))
        assert service["spec"]["ports"][0]["port"] == int(port)
        SitePolicy.from_settings(Settings()).check("GET", Headers({"host": host}))
        authentication = named(objects, "TriggerAuthentication", trigger["authenticationRef"]["name"])
        assert authentication["spec"]["secretTargetRef"][0]["name"] == FULL["metricsKey"]["secret"]


def unlabelled() -> set[str]:
    """Figures of which there is one."""
    queue = QueueFigures(
        waiting=0, high=0, delayed=0, dead=0, running=0, oldest_seconds=None, audio_seconds=0, work_seconds=7
    )
    text = Metrics().exposition(Snapshot(queue, 0, 0, {}, {}, {})).decode()
    return {
        sample.name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels and len(family.samples) == 1
    }


def test_the_alerts_are_those_of_everybody_else() -> None:
    [rules] = of_kind(variant("full"), "PrometheusRule")
    assert rules["spec"] == yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text("utf-8"))


def test_the_operators_key_reaches_no_container() -> None:
    for spec, container in containers(variant("full")):
        names = [each.get("secretRef", {}).get("name") for each in container.get("envFrom", ())]
        assert "operator" not in names
        assert not any("secret" in volume for volume in spec["volumes"])


def test_cards_are_asked_for_by_the_pool_that_has_them() -> None:
    limits = {
        each["metadata"]["name"].rpartition("-")[2]: each["spec"]["template"]["spec"]["containers"][0][
            "resources"
        ]
        for each in of_kind(variant("full"), "Deployment")
    }
    assert limits["gpu"]["limits"]["nvidia.com/gpu"] == 1
    assert "nvidia.com/gpu" not in limits["cpu"]["limits"]


def test_the_proxy_waits_longer_than_the_service_is_silent() -> None:
    [ingress] = of_kind(variant("full"), "Ingress")
    notes = ingress["metadata"]["annotations"]
    assert int(notes["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > Settings().keepalive_seconds
    assert notes["nginx.ingress.kubernetes.io/proxy-body-size"] == "0"
