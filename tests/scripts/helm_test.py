"""docker/helm/pgsluice: what Helm says about it, and what it renders."""

import ctypes
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import kubernetes_validate
import yaml

CHART = "docker/helm/pgsluice"


class Result(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("out", "err", "std_out", "std_err")]


class LintOptions(ctypes.Structure):
    _fields_ = [("path", ctypes.c_char_p), ("strict", ctypes.c_int), ("quiet", ctypes.c_int)]


class TemplateOptions(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("name", "version", "chart", "namespace", "kube_version")),
        *((name, ctypes.c_int) for name in ("dependency_update", "skip_crds")),
        *((name, ctypes.c_char_p) for name in ("values", "set_files", "values_files", "cert_file", "key_file", "ca_file")),
        *((name, ctypes.c_int) for name in ("insecure_skip_tls_verify", "plain_http")),
        ("keyring", ctypes.c_char_p),
        ("debug", ctypes.c_int),
        ("repository_config", ctypes.c_char_p),
    ]


HELM = ctypes.CDLL(os.environ["HELM_LIBRARY"])
HELM.Lint.restype = HELM.Template.restype = Result


def template(values, chart=CHART, kube_version="1.31.0"):
    """The rendered objects by (kind, name). Without hooks, as the library has it."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(values, file)
        file.flush()
        options = TemplateOptions(
            name=b"shop", chart=chart.encode(), namespace=b"search", kube_version=kube_version.encode(), values_files=file.name.encode()
        )
        result = HELM.Template(ctypes.byref(options))
    if result.err:
        raise ValueError(result.err.decode())
    objects = [one for one in yaml.safe_load_all(result.out.decode()) if one]
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def template_all(values):
    """Hooks too: rendered as ordinary objects."""
    with tempfile.TemporaryDirectory() as directory:
        chart = shutil.copytree(CHART, f"{directory}/pgsluice")
        for file in Path(chart, "templates").glob("*.yaml"):
            file.write_text(file.read_text().replace("helm.sh/hook", "test/hook"))
        return template(values, chart)


MINIMAL = {"existingSecret": "shop-search"}
EVERYTHING = {
    "secrets": {"PGSLUICE_DATABASE_URL": "postgresql://a:b@db/shop", "PGSLUICE_ELASTICSEARCH_URL": "https://search:9200"},
    "existingSecret": "",
    "roles": {"run": {"replicas": 0}, "sync": {"replicas": 2}, "serve": {"replicas": 5, "resources": {"limits": {"memory": "1Gi"}}}},
    "config": {
        "indexes": {"projects": {"table": "public.projects"}},
        "auth": {"keys": [{"name": "web", "sha256": "a" * 64, "policy": "all"}], "policies": {"all": {"indexes": {"*": {}}}}},
    },
    "tlsSecret": "shop-tls",
    "env": [{"name": "TZ", "value": "UTC"}],
    "migrate": {"enabled": True, "secret": "shop-owner"},
    "ingress": {"enabled": True, "host": "search.example.org", "className": "nginx", "tlsSecret": "public", "annotations": {"a": "b"}},
    "networkPolicy": {"enabled": True, "admin": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "imagePullSecrets": [{"name": "registry"}],
    "serviceAccount": {"name": "search"},
    "podAnnotations": {"team": "search"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "search", "operator": "Exists"}],
}


class Chart(unittest.TestCase):
    def test_lint(self):
        result = HELM.Lint(ctypes.byref(LintOptions(path=CHART.encode(), strict=0, quiet=0)))
        self.assertIsNone(result.err)
        self.assertNotIn(b"[ERROR]", result.out)

    def test_fits_the_schemas(self):
        for values in (MINIMAL, EVERYTHING):
            for (kind, name), one in template_all(values).items():
                if kind != "ServiceMonitor":  # Not Kubernetes' own.
                    kubernetes_validate.validate(one, "1.31", strict=True)
                self.assertEqual(one["metadata"]["labels"]["app.kubernetes.io/instance"], "shop", name)

    def test_what_comes_by_default(self):
        objects = template(MINIMAL)
        self.assertEqual(
            set(objects),
            {
                ("ConfigMap", "shop-pgsluice"),
                ("Deployment", "shop-pgsluice-run"),
                ("PodDisruptionBudget", "shop-pgsluice-run"),
                ("Service", "shop-pgsluice"),
                ("Service", "shop-pgsluice-admin"),
            },
        )
        pod = objects["Deployment", "shop-pgsluice-run"]["spec"]["template"]["spec"]
        container = pod["containers"][0]
        self.assertEqual(container["args"], ["run"])
        self.assertEqual(container["envFrom"], [{"secretRef": {"name": "shop-search"}}])
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
        self.assertFalse(container["securityContext"]["allowPrivilegeEscalation"])
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            self.assertEqual(container[probe]["httpGet"], {"path": path, "port": "admin"})
        self.assertGreater(pod["terminationGracePeriodSeconds"], 10)

    def test_roles(self):
        objects = template_all(EVERYTHING)
        self.assertNotIn(("Deployment", "shop-pgsluice-run"), objects)
        for role, replicas in (("sync", 2), ("serve", 5)):
            deployment = objects["Deployment", f"shop-pgsluice-{role}"]
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            container = deployment["spec"]["template"]["spec"]["containers"][0]
            self.assertEqual((deployment["spec"]["replicas"], container["args"]), (replicas, [role]))
            self.assertLessEqual(deployment["spec"]["selector"]["matchLabels"].items(), labels.items())
            budget = objects["PodDisruptionBudget", f"shop-pgsluice-{role}"]["spec"]
            self.assertLessEqual(budget["selector"]["matchLabels"].items(), labels.items())
            serves = objects["Service", "shop-pgsluice"]["spec"]["selector"].items() <= labels.items()
            self.assertEqual(serves, role == "serve")
            self.assertEqual([port["name"] for port in container["ports"]], ["api", "admin"] if role == "serve" else ["admin"])
            self.assertLessEqual(objects["Service", "shop-pgsluice-admin"]["spec"]["selector"].items(), labels.items())
        monitor = objects["ServiceMonitor", "shop-pgsluice"]
        self.assertLessEqual(monitor["spec"]["selector"]["matchLabels"].items(), objects["Service", "shop-pgsluice-admin"]["metadata"]["labels"].items())
        self.assertEqual(monitor["metadata"]["labels"]["release"], "prometheus")
        job = objects["Job", "shop-pgsluice-migrate"]
        self.assertEqual(job["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["secretRef"]["name"], "shop-owner")
        self.assertEqual(job["metadata"]["annotations"]["test/hook"], "pre-install,pre-upgrade")
        for service in ("shop-pgsluice", "shop-pgsluice-admin"):  # No traffic for the migration.
            self.assertFalse(objects["Service", service]["spec"]["selector"].items() <= job["spec"]["template"]["metadata"]["labels"].items())

    def test_the_admin_port_is_for_those_who_are_named(self):
        policy = template_all(EVERYTHING)["NetworkPolicy", "shop-pgsluice"]["spec"]
        api, admin = policy["ingress"]
        self.assertEqual((api["ports"][0]["port"], admin["ports"][0]["port"]), (8080, 8081))
        self.assertNotIn("from", api)
        self.assertEqual(admin["from"], EVERYTHING["networkPolicy"]["admin"])
        nobody = template(MINIMAL | {"networkPolicy": {"enabled": True}})["NetworkPolicy", "shop-pgsluice"]["spec"]
        self.assertEqual([rule["ports"][0]["port"] for rule in nobody["ingress"]], [8080])

    def test_the_configuration_is_one(self):
        text = template(EVERYTHING)["ConfigMap", "shop-pgsluice"]["data"]["pgsluice.json"]
        self.assertEqual(json.loads(text)["indexes"], {"projects": {"table": "public.projects"}})
        with tempfile.TemporaryDirectory() as directory:
            with open(f"{directory}/pgsluice.json", "w") as file:
                file.write(text)
            environment = {"PGSLUICE_LISTEN": "0.0.0.0:8080", "PGSLUICE_ADMIN_LISTEN": "0.0.0.0:8081", "PATH": os.environ["PATH"]}
            done = subprocess.run(
                [os.environ["PGSLUICE_BINARY"], "config", "print"], cwd=directory, env=environment, capture_output=True, text=True
            )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_new_configuration_restarts_the_pods(self):
        def checksums(values):
            return template(values)["Deployment", "shop-pgsluice-run"]["spec"]["template"]["metadata"]["annotations"]

        self.assertNotEqual(checksums(MINIMAL), checksums(MINIMAL | {"config": {"indexes": {"a": {}}}}))

    def test_mistakes_are_told(self):
        for values, text in (
            ({}, "set existingSecret, or secrets"),
            (MINIMAL | {"roles": {"poller": {"replicas": 1}}}, "poller"),
            (MINIMAL | {"roles": {"run": {"replicas": "two"}}}, "integer"),
            ({"secrets": {"A": "b"}, "migrate": {"enabled": True}}, "migrate.secret or existingSecret"),
            (MINIMAL | {"ingress": {"enabled": True}}, "ingress.host"),
        ):
            with self.assertRaisesRegex(ValueError, text):
                template(values)


if __name__ == "__main__":
    unittest.main(verbosity=2)
