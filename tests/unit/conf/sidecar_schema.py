"""conf/sidecar.schema.json is a schema of draft 2020-12, takes the published example, and refuses what the reader refuses
by form. Key by key, the reader is compared with the schema in unit/mime/sidecar."""
import copy
import json
import os
import sys

import jsonschema

CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "conf")


def changed(document, path, value):
    out = copy.deepcopy(document)
    at = out
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return out


ACCEPTED = [
    (["operation"], None),
    (["operation"], "delete"),
    (["document", "version"], None),
    (["patient", "ipp"], None),
    (["treating_doctor"], None),
]
REFUSED = [
    (["patient", "ippp"], "1"),
    (["patient", "sex"], "X"),
    (["patient", "birth_name"], None),
    (["stay", "class"], "Z"),
    (["signatory", "rpps"], "123"),
    (["signatory", "signed_at"], None),
    (["recipients", 0], {"family": "LENOIR"}),
    (["document", "type"], "99999-9"),
    (["document", "version"], "1"),
    (["document", "version"], 0),
    (["document", "version"], 2),          # operation says initial
    (["document", "replaces"], "2.999.5"),  # version 1
    (["operation"], "replace"),            # version 1
    (["operation"], "annuler"),
    (["establishment", "finess"], "12"),
]


def main():
    with open(os.path.join(CONF, "sidecar.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    with open(os.path.join(CONF, "examples", "letter.json"), encoding="utf-8") as file:
        example = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    takes = jsonschema.Draft202012Validator(schema).is_valid
    wrong = [] if takes(example) else ["the example is refused"]
    # With an INS its traits are required; without, the hospital number is enough.
    wrong += [f"refused: {path} = {value}" for path, value in ACCEPTED if not takes(changed(example, path, value))]
    wrong += [f"accepted: {path} = {value}" for path, value in REFUSED
              if takes(changed(example, path, value))]
    nobody = changed(changed(example, ["patient", "ins"], None), ["patient", "ipp"], None)
    if takes(nobody):
        wrong.append("accepted: a patient without any number")
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
