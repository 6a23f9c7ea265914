"""What AWS makes of template.yaml: transforms it as CloudFormation does (aws-sam-translator) and checks the result.

Run by scripts/check-template, which has the translator in an environment of its own. Fails with one line per finding.
With `--print` it prints the transformed template instead, for a linter.
"""

import json
import logging
import sys
import time

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TABLES = ["OrderQuarantineTable", "CreditCardTokenizerTable", "CustomerOrderTable", "DetokenizeAuditTable", "CardKeyTable"]
STAGE = "CustomerApiStage"


def transformed(**parameters):
    return translated(**parameters)["Resources"]


def translated(**parameters):
    with open("template.yaml", encoding="utf-8") as file:
        template = yaml_parse(file)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam package` puts the address of the built function here.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    parameters = {"ProcessorUrl": "sandbox", **parameters}
    session = boto3.session.Session(region_name="us-east-1")
    translator = Translator({}, Parser(), boto_session=session)
    return translator.translate(template, parameters)


def references(value):
    """The logical ids that a value names."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                text, names = item if isinstance(item, list) else (item, {})
                for part in text.split("${")[1:]:
                    name = part.split("}")[0].split(".")[0]
                    if name not in names:
                        yield name
                yield from references(list(names.values()))
            else:
                yield from references(item)


def made_before(resources, start):
    """Every resource that CloudFormation makes before `start`."""
    found, open_ids = set(), [start]
    while open_ids:
        resource = resources[open_ids.pop()]
        named = resource.get("DependsOn", [])
        named = [named] if isinstance(named, str) else named
        for logical_id in [*named, *references(resource.get("Properties", {}))]:
            if logical_id in resources and logical_id not in found:
                found.add(logical_id)
                open_ids.append(logical_id)
    return found


def findings():
    resources = transformed()
    stages = [key for key, value in resources.items() if value["Type"] == "AWS::ApiGateway::Stage"]
    if stages != [STAGE]:
        yield f"the API has the stages {stages}, not one named {STAGE}"

    # A stage whose account has no logging role fails. A table that was made before it is kept, and the next
    # deployment finds that it exists.
    for table in TABLES:
        before = made_before(resources, table)
        for early in [STAGE, "ApiGatewayAccount"]:
            if early not in before:
                yield f"{table} is not made after {early}: a failure of {early} leaves the table behind"

    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        protected = properties.get("DeletionProtectionEnabled") or properties.get("DeletionProtection") == "ACTIVE"
        policy = resource.get("DeletionPolicy")
        if protected and policy != "Retain":
            yield f"{logical_id} is protected from deletion, so its rollback fails unless it is retained"
        if policy == "Retain" and not protected:
            yield f"{logical_id} is left behind by a first deployment that fails: use RetainExceptOnCreate"

    def deployments(origin):
        made = transformed(CorsOrigin=origin)
        return {key for key, value in made.items() if value["Type"] == "AWS::ApiGateway::Deployment"}

    # The id depends on the second in which the template is transformed, as `AlwaysDeploy` has it.
    first, until = deployments("https://a.example"), time.monotonic() + 5
    while first & deployments("https://b.example"):
        if time.monotonic() > until:
            yield "a changed CorsOrigin does not make a new deployment of the API"
            break

    api = resources["CustomerApi"]["Properties"]
    if api.get("SecurityPolicy") != {"Ref": "TlsPolicy"} or api.get("EndpointAccessMode") != "STRICT":
        yield "the API takes TLS 1.0: its security policy did not come through"
    body = api["Body"]
    if body.get("swagger") != "2.0":
        yield f"the API's body is not OpenAPI 2.0 but {body.get('openapi')}"
    if nested(body):
        yield "a header's schema is nested in another: API Gateway warns and drops it"
    methods = [(path, method) for path, item in body["paths"].items() for method in item if method != "options"]
    for path, method in methods:
        if not body["paths"][path][method].get("security"):
            yield f"{method} {path} has no authorizer"


def nested(value):
    if isinstance(value, dict):
        inner = value.get("schema")
        return (isinstance(inner, dict) and "schema" in inner) or any(nested(item) for item in value.values())
    return isinstance(value, list) and any(nested(item) for item in value)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    if sys.argv[1:] == ["--print"]:
        print(json.dumps(translated(), indent=1))
        sys.exit(0)
    found = list(findings())
    for finding in found:
        print("transformed template:", finding)
    print(f"transformed template: {len(found)} findings")
    sys.exit(1 if found else 0)
