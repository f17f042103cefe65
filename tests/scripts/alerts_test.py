"""The alert rules and the dashboard name metrics that the service has, and every alert has its page in docs/operations.md."""

import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import yaml

RULES = yaml.safe_load(Path("docker/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
BOARD = json.loads(Path("docker/grafana/pgsluice.json").read_text())
SOURCES = "".join(path.read_text() for path in Path("src").rglob("*.cpp"))
KINDS = {name: kind for kind, name in re.findall(r'Make(Counter|Gauge|Histogram)\(\s*"(\w+)"', SOURCES)}


def metrics(expression):
    return re.findall(r"\b(?:pgsluice|process)_\w+", expression)


class Expressions(unittest.TestCase):
    def check(self, where, expression):
        self.assertTrue(metrics(expression) or "up{" in expression, where)
        for name in metrics(expression):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            known = name in KINDS or KINDS.get(base) == "Histogram"
            self.assertTrue(known, f"{where}: the service has no metric {name}")
            if name.endswith("_total") or name.endswith("_bucket"):
                self.assertRegex(expression, rf"rate\({name}", f"{where}: {name} is used without rate()")
        self.assertEqual(expression.count("("), expression.count(")"), where)

    def test_alerts(self):
        self.assertEqual(len(RULES), len({rule["alert"] for rule in RULES}))
        for rule in RULES:
            self.check(rule["alert"], rule["expr"])
            self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
            self.assertLessEqual({"summary", "description"}, set(rule["annotations"]))
            self.assertRegex(rule["for"], r"^\d+m$")

    def test_every_alert_has_a_page(self):
        page = Path("docs/operations.md").read_text()
        for rule in RULES:
            self.assertIn(f"### {rule['alert']}\n", page)

    def test_dashboard(self):
        self.assertEqual(len(BOARD["panels"]), len({panel["id"] for panel in BOARD["panels"]}))
        for panel in BOARD["panels"]:
            for target in panel["targets"]:
                self.check(panel["title"], target["expr"])

    def test_every_metric_of_ours_is_described(self):
        page = Path("docs/operations.md").read_text()
        for name in KINDS:
            if name.startswith("pgsluice_"):
                self.assertIn(f"`{name}`", page)


class Promtool(unittest.TestCase):
    def test_rules(self):
        """Where promtool is there, it has the last word."""
        if shutil.which("promtool") is None:
            return
        checked = subprocess.run(["promtool", "check", "rules", "docker/prometheus/alerts.yml"], capture_output=True, text=True)
        self.assertEqual(0, checked.returncode, checked.stderr)


unittest.main()
