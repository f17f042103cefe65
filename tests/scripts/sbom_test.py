"""The bill of materials of a binary. Arguments: the binary and its SPDX file."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import unittest

BINARY, SBOM = sys.argv[1:3]


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = json.loads(pathlib.Path(SBOM).read_text(encoding="utf-8"))
        cls.packages = {package["SPDXID"]: package for package in cls.document["packages"]}

    def test_describes_this_binary(self):
        product = self.packages["SPDXRef-pgsluice"]
        digest = hashlib.sha256(pathlib.Path(BINARY).read_bytes()).hexdigest()
        self.assertEqual(product["checksums"], [{"algorithm": "SHA256", "checksumValue": digest}])
        version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(version.strip(), "pgsluice " + product["versionInfo"])

    def test_names_every_library(self):
        loaded = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
        files = {pathlib.Path(path).resolve().name for path in re.findall(r"(/\S+) \(0x", loaded)}
        named = [name for package in self.packages.values() for name in package.get("comment", "").split()]
        self.assertGreater(len(files), 10)
        self.assertEqual(sorted(named), sorted(files))

    def test_packages_have_versions_and_relations(self):
        related = {one["relatedSpdxElement"] for one in self.document["relationships"]}
        self.assertEqual(related, set(self.packages))
        with_url = [package for package in self.packages.values() if "externalRefs" in package]
        for package in with_url:
            self.assertNotIn(package["versionInfo"], ("", "NOASSERTION"))
            self.assertRegex(package["externalRefs"][0]["referenceLocator"], r"^pkg:deb/[a-z]+/[a-z0-9.+-]+@[^@]+\?arch=")
        # Here all libraries are packages of the distribution.
        if pathlib.Path("/var/lib/dpkg/status").exists():
            self.assertEqual(len(with_url), len(self.packages) - 1)

    def test_is_spdx(self):
        self.assertEqual(self.document["spdxVersion"], "SPDX-2.3")
        for member in "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo":
            self.assertIn(member, self.document)
        for package in self.packages.values():
            self.assertRegex(package["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertIn("downloadLocation", package)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
