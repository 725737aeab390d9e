#!/bin/sh
# An OpenAPI 3.1 document whose license has a name and nothing else is valid, and openapi-generator refuses it.
#
# Versions: PyPI openapi-generator-cli 7.26.0; PyPI openapi-spec-validator 0.7.1 as the second opinion.
#
# OpenAPI 3.1.0 requires `name` in the license object. `identifier` (SPDX) and `url` are both optional, and may not stand together. A
# product under terms of its own has no SPDX identifier, and often no public page. openapi-generator says of such a document "attribute
# info.license.identifier is missing" and makes nothing. It says so of 3.1 only: under 3.0.3 the same license is welcome. Either a `url` or
# an `identifier` contents it, and so does no license at all.
#
# Seen:
#   3.0.3, name                  openapi-generator: no issues    openapi-spec-validator: OK
#   3.1.0, name                  openapi-generator: refused      openapi-spec-validator: OK
#   3.1.0, name and url          openapi-generator: no issues    openapi-spec-validator: OK
#   3.1.0, name and identifier   openapi-generator: no issues    openapi-spec-validator: OK
#   3.1.0, no license            openapi-generator: no issues    openapi-spec-validator: OK
#
# What follows for whoever publishes a 3.1 document: give the license a `url` (or an SPDX identifier), or leave it out.
#
# Needs: Java 11 or later, python3 with venv, a network for the packages.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'openapi-generator-cli==7.26.0' 'openapi-spec-validator==0.7.1'

document() { # version, members of info besides title and version
    printf '{"openapi":"%s","info":{"title":"t","version":"1"%s},"paths":{"/a":{"get":{"operationId":"a","responses":{"204":{"description":"done"}}}}}}' "$1" "$2"
}
document 3.0.3 ',"license":{"name":"Our terms"}' > 'name-3.0.json'
document 3.1.0 ',"license":{"name":"Our terms"}' > 'name-3.1.json'
document 3.1.0 ',"license":{"name":"Our terms","url":"https://example.com/terms"}' > 'url-3.1.json'
document 3.1.0 ',"license":{"name":"MIT License","identifier":"MIT"}' > 'identifier-3.1.json'
document 3.1.0 '' > 'none-3.1.json'

for file in name-3.0 name-3.1 url-3.1 identifier-3.1 none-3.1; do
    venv/bin/openapi-spec-validator "$file.json" | sed "s/^.*: OK$/$file: valid/"
    said=$(venv/bin/openapi-generator-cli validate -i "$file.json" 2>&1) || true
    case $said in
        *'No validation issues detected'*) echo "$file: generator takes it" ;;
        *'attribute info.license.identifier is missing'*) echo "$file: generator misses info.license.identifier" ;;
        *) echo "$file: generator says something else: $said" ;;
    esac
done | tee said

for line in 'name-3.0: valid' 'name-3.1: valid' 'url-3.1: valid' 'identifier-3.1: valid' 'none-3.1: valid' \
    'name-3.0: generator takes it' 'name-3.1: generator misses info.license.identifier' 'url-3.1: generator takes it' \
    'identifier-3.1: generator takes it' 'none-3.1: generator takes it'; do
    grep -qx "$line" said || {
        echo "changed: no line '$line'" >&2
        exit 1
    }
done
