"""The part of the benchmark about what is found: packages of Debian, judged by the people who tagged them."""
import collections
import json
import math
import random
import re
import statistics
import subprocess
from servers import Engine, Service

GOALS = {  # name: (goal, whether larger is better)
    "ndcg_tags_over_default": (1.0, True), "ndcg_known_item_over_default": (1.0, True),
    "typo_recall_at_10": (0.95, True),
}
# Facets of debtags that say what a package is for; the others tell how it is made.
FACETS = ("admin", "biology", "culture", "field", "game", "hardware", "junior", "mail", "network", "office", "protocol",
          "science", "security", "sound", "use", "web", "works-with", "works-with-format")
WORD = re.compile(r"[a-z]+")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def packages():
    """(name, summary, tags) of the packages that apt knows of."""
    out = subprocess.run(["apt-cache", "dumpavail"], check=True, capture_output=True, text=True).stdout
    found = {}
    for stanza in out.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): ((?:.|\n )*)", stanza, re.M))
        if "Tag" in fields and "Description" in fields:
            tags = set(re.split(r",\s*", fields["Tag"].replace("\n", "")))
            found[fields["Package"]] = (fields["Description"].split("\n")[0], tags)
    if len(found) < 1000:
        raise RuntimeError("apt knows of too few packages with tags: apt-get update")
    return [(name, summary, tags) for name, (summary, tags) in sorted(found.items())]


def edited(word, chance):
    """The word with one letter more, less, another, or two swapped: anywhere but at its first letter."""
    at = chance.randrange(1, len(word))
    kind = chance.randrange(4)
    if kind == 0:
        return word[:at] + chance.choice(LETTERS) + word[at:]
    if kind == 1:
        return word[:at] + word[at + 1:]
    if kind == 2 and at + 1 < len(word) and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    return word[:at] + chance.choice(LETTERS.replace(word[at], "")) + word[at + 1:]


def ndcg(found, relevant):
    """Of ten, with relevance yes or no (Järvelin and Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(place + 2) for place, name in enumerate(found) if name in relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))


class Relevance:
    """Mixed into Bench, which has the servers."""

    def relevance(self):
        known = packages()
        self.sql("CREATE TABLE bench_package (name text PRIMARY KEY, summary text NOT NULL)")
        rows = "".join(f"{name}\t{summary.replace(chr(92), chr(92) * 2)}\n" for name, summary, _ in known)
        subprocess.run(["psql", "-X", "-q", self.url, "-c", "COPY bench_package FROM STDIN"], input=rows, text=True, check=True)
        config = self.config_of("bench_package")
        self.stop()
        self.pgsluice("migrate", "up", config=config)
        self.service = Service(self.options.binary, config)
        try:
            self.answering([("bench_package", [{"q": "chess"}])])
            self.default_index(known)
            self.judge(known)
        finally:
            self.stop()
            self.start()

    def default_index(self, known):
        """The same documents as the engine indexes them by default."""
        lines = "".join(json.dumps({"index": {"_id": name}}) + "\n" + json.dumps({"name": name, "summary": summary}) + "\n"
                        for name, summary, _ in known)
        status, text = self.engine.send("POST", f"/{self.prefix}default/_bulk?refresh=true&filter_path=errors",
                                        lines.encode(), "application/x-ndjson")
        if status != 200 or b'"errors":false' not in text:
            raise RuntimeError(f"_bulk: {status} {text[:300]}")

    def ours(self, text, match="all"):
        hits = self.api.json("POST", "/v1/bench_package/search", {"q": text, "match": match, "per_page": 10})["hits"]
        return [hit["document"]["name"] for hit in hits]

    def default(self, text):
        body = {"query": {"multi_match": {"query": text, "fields": ["name", "summary"]}}, "size": 10}
        return [hit["_id"] for hit in self.engine.json("POST", f"/{self.prefix}default/_search", body)["hits"]["hits"]]

    def judge(self, known):
        self.api = Engine(self.API_URL)
        chance = random.Random(self.options.samples)
        uses = collections.Counter(word for _, summary, _ in known for word in set(WORD.findall(summary.lower())))
        # A search for a subject accepts any of its words, as multi_match does by default.
        for name, match, queries in (("tags", "any", self.tag_queries(known)),
                                     ("known_item", "all", self.known_items(known, uses, chance))):
            ours = statistics.mean(ndcg(self.ours(text, match), relevant) for text, relevant in queries)
            default = statistics.mean(ndcg(self.default(text), relevant) for text, relevant in queries)
            self.report("ndcg_at_10", set=name, queries=len(queries), match=match, ours=round(ours, 3), default=round(default, 3))
            self.ratios[f"ndcg_{name}_over_default"] = ours / default
        rare = [(name, word) for name, summary, _ in known for word in sorted(set(WORD.findall(summary.lower())))
                if len(word) >= 5 and uses[word] == 1]
        asked = [(name, edited(word, chance)) for name, word in chance.sample(rare, min(1000, len(rare)))]
        missed = [(name, word) for name, word in asked if name not in self.ours(word)]
        self.ratios["typo_recall_at_10"] = 1 - len(missed) / len(asked)
        self.report("typos", words=len(asked), recall_at_10=round(self.ratios["typo_recall_at_10"], 3), some_missed=missed[:10])

    @staticmethod
    def tag_queries(known):
        """The words of a tag, and the packages that have it."""
        bearers = collections.defaultdict(set)
        for name, _, tags in known:
            for tag in tags:
                if tag.split("::")[0] in FACETS and "TODO" not in tag:
                    bearers[tag].add(name)
        return [(" ".join(re.split("[:-]+", tag.split("::")[1])), names) for tag, names in sorted(bearers.items())
                if len(names) >= 10]

    @staticmethod
    def known_items(known, uses, chance):
        """Two words of a summary that are not all too common, and the package."""
        queries = []
        for name, summary, _ in chance.sample(known, 1000):
            words = [word for word in set(WORD.findall(summary.lower())) if len(word) >= 4 and uses[word] <= 300]
            if len(words) >= 2:
                queries.append((" ".join(chance.sample(sorted(words), 2)), {name}))
        return queries
