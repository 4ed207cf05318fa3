"""What values do to the chart, and settings to the service."""

import tomllib
from pathlib import Path

import helm_python
import pytest
import trustme
from pydantic import SecretStr

from app.core.config import Settings
from tests.support.processes import ROOT
from tests.unit.kubernetes.chart import (
    CHART,
    SECRETS,
    VARIANTS,
    Object,
    containers,
    environment_of,
    named,
    of_kind,
    pods,
    rendered,
    variant,
)

OWN = {
    *("archive", "host", "port", "upload_dir", "cache_dir", "log_dir", "trusted_proxies", "drain_seconds"),
    *("storage_url", "storage_endpoint", "storage_public_endpoint"),
    *("redis_host", "redis_port", "redis_db", "redis_tls", "redis_sentinels", "redis_sentinel_master"),
    *("redis_sentinel_tls", "redis_ca_file"),
}
"""Settings that values of other names stand for."""

LAUNCHER = {"data_dir", "workers", "wyoming_port"} | {
    name for name in Settings.model_fields if name.startswith("watch_")
}
"""Settings of `make run` alone; a watched folder is one of a host."""

every_variant = pytest.mark.parametrize("name", VARIANTS)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"settings": {"DEFALT_MODEL": "base"}}, "DEFALT_MODEL"),
        ({"workers": {"cpu": {"setings": {}}}}, "setings"),
        ({"keda": {"enable": True}}, "enable"),
        ({"bucket": {"url": "recordings"}}, "url"),
        ({"redis": {"mode": "sentinel"}}, "addresses"),
        ({"redis": {"mode": "external"}}, "host"),
        ({"redis": {"ca": {"secret": "redis-tls"}}}, "bundled Redis speaks no TLS"),
        ({"redis": {"mode": "sentinel", "sentinel": {"tls": 1, "addresses": ["s:1"]}}}, "tls"),
        ({"ingress": {"enabled": True}}, "hosts"),
        ({"api": {"replicas": 0}}, "replicas"),
        ({"workers": {"cpu": {"scaling": {"targetWorkSeconds": 0}}}}, "targetWorkSeconds"),
    ],
)
def test_wrong_values_are_refused(values: Object, told: str) -> None:
    with pytest.raises(helm_python.HelmError, match=told):
        rendered(values)


def test_keda_needs_the_operators_key_where_there_are_keys() -> None:
    with pytest.raises(helm_python.HelmError, match="metricsKey"):
        rendered({"keda": {"enabled": True}, "secrets": {"values": SECRETS}})


def test_an_external_redis_may_be_one_address_in_a_secret() -> None:
    assert rendered(
        {"redis": {"mode": "external"}, "secrets": {"values": {"REDIS_URL": "rediss://r:6379/0"}}}
    )
    assert rendered({"redis": {"mode": "external"}, "secrets": {"existing": "mine"}})


def test_the_schema_knows_every_setting() -> None:
    with helm_python.Chart.load(CHART) as chart:
        schema = chart.schema
    assert schema is not None
    [names, _] = schema["$defs"]["name"]["anyOf"]
    assert set(names["enum"]) == {field.upper() for field in set(Settings.model_fields) - OWN - LAUNCHER}


@every_variant
def test_every_setting_of_a_container_exists(name: str) -> None:
    if "existing" in VARIANTS[name].get("secrets", {}):
        settings = set(named(variant(name), "ConfigMap", "demo-transcriber")["data"])
    else:
        ours = [each for _, each in containers(variant(name)) if each["name"] != "redis"]
        settings = {field for each in ours for field in environment_of(variant(name), each)}
    known = {field for field in settings if not field.startswith("AWS_")}
    assert known - {"HOME"} <= {field.upper() for field in Settings.model_fields}


def test_settings_arrive_as_they_are_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    [worker] = [
        each for spec, each in containers(variant("full")) if spec["terminationGracePeriodSeconds"] == 100
    ]
    for field, value in environment_of(variant("full"), worker).items():
        monkeypatch.setenv(field, value)
    settings = Settings()

    assert (settings.default_model, settings.max_upload_mb, settings.cpu_threads) == ("base", 4_000_000, 16)
    assert settings.fetch_allowed_hosts == {"a.org", "b.org"}
    assert settings.allowed_hosts == {"speech.example.org"}
    assert settings.drain_seconds == 60
    assert "10.0.0.0/8" in settings.trusted_proxies
    assert settings.operator_keys == ("olga",)


def test_with_a_bucket_there_is_no_claim_for_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = variant("bucket")
    claims = [each["metadata"]["name"] for each in of_kind(objects, "PersistentVolumeClaim")]
    assert claims == ["demo-transcriber-cache"]
    for spec, container in containers(objects):
        mounts = {each["name"] for each in container.get("volumeMounts", ())}
        assert mounts <= {each["name"] for each in spec.get("volumes", ())} | {"data"}
        assert "uploads" not in mounts
    _, container = next(containers(objects))
    for field, value in environment_of(objects, container).items():
        monkeypatch.setenv(field, value)
    settings = Settings()
    assert settings.storage_url == "s3://recordings/speech"
    assert settings.storage_endpoint == "http://minio.minio:9000"


def test_sentinels_arrive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec, container = next(containers(variant("sentinel")))
    environment = environment_of(variant("sentinel"), container)
    [mount] = [each for each in container["volumeMounts"] if each["name"] == "redis-ca"]
    [volume] = [each for each in spec["volumes"] if each["name"] == "redis-ca"]
    items = [{"key": "authority.pem", "path": "ca.crt"}]
    assert volume["secret"] == {"secretName": "redis-tls", "items": items}, "no key of it is mounted"
    assert environment["REDIS_CA_FILE"] == f"{mount['mountPath']}/ca.crt"

    authority = tmp_path / "ca.crt"
    trustme.CA().cert_pem.write_to_path(str(authority))
    for field, value in (environment | {"REDIS_CA_FILE": str(authority)}).items():
        monkeypatch.setenv(field, value)
    settings = Settings()
    assert settings.redis_sentinels == ("s-0.redis:26379", "s-1.redis:26379")
    assert settings.redis_sentinel_username == "transcriber"
    assert settings.redis_sentinel_password == SecretStr("another")
    assert settings.redis_tls
    assert settings.redis_sentinel_tls


def test_settings_that_nobody_should_read_are_in_the_secret_only() -> None:
    values = named(variant("full"), "ConfigMap", "demo-transcriber")["data"]
    assert not SECRETS.keys() & values.keys()


def test_without_keda_the_pools_have_the_sizes_they_are_given() -> None:
    assert not of_kind(
        variant("default"),
        *("ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule", "Ingress"),
    )
    assert [each["spec"]["replicas"] for each in of_kind(variant("default"), "Deployment")] == [2, 1]


def test_the_chart_installs_the_version_that_it_lies_beside() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    with helm_python.Chart.load(CHART) as chart:
        assert chart.metadata["appVersion"] == project["version"]


def test_redis_begins_anew_with_another_password_only() -> None:
    sums = [
        named(rendered(values), "StatefulSet", "demo-transcriber-redis")["spec"]["template"]["metadata"]
        for values in (
            {},
            {"settings": {"LOG_LEVEL": "DEBUG"}},
            {"secrets": {"values": {"REDIS_PASSWORD": "a"}}},
        )
    ]
    assert sums[0] == sums[1] != sums[2]


def test_a_pool_may_say_no_and_nothing() -> None:
    objects = rendered(
        {"pool": {"gpus": 2}, "workers": {"cpu": {"enabled": False}, "big": {"drainSeconds": 0, "gpus": 0}}}
    )
    [big] = [each for spec, each in containers(objects) if each["name"] == "worker"]

    assert environment_of(objects, big)["DRAIN_SECONDS"] == "0"
    assert "nvidia.com/gpu" not in big["resources"]["limits"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "transcriber-api:0.1.0"),
        ({"images": {"registry": "r.org/a/", "tag": "2"}}, "r.org/a/transcriber-api:2"),
        ({"api": {"image": "mine@sha256:" + "0" * 64}}, "mine@sha256:" + "0" * 64),
    ],
)
def test_names_of_images(values: Object, expected: str) -> None:
    api = named(rendered(values), "Deployment", "demo-transcriber-api")
    assert api["spec"]["template"]["spec"]["containers"][0]["image"] == expected


def test_a_change_of_settings_starts_pods_anew() -> None:
    sums = {
        pods(rendered(values))[0]["metadata"]["annotations"]["checksum/settings"]
        for values in ({}, {"settings": {"LOG_LEVEL": "DEBUG"}}, {"secrets": {"values": {"API_KEYS": "a"}}})
    }
    assert len(sums) == 3
