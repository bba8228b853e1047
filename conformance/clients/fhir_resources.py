"""Validates Bundles, one per line of a file, with PyPI fhir.resources' models of R4B.

Prints a line for each fault (bundle, resource type, element, what is wrong), then how many it read.
"""

import json
import sys

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

# The package has no models of R4. Those of R4B have the same elements but for these types, which are
# not judged: what is written must do without them.
NOT_AS_IN_R4 = {
    "ActivityDefinition",
    "EffectEvidenceSynthesis",
    "Evidence",
    "EvidenceVariable",
    "PlanDefinition",
    "RiskEvidenceSynthesis",
}
OTHER_FAMILIES = ("MedicinalProduct", "Substance")


def faults(resource):
    kind = resource["resourceType"]
    if kind in NOT_AS_IN_R4 or kind.startswith(OTHER_FAMILIES):
        yield kind, "", "R4B has it otherwise than R4"
        return
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            yield kind, ".".join(map(str, fault["loc"])), fault["msg"]


n_bundles = 0
for line in open(sys.argv[1], encoding="utf-8"):
    n_bundles += 1
    bundle = json.loads(line)
    entries = bundle.pop("entry")
    for resource in [bundle, *(entry["resource"] for entry in entries)]:
        for fault in faults(resource):
            print(n_bundles, *fault, sep="\t")
print(f"{n_bundles} bundles")
