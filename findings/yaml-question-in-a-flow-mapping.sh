#!/bin/sh
# A plain text that ends with a question mark, inside braces, such as `{text: what is it?, next: 1}`,
# is a valid YAML 1.2 flow mapping. Whether it is read depends on which half of a library reads it,
# and the two libraries are wrong in opposite halves:
#   ruamel.yaml 0.19.1                          pure Python reads it, the C loader (clib 0.2.15) refuses
#   PyYAML 6.0.4                                the C loader reads it, pure Python refuses
# So a questionnaire's file that works on a machine with the C part fails on one without it, or the
# other way round. Seen 2026-11-29 with Python 3.11, output:
#   ruamel.yaml pure: read
#   ruamel.yaml C: ParserError
#   PyYAML C: read
#   PyYAML pure: ParserError
# What follows for us: data files are read by one loader only, ruamel.yaml's pure one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  ruamel.yaml==0.19.1 ruamel.yaml.clib==0.2.15 PyYAML==6.0.4
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import yaml
from ruamel.yaml import YAML

TEXT = "{text: what is it?, next: 1}"
LOADERS = {
    "ruamel.yaml pure": lambda: YAML(typ="safe", pure=True).load(TEXT),
    "ruamel.yaml C": lambda: YAML(typ="safe").load(TEXT),
    "PyYAML C": lambda: yaml.load(TEXT, Loader=yaml.CSafeLoader),
    "PyYAML pure": lambda: yaml.load(TEXT, Loader=yaml.SafeLoader),
}
for name, load in LOADERS.items():
    try:
        assert load() == {"text": "what is it?", "next": 1}
        print(f"{name}: read")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
ruamel.yaml pure: read
ruamel.yaml C: ParserError
PyYAML C: read
PyYAML pure: ParserError
EXPECTED
