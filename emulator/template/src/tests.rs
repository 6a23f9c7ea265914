//! What is read of a template, and what is refused.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{DeletionPolicy, Deployment, Document, EventBus, Parameter, Resources, Template, TemplateError};

fn deployment() -> Deployment {
    Deployment {
        region: "us-east-1".to_owned(),
        account_id: "123456789012".to_owned(),
        stack_name: "stack".to_owned(),
        user_pool_id: "us-east-1_Pool".to_owned(),
        user_pool_client_id: "client".to_owned(),
    }
}

/// The properties of a resource `Thing`, from a template with the given text after its `Properties:`.
fn properties(text: &str, overrides: &[(&str, &str)]) -> Result<Value, TemplateError> {
    let text = format!(
        "Parameters:\n  Mode: {{Type: String, Default: plain}}\n\
         Conditions:\n  Fancy: !Equals [!Ref Mode, fancy]\n  \
         Either: !Or [!Condition Fancy, !Equals [a, b]]\n  \
         Both: !And [!Condition Fancy, !Not [!Equals [a, b]]]\n  Round: !Not [!Condition Round]\n\
         Resources:\n  Thing:\n    Type: Test::Thing\n    Properties:\n{text}"
    );
    let overrides: BTreeMap<String, String> =
        overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let template = Template::parse(&text, deployment(), &overrides)?;
    let mut resources = Resources::default();
    resources.insert("Role", "role-name", [("Arn", "arn:role")]);
    template.evaluator("Thing", &resources).all(&template.resources["Thing"].properties)
}

#[test]
fn references_substitutions_and_joins_give_text() {
    let text = "      A: !Ref Mode\n      B: !GetAtt Role.Arn\n      C: !Sub \"${Mode}/${Role.Arn}/${!Mode}\"\n      \
                F: !Split [\",\", \"a,b\"]\n      D: !Sub [\"${X}-${Role}\", {X: !Ref AWS::Region}]\n      E: !Join [\":\", [a, !Ref AWS::AccountId]]\n";
    let expected = json!({
        "A": "plain", "B": "arn:role", "C": "plain/arn:role/${Mode}", "D": "us-east-1-role-name",
        "E": "a:123456789012", "F": ["a", "b"],
    });
    assert_eq!(properties(text, &[]).unwrap(), expected);
}

#[test]
fn conditions_choose_and_no_value_leaves_out() {
    let text = "      A: !If [Fancy, 1, 2]\n      B: !If [Either, x, !Ref AWS::NoValue]\n      \
                C: [!If [Both, y, !Ref AWS::NoValue], z]\n";
    assert_eq!(properties(text, &[]).unwrap(), json!({"A": 2, "C": ["z"]}));
    assert_eq!(properties(text, &[("Mode", "fancy")]).unwrap(), json!({"A": 1, "B": "x", "C": ["y", "z"]}));
}

#[test]
fn what_is_not_known_is_an_error_that_names_it_and_its_place() {
    let message = |text: &str| properties(&format!("      A: {text}\n"), &[]).unwrap_err().to_string();
    assert_eq!(message("!ImportValue other"), "Thing: Fn::ImportValue is not supported here");
    assert_eq!(message("!Select [0, [a]]"), "Thing: Fn::Select is not supported here");
    assert_eq!(message("!Ref AWS::StackId"), "Thing: AWS::StackId is not supported here");
    assert_eq!(message("!Ref Nothing"), "Thing: there is no Nothing");
    assert_eq!(message("!GetAtt Role.Nothing"), "Thing: there is no Role.Nothing");
    assert_eq!(message("!If [Nothing, 1, 2]"), "Thing: there is no Nothing");
    assert_eq!(message("!If [Round, 1, 2]"), "Thing: its condition goes round in a circle");
    assert_eq!(message("{Ref: Mode, More: 1}"), "Thing: Ref must stand alone");
    assert_eq!(message("!Sub \"${Mode\""), "Thing: Fn::Sub has the wrong arguments");
    assert!(properties("      A: 1\n", &[("Other", "x")]).is_err());
}

/// Whether these parameters may be given to a template with this declaration of `P`, of the type String or Number.
fn check(declaration: &str, value: &str) -> Result<(), String> {
    let text = format!("Parameters:\n  P: {{{declaration}}}\nResources: {{}}\n");
    let given = BTreeMap::from([("P".to_owned(), value.to_owned())]);
    Template::check_parameters(&Document::read(&text).unwrap(), deployment(), &given)
        .map_err(|error| error.to_string())
}

#[test]
fn a_parameter_is_what_the_template_allows() {
    for (declaration, right, wrong, told) in [
        (
            "Type: String, AllowedValues: [a, 'true']",
            &["a", "true"][..],
            &["b", "", "A"][..],
            "must be one of a, true",
        ),
        ("Type: Number, AllowedValues: [30, 60]", &["30"], &["31", "x"], "must be one of 30, 60"),
        ("Type: Number, MinValue: 4", &["4", "5.5"], &["3.9", "-9"], "must be at least 4"),
        ("Type: Number, MaxValue: 20", &["20", "-1"], &["20.1"], "must be at most 20"),
        ("Type: Number", &["0", "-1", "1.5"], &["", "one", "NaN", "inf", "1 "], "must be a number"),
        ("Type: String, MinLength: 2", &["ab", "äö"], &["a", ""], "must have at least 2 characters"),
        ("Type: String, MaxLength: 2", &["ab", "äö", ""], &["abc"], "must have at most 2 characters"),
        (
            "Type: String, AllowedPattern: 'a|b+'",
            &["a", "bb"],
            &["ab", "ba", "xa", ""],
            "must fit the pattern a|b+",
        ),
        (
            "Type: String, AllowedPattern: '[a-z]', ConstraintDescription: must be a letter",
            &["x"],
            &["xx", "x\n"],
            "must be a letter",
        ),
    ] {
        for value in right {
            assert_eq!(check(declaration, value), Ok(()), "{declaration}: {value}");
        }
        for value in wrong {
            assert_eq!(check(declaration, value), Err(format!("P: {told}")), "{declaration}: {value}");
        }
    }
    assert!(check("Type: String, AllowedPattern: '(?=a)'", "a").is_err());
    assert!(check("Type: List<Number>", "1").is_err());
    assert!(check("Type: String, Odd: 1", "1").is_err());
}

#[test]
fn a_default_that_is_not_allowed_is_refused_and_so_is_a_parameter_of_no_such_name() {
    let text = "Parameters:\n  P: {Type: Number, Default: 3, MinValue: 4}\nResources: {}\n";
    let refused = |given: &[(&str, &str)]| {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Template::check_parameters(&Document::read(text).unwrap(), deployment(), &given)
            .map_err(|error| error.to_string())
    };
    assert_eq!(refused(&[]), Err("P: must be at least 4".to_owned()));
    assert_eq!(refused(&[("P", "4")]), Ok(()));
    assert_eq!(refused(&[("P", "4"), ("p", "4")]), Err("p: there is no such parameter".to_owned()));
}

#[test]
fn a_rule_refuses_a_combination_of_parameters_and_says_why() {
    let rules = |rule: &str, given: &[(&str, &str)]| {
        let text = format!(
            "Parameters:\n  A: {{Type: String, Default: ''}}\n  B: {{Type: String, Default: ''}}\n\
             Conditions:\n  C: !Equals [!Ref A, '']\nRules:\n  R:\n    {rule}\nResources: {{}}\n"
        );
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Template::parse(&text, deployment(), &given).map(drop).map_err(|error| error.to_string())
    };
    let needs = "RuleCondition: !Not [!Equals [!Ref A, '']]\n    \
                 Assertions: [{Assert: !Not [!Equals [!Ref B, '']], AssertDescription: A needs B}]";
    assert_eq!(rules(needs, &[]), Ok(()));
    assert_eq!(rules(needs, &[("A", "a"), ("B", "b")]), Ok(()));
    assert_eq!(rules(needs, &[("A", "a")]), Err("R: A needs B".to_owned()));
    let few = "Assertions: [{Assert: !Not [!Contains [['1', x], !Ref A]]}]";
    assert_eq!(rules(few, &[("A", "2")]), Ok(()));
    assert_eq!(rules(few, &[("A", "x")]), Err("R: an assertion does not hold".to_owned()));
    let both = "Assertions: [{Assert: !Equals [!Ref A, '']}, {Assert: !Equals [!Ref B, '']}]";
    assert!(rules(both, &[("B", "b")]).is_err());
    for unknown in [
        "Assertions: [{Assert: !Condition C}]",
        "Assertions: [{Assert: {'Fn::RefAll': [x]}}]",
        "Assertions: [{Assert: !Equals [!If [C, a, a], a]}]",
        "Assertions: [{Assert: !Equals [!Sub a, a]}]",
        "Assertions: [{Assert: !Equals [a]}]",
        "Assert: !Equals [a, a]",
    ] {
        assert!(rules(unknown, &[]).is_err(), "{unknown}");
    }
    let elsewhere = "Conditions:\n  C: !Contains [[a], a]\nResources:\n  T: {Type: A::B::C, Condition: C}\n";
    assert!(Template::parse(elsewhere, deployment(), &BTreeMap::new()).is_err());
}

/// A template with one resource of each kind that is read.
const ONE_OF_EACH: &str = include_str!("../examples/template.yaml");

fn resolved(text: &str) -> Result<crate::Stack, TemplateError> {
    let template = Template::parse(text, deployment(), &BTreeMap::new())?;
    let mut resources = template.named_here();
    let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/Events";
    resources.insert("Events", "Events", [("Arn", arn), ("StreamArn", "arn:stream")]);
    resources.insert("Dead", "http://queue", [("Arn", "arn:queue")]);
    template.resolve(&resources)
}

#[test]
fn what_a_template_declares_is_read_with_every_value_known() {
    let stack = resolved(ONE_OF_EACH).unwrap();
    let [table] = &stack.tables[..] else { panic!("one table") };
    assert_eq!((table.name.as_str(), table.stream_view_type.as_deref()), ("stack-Events", Some("NEW_IMAGE")));
    assert_eq!(table.key.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["Id"]);
    let [queue] = &stack.queues[..] else { panic!("one queue") };
    assert_eq!((queue.name.as_str(), queue.retention.as_secs()), ("stack-Dead", 345_600));
    let worker = stack.function("Worker").unwrap();
    assert_eq!((worker.role.as_str(), worker.memory_mib, worker.timeout.as_secs()), ("WorkerRole", 256, 60));
    assert_eq!(worker.environment["TABLE"], "Events");
    let [mapping] = &stack.stream_mappings[..] else { panic!("one mapping") };
    assert_eq!((mapping.stream_arn.as_str(), mapping.batch_size), ("arn:stream", 10));
    assert_eq!(mapping.on_failure_arn.as_deref(), Some("arn:queue"));
    let [schedule] = &stack.schedules[..] else { panic!("one schedule") };
    assert_eq!((schedule.every.as_secs(), schedule.input.as_str()), (300, "{}"));
    let [route] = &stack.api.routes[..] else { panic!("one route") };
    assert_eq!(
        (route.method.as_str(), route.path.as_str(), route.requires_auth),
        ("GET", "/events/{Id}", true)
    );
    assert_eq!(stack.outputs["Pool"].value, "us-east-1_Pool");
}

#[test]
fn the_roles_of_functions_are_known_before_anything_is_made() {
    let roles = |text: &str| Template::parse(text, deployment(), &BTreeMap::new()).unwrap().function_roles();
    assert_eq!(roles(ONE_OF_EACH).unwrap().into_iter().collect::<Vec<_>>(), ["WorkerRole"]);
    assert!(ONE_OF_EACH.contains("!GetAtt WorkerRole.Arn"));
    let of_another_stack = ONE_OF_EACH.replace("!GetAtt WorkerRole.Arn", "!GetAtt Elsewhere.Arn");
    assert!(roles(&of_another_stack).is_err());
}

#[test]
fn a_property_that_would_change_behaviour_must_be_known() {
    for (known, unknown, place) in [
        ("BatchSize: 10", "TumblingWindowInSeconds: 5", "Worker.Stream"),
        ("StreamViewType: NEW_IMAGE", "StreamViewKind: NEW_IMAGE", "Events"),
        ("Schedule: rate(5 minutes)", "Schedule: cron(0 * * * ? *)", "Worker.Sweep"),
    ] {
        assert!(ONE_OF_EACH.contains(known), "{known}");
        let error = resolved(&ONE_OF_EACH.replace(known, unknown)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{place}: ")), "{error}");
    }
}

#[test]
fn parameters_outputs_and_resources_are_told_as_cloudformation_tells_them() {
    let text = ONE_OF_EACH.replace(
        "Resources:\n",
        "Description: Events\nParameters:\n  Days: {Type: Number, Default: 4}\n  Password: {Type: String, Default: x, \
         NoEcho: true}\nResources:\n",
    );
    let text = text.replace("  Dead:\n", "  Dead:\n    DeletionPolicy: RetainExceptOnCreate\n");
    let text = text.replace("  Events:\n    Type", "  Events:\n    DeletionPolicy: Retain\n    Type");
    let text = text.replace("  Users:\n", "  Users:\n    DeletionPolicy: Delete\n");
    let text =
        text.replace("    Value: !Ref Users", "    Value: !Ref Users\n    Description: Who may sign in");
    let stack = resolved(&text).unwrap();
    assert_eq!(stack.description, "Events");
    let parameter = |value: &str, no_echo| Parameter { value: value.to_owned(), no_echo };
    let expected = [("Days", parameter("4", false)), ("Password", parameter("x", true))];
    assert_eq!(stack.parameters, expected.map(|(name, value)| (name.to_owned(), value)).into());
    assert_eq!(stack.outputs["Pool"].description.as_deref(), Some("Who may sign in"));
    let of = |logical_id: &str| {
        let found = stack.resources.iter().find(|resource| resource.logical_id == logical_id).unwrap();
        (found.kind.as_str(), found.reference.as_deref(), found.deletion_policy)
    };
    assert_eq!(stack.resources.len(), 7);
    assert_eq!(of("Events"), ("AWS::DynamoDB::Table", Some("Events"), DeletionPolicy::Retain));
    assert_eq!(of("Dead"), ("AWS::SQS::Queue", Some("http://queue"), DeletionPolicy::Retain));
    assert_eq!(of("Users"), ("AWS::Cognito::UserPool", Some("us-east-1_Pool"), DeletionPolicy::Delete));
    assert_eq!(of("WorkerRole"), ("AWS::IAM::Role", Some("WorkerRole"), DeletionPolicy::Delete));
    assert_eq!(stack.stream_mappings[0].event, "Stream");
}

#[test]
fn what_would_show_or_keep_something_otherwise_must_be_known() {
    for (known, unknown, told) in [
        (
            "  Dead:\n",
            "  Dead:\n    DeletionPolicy: Snapshot\n",
            "Dead: this DeletionPolicy is not supported here",
        ),
        (
            "  Dead:\n",
            "  Dead:\n    DeletionPolicy: {Ref: X}\n",
            "Dead: this DeletionPolicy is not supported here",
        ),
        (
            "Resources:\n",
            "Parameters:\n  P: {Type: String, Default: x, NoEcho: perhaps}\nResources:\n",
            "P: NoEcho must be true or false",
        ),
    ] {
        let error = resolved(&ONE_OF_EACH.replace(known, unknown)).unwrap_err().to_string();
        assert_eq!(error, told);
    }
}

#[test]
fn an_event_bus_has_the_name_that_the_template_gives_it() {
    let buses = |properties: &str| {
        let text =
            format!("Resources:\n  Bus:\n    Type: AWS::Events::EventBus\n    Properties: {properties}\n");
        let template = Template::parse(&text, deployment(), &BTreeMap::new()).unwrap();
        template.event_buses(&template.named_here())
    };
    let made = buses("{Name: !Sub '${AWS::StackName}-events', Description: Changes}").unwrap();
    assert_eq!(made, [EventBus { logical_id: "Bus".to_owned(), name: "stack-events".to_owned() }]);
    for unknown in ["{}", "{Name: a, Policy: {}}", "{Name: a, DeadLetterConfig: {}}"] {
        assert!(buses(unknown).is_err(), "{unknown}");
    }
}
