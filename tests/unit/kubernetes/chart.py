"""The chart as real Helm renders it, and what its objects must look like."""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python
import jsonschema
import kubernetes_validate
import yaml

CHART = Path(__file__).parents[3] / "deploy" / "helm" / "transcriber"
CUSTOM = json.loads(Path(__file__).with_name("custom_resources.json").read_text("utf-8"))

Object = dict[str, Any]

SECRETS = {"API_KEYS": "olga:" + "0" * 64, "OPERATOR_KEYS": "olga", "REDIS_PASSWORD": "secret"}

FULL: Object = {
    "images": {"registry": "registry.example.org/speech", "pullSecrets": ["registry"]},
    "settings": {
        "DEFAULT_MODEL": "base",
        "MAX_UPLOAD_MB": 4_000_000,
        "FETCH_ALLOWED_HOSTS": ["a.org", "b.org"],
    },
    "secrets": {"values": SECRETS},
    "metricsKey": {"secret": "operator"},
    "workers": {"gpu": {"enabled": True}, "big": {"settings": {"CPU_THREADS": 16}, "drainSeconds": 60}},
    "keda": {"enabled": True},
    "ingress": {"enabled": True, "hosts": ["speech.example.org"], "tlsSecret": "tls"},
    "networkPolicy": {
        "apiFrom": [{"namespaceSelector": {}}],
        "extraEgress": [{"ports": [{"port": 8000}]}],
    },
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "api": {"affinity": {"podAntiAffinity": {}}, "podAnnotations": {"a": "b"}},
}
"""Everything that is optional."""

VARIANTS: dict[str, Object] = {
    "default": {},
    "full": FULL,
    "external": {
        "redis": {
            "mode": "external",
            "external": {"host": "redis.example.org", "port": 6380, "tls": True},
            "ca": {"configMap": "authorities"},
        },
        "secrets": {"existing": "mine"},
        "cache": {"enabled": False},
        "uploads": {"existingClaim": "recordings"},
        "networkPolicy": {"public": False},
    },
    "bucket": {
        "bucket": {"url": "s3://recordings/speech", "endpoint": "http://minio.minio:9000"},
        "secrets": {"values": {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}},
        "networkPolicy": {"extraEgress": [{"ports": [{"port": 9000}]}]},
    },
    "sentinel": {
        "redis": {
            "mode": "sentinel",
            "sentinel": {
                "addresses": ["s-0.redis:26379", "s-1.redis:26379"],
                "username": "transcriber",
                "tls": True,
            },
            "external": {"tls": True},
            "ca": {"secret": "redis-tls", "key": "authority.pem"},
        },
        "secrets": {"values": {"REDIS_PASSWORD": "secret", "REDIS_SENTINEL_PASSWORD": "another"}},
        "podDisruptionBudget": {"enabled": False},
        "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
    },
}


def rendered(values: Object | None = None) -> list[Object]:
    """All objects; raises HelmError where the values are wrong."""
    with helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        texts = chart.render(values, name="demo", namespace="speech")
    found = [yaml.safe_load_all(text) for path, text in texts.items() if not path.endswith("NOTES.txt")]
    return [each for documents in found for each in documents if each is not None]


@functools.cache
def variant(name: str) -> list[Object]:
    """The objects of one of VARIANTS."""
    return rendered(VARIANTS[name])


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    """Those of these kinds."""
    return [each for each in objects if each["kind"] in kinds]


def named(objects: list[Object], kind: str, name: str) -> Object:
    """The one of that kind and name."""
    [found] = [each for each in of_kind(objects, kind) if each["metadata"]["name"] == name]
    return found


def pods(objects: list[Object]) -> list[Object]:
    """The templates of all pods."""
    return [each["spec"]["template"] for each in of_kind(objects, "Deployment", "StatefulSet")]


def containers(objects: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Each container, after the spec of its pod."""
    for pod in pods(objects):
        for container in pod["spec"]["containers"]:
            yield pod["spec"], container


def environment_of(objects: list[Object], container: Object) -> dict[str, str]:
    """As the kubelet makes it, of the objects of the chart."""
    values: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        if "configMapRef" in source:
            values |= named(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
        else:
            values |= named(objects, "Secret", source["secretRef"]["name"])["stringData"]
    for each in container.get("env", ()):
        if "value" in each:
            values[each["name"]] = each["value"]
        else:
            reference = each["valueFrom"]["secretKeyRef"]
            values[each["name"]] = named(objects, "Secret", reference["name"])["stringData"][reference["key"]]
    return values


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector means an object of these labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
    )


def check(manifest: Object, version: str) -> None:
    """Raise ValidationError where an object is not as that version of Kubernetes, or KEDA, or the Prometheus
    operator, wants it; an unknown field is wrong."""
    if manifest["kind"] in CUSTOM["kinds"]:
        schema = {"$defs": CUSTOM["$defs"], **CUSTOM["kinds"][manifest["kind"]]}
        jsonschema.Draft202012Validator(schema).validate(manifest)
    else:
        kubernetes_validate.validate(manifest, version, strict=True)
