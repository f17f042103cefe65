"""Every fenced block of README and docs is of a kind that is executed here, or it is named where it is executed."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

import configuration_page
from running import BINARY, ENGINE, Service, clean_environment, database, index_prefix, psql, run, until

PAGES = sorted([Path("README.md"), Path("CONTRIBUTING.md"), *Path("docs").glob("*.md"), *Path("docs/guides").glob("*.md"), Path("bench/README.md"), Path("migrations/README.md")])
ELSEWHERE = {"docs/pgsync.md"}  # tests/integration/docs_test.cpp
# Programs that other tests run, or that need what is not here: only that their files exist is checked.
OTHERS = ("docker", "kubectl", "helm", "cmake", "ctest", "eval", "export", "cpack", "apt", "build/")
SAMPLE = Path("scripts/sample")


class Block:
    def __init__(self, page, line, language, text):
        self.page, self.line, self.language, self.text = str(page), line, language, text

    def __repr__(self):
        return f"{self.page}:{self.line}"


def blocks_of(page):
    blocks, inside = [], None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            if inside is None:
                inside = Block(page, number, line[3:].strip(), "")
            else:
                blocks.append(inside)
                inside = None
        elif inside is not None:
            inside.text += line + "\n"
    return blocks


BLOCKS = [block for page in PAGES if str(page) not in ELSEWHERE for block in blocks_of(page)]


def is_drawing(block):
    return "──" in block.text


def commands(block):
    """The commands of a block, without comments."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words, line


def without_comments(text):
    return re.sub(r"^((?:[^\"\n]|\"(?:[^\"\\]|\\.)*\")*?)//.*$", r"\1", text, flags=re.M)


def covers(expected, actual):
    """Whether an answer is what the page shows: "…" stands for anything, lists and objects are shortened."""
    if expected == "…":
        return True
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(key in actual and covers(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) >= len(expected) and all(map(covers, expected, actual))
    return expected == actual


class Kinds(unittest.TestCase):
    def test_every_block_is_of_a_known_kind(self):
        for block in BLOCKS:
            with self.subTest(block):
                self.assertIn(block.language, ("", "sh", "json", "jsonc", "sql", "yaml"))
                if block.language in ("", "sh") and not is_drawing(block):
                    for words, line in commands(block):
                        known = words[0] in ("pgsluice", "curl") or words[0].startswith(("scripts/", "bench/", "tests/", *OTHERS)) or "=" in words[0]
                        self.assertTrue(known, f"nobody executes: {line}")

    def test_scripts_and_files_that_are_named_exist(self):
        for block in BLOCKS:
            for word in re.findall(r"(?<![\w/.])(?:scripts|bench|docker|docs|tests|migrations)/[\w./-]+", block.text):
                self.assertTrue(Path(word).exists(), f"{block}: {word}")

    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
                if "://" not in target:
                    self.assertTrue(Path(page.parent, target).exists(), f"{page}: {target}")

    def test_commands_in_the_text_exist(self):
        for page in PAGES:
            for text in re.findall(r"`(pgsluice [a-z][^`]*)`", page.read_text()):
                words = text.split()
                command = words[1]
                code, out, err = run([command, "--help"])
                self.assertEqual(code, 0, f"{page}: {text}: {err}")
                for flag in re.findall(r"--[a-z-]+", text):
                    self.assertIn(flag, out, f"{page}: {text}")


class Generated(unittest.TestCase):
    def test_configuration_reference(self):
        self.assertEqual(Path("docs/configuration.md").read_text(), configuration_page.Page().text(), "run tests/scripts/configuration_page.py")


class Executed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.database = cls.stack.enter_context(database())
        cls.prefix = cls.stack.enter_context(index_prefix())
        for part in ("schema", "data"):
            subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(SAMPLE / f"{part}.sql"), cls.database], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def migrate(self, config):
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "pgsluice.json").write_text(json.dumps(config))
            code, _, text = run(["migrate", "up"], {"PGSLUICE_DATABASE_URL": self.database}, directory)
            self.assertEqual(code, 0, text)

    def send(self, service, line, words):
        words = [word.replace("127.0.0.1:8080", service.api).replace("127.0.0.1:8081", service.admin) for word in words]
        done = subprocess.run([*words, "-sS", "--max-time", "30"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{line}: {done.stderr}")
        return done.stdout

    def test_the_api_page(self):
        blocks = [block for block in BLOCKS if block.page == "docs/api.md"]
        config = json.loads(blocks[0].text)
        config["elasticsearch"] = {"urls": [ENGINE], "index_prefix": self.prefix + "api-"}
        self.migrate(config)
        answered = 0
        with Service(config, {"PGSLUICE_DATABASE_URL": self.database}) as service:
            service.ready()
            until(lambda: service.ask("/v1/sync/wait?wait=30s")[0] == 200, "in step")
            until(lambda: '"count":3000' in service.ask("/v1/projects/count?consistency=strong")[1], lambda: service.ask("/v1/projects/count"))
            answer = None
            for block in blocks[1:]:
                if block.language == "json":
                    self.assertTrue(covers(json.loads(block.text), json.loads(answer)), f"{block}: {answer}")
                    answered += 1
                    continue
                for words, line in commands(block):
                    answer = self.send(service, line, words)
                    for one in answer.splitlines():  # Exports have many.
                        self.assertIsInstance(json.loads(one), dict, line)
        self.assertGreater(answered, 8)

    def test_the_guide_to_better_results(self):
        """Each configuration of the page, in turn, and what is asked with it."""
        environment = {"PGSLUICE_DATABASE_URL": self.database}
        answered = 0
        with contextlib.ExitStack() as stack:
            service, answer = None, None
            for block in (block for block in BLOCKS if block.page == "docs/guides/better-results.md"):
                if block.language == "json" and "indexes" in json.loads(block.text):
                    config = json.loads(block.text)
                    config["elasticsearch"] = {"urls": [ENGINE], "index_prefix": self.prefix + "better-"}
                    stack.close()
                    self.migrate(config)
                    service = stack.enter_context(Service(config, environment)).ready()
                    until(lambda: '"count":3000' in service.ask("/v1/projects/count?consistency=strong")[1], "filled")
                elif block.language == "json":
                    self.assertTrue(covers(json.loads(block.text), json.loads(answer)), f"{block}: {answer}")
                    answered += 1
                else:
                    for words, line in commands(block):
                        answer = self.send(service, line, words)
        self.assertEqual(answered, 6)

    def test_the_readme(self):
        """Migrate, run, search; its configuration fits a database that has its columns."""
        readme = [block for block in BLOCKS if block.page == "README.md"]
        use = next(block for block in readme if "pgsluice migrate up" in block.text)
        environment = {"PGSLUICE_DATABASE_URL": self.database, "PGSLUICE_ELASTICSEARCH_URL": ENGINE}
        config = {"elasticsearch": {"index_prefix": self.prefix + "readme-"}}
        searched = False
        with contextlib.ExitStack() as stack:
            service = None
            for words, line in commands(use):
                if words[0] == "export":
                    self.assertIn(words[1].split("=")[0], environment)
                elif words == ["pgsluice", "run"]:
                    service = stack.enter_context(Service(config, environment)).ready()
                    until(lambda: '"count":3000' in service.ask("/v1/projects/count?consistency=strong")[1], "filled")
                elif words[0] == "pgsluice":
                    self.assertEqual(run(words[1:], environment)[0], 0, line)
                else:
                    self.assertIn("hackathon", self.send(service, line, words))
                    searched = True
        self.assertTrue(searched)
        psql(self.database, "ALTER TABLE projects ADD archived_at timestamptz, ADD secret text, ADD owner_id bigint REFERENCES users")
        shown = next(block for block in readme if block.language == "jsonc")
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "pgsluice.json").write_text(shown.text)
            code, _, text = run(["config", "check"], {"DATABASE_URL": self.database}, directory)
            self.assertEqual(code, 0, text)

    def test_the_way_of_replacing(self):
        """docs/replacing.md and what takes capture away again, as a person would type it."""
        with database() as url, index_prefix() as prefix, tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
            psql(url, "CREATE TABLE projects (id int PRIMARY KEY, name text); INSERT INTO projects VALUES (1, 'one')")
            environment = {"PGSLUICE_DATABASE_URL": url, "PGSLUICE_ELASTICSEARCH_URL": ENGINE}
            done = 0
            for page in ("docs/replacing.md", "docs/managed-databases.md"):
                for block in (block for block in BLOCKS if block.page == page):
                    for words, line in commands(block):
                        if words == ["pgsluice", "run"]:
                            config = json.loads(without_comments(Path(directory, "pgsluice.json").read_text()))
                            stack.enter_context(Service(config, environment)).ready().finds("projects", 1, "one")
                            continue
                        self.assertEqual(words[0], "pgsluice", line)
                        shell = f"{shlex.quote(BINARY)} {line[len('pgsluice '):]}"
                        ran = subprocess.run(["bash", "-c", shell], cwd=directory, env=clean_environment(environment), capture_output=True, text=True)
                        self.assertEqual(ran.returncode, 0, f"{line}: {ran.stderr}")
                        if words[1:3] == ["config", "init"]:
                            file = Path(directory, "pgsluice.json")
                            config = json.loads(without_comments(file.read_text()))
                            config.setdefault("elasticsearch", {}).update({"urls": [ENGINE], "index_prefix": prefix})
                            file.write_text(json.dumps(config))
                        done += 1
            self.assertGreater(done, 5)
            self.assertEqual(psql(url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'pgsluice'"), "0")


if __name__ == "__main__":
    unittest.main(verbosity=2)
