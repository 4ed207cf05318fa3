#!/bin/sh
# What is installed in an image, as CycloneDX: docker run --rm --entrypoint cat IMAGE /usr/share/sbom/python.cdx.json
# The program that lists it has an environment of its own, which goes again: it is no part of the image.
set -eu
python3 -m venv /tmp/sbom
/tmp/sbom/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements/sbom.txt
mkdir -p /usr/share/sbom
/tmp/sbom/bin/cyclonedx-py environment --output-reproducible \
  --output-file /usr/share/sbom/python.cdx.json /opt/venv/bin/python
rm -rf /tmp/sbom
