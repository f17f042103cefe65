"""docker/compose.yaml, docker/Dockerfile and docker/pgsluice.json hold together."""

import hashlib
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import yaml

DOCKER = Path("docker")
COMPOSE = (DOCKER / "compose.yaml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
DEMO_KEY = re.search(r"X-Api-Key: (\w+)", COMPOSE).group(1)
DEMO_HASH = re.search(r"DEMO_KEY_SHA256:-(\w+)", COMPOSE).group(1)
VERSION = re.search(r"project\(pgsluice VERSION ([\d.]+)", Path("CMakeLists.txt").read_text()).group(1)


def instructions():
    """(name, rest) of every instruction, continued lines joined, comments dropped."""
    lines = [line for line in (DOCKER / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\n", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


class Compose(unittest.TestCase):
    def test_services(self):
        self.assertEqual({"postgres", "opensearch", "elasticsearch", "sample", "migrate", "pgsluice"}, set(SERVICES))

    def test_order_names_services_and_conditions_that_can_come_true(self):
        for name, service in SERVICES.items():
            for needed, how in service.get("depends_on", {}).items():
                other = SERVICES[needed]
                if how["condition"] == "service_healthy":
                    self.assertIn("test", other["healthcheck"], f"{name} waits for {needed}")
                else:
                    self.assertEqual("service_completed_successfully", how["condition"])
                    self.assertEqual("no", other["restart"], f"{name} waits for the end of {needed}")
                if other.get("profiles"):
                    self.assertFalse(how.get("required", True), f"{needed} is in a profile")

    def test_engines_answer_to_the_same_name(self):
        for engine in ("opensearch", "elasticsearch"):
            self.assertEqual(["search"], SERVICES[engine]["networks"]["default"]["aliases"])
            self.assertEqual([engine], SERVICES[engine]["profiles"])

    def test_ports_are_on_loopback_only(self):
        for name, service in SERVICES.items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_mounted_files_exist(self):
        for name, service in SERVICES.items():
            for volume in service.get("volumes", []):
                if volume.startswith("."):
                    self.assertTrue((DOCKER / volume.split(":")[0]).exists(), f"{name}: {volume}")

    def test_service_is_confined(self):
        for name in ("migrate", "pgsluice"):
            self.assertTrue(SERVICES[name]["read_only"])
            self.assertEqual(["ALL"], SERVICES[name]["cap_drop"])

    def test_demo_key(self):
        self.assertEqual(hashlib.sha256(DEMO_KEY.encode()).hexdigest(), DEMO_HASH)

    def test_configuration_is_valid(self):
        environment = dict(SERVICES["pgsluice"]["environment"], DEMO_KEY_SHA256=DEMO_HASH)
        environment["PGSLUICE_CONFIG"] = str(DOCKER / "pgsluice.json")
        shown = subprocess.run([os.environ["PGSLUICE_BINARY"], "config", "print"], env=environment,
                               capture_output=True, text=True)
        self.assertEqual(0, shown.returncode, shown.stderr)
        self.assertNotIn("error:", shown.stderr)
        self.assertIn("0.0.0.0:8080", shown.stdout)


class Dockerfile(unittest.TestCase):
    KNOWN = {"ARG", "FROM", "RUN", "WORKDIR", "COPY", "LABEL", "ENV", "USER", "EXPOSE", "STOPSIGNAL",
             "HEALTHCHECK", "ENTRYPOINT", "CMD"}

    def final(self):
        """The instructions of the stage that ships."""
        last = max(i for i, (name, _) in enumerate(instructions()) if name == "FROM")
        return instructions()[last:]

    def test_instructions_are_known_and_begin_with_a_base(self):
        self.assertLessEqual({name for name, _ in instructions()}, self.KNOWN)
        self.assertEqual(["ARG", "FROM"], [name for name, _ in instructions()[:2]])

    def test_commands_are_in_exec_form(self):
        final = dict(self.final())
        self.assertEqual(["pgsluice"], json.loads(final["ENTRYPOINT"]))
        self.assertEqual(["run"], json.loads(final["CMD"]))
        self.assertEqual(["pgsluice", "health"], json.loads(final["HEALTHCHECK"].split("CMD", 1)[1]))

    def test_runs_as_a_number_so_that_kubernetes_sees_it_is_not_root(self):
        self.assertRegex(dict(self.final())["USER"], r"^[1-9]\d+:[1-9]\d+$")

    def test_copied_files_exist_and_are_not_ignored(self):
        kept = [line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().split() if line[0] == "!"]
        for name, rest in instructions():
            if name == "COPY" and "--from" not in rest:
                for source in rest.split()[:-1]:
                    self.assertTrue(Path(source).exists(), source)
                    self.assertIn(source, kept)

    def test_label_has_this_version(self):
        self.assertIn(("ARG", f"VERSION={VERSION}"), self.final())


unittest.main()
