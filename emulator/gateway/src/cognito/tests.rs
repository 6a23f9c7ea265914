//! A pool as its callers see it.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use clock::TestClock;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::issuer::pool;

const ANN: &str = "ann@example.com";
const PASSWORD: &str = "Abcdefghij1-";

// Making an RSA key is the slow part: the tests share one.
static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(|| Arc::new(Issuer::ephemeral(pool()).unwrap()));

fn client() -> Value {
    json!({
        "UserPoolId": "us-east-1_Pool",
        "GenerateSecret": false,
        "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "EnableTokenRevocation": true,
        "IdTokenValidity": 60,
        "AccessTokenValidity": 30,
        "RefreshTokenValidity": 1,
        "TokenValidityUnits": { "IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days" },
    })
}

fn user_pool(self_sign_up: bool) -> Value {
    json!({
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": !self_sign_up },
        "MfaConfiguration": "OPTIONAL",
        "Policies": { "PasswordPolicy": { "MinimumLength": 12, "RequireSymbols": true } },
    })
}

struct World {
    cognito: Cognito,
    time: TestClock,
}

impl World {
    fn new() -> Self {
        Self::with(&user_pool(true), &client())
    }

    fn with(pool: &Value, client: &Value) -> Self {
        let settings = CognitoSettings::from_properties(pool, client, vec!["billing".to_owned()]).unwrap();
        let time = TestClock::stopped_at(SystemTime::now());
        Self { cognito: Cognito::new(settings, ISSUER.clone(), time.clock()), time }
    }

    fn ask(&self, operation: &str, mut parameters: Value) -> Outcome {
        let (name, id) = if Cognito::is_open(operation) {
            ("ClientId", "client")
        } else {
            ("UserPoolId", "us-east-1_Pool")
        };
        parameters[name] = json!(id);
        let known = Cognito::members(operation);
        assert!(parameters.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())));
        self.cognito.perform(operation, &parameters)
    }

    fn pass(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds));
    }

    fn sign_up(&self, user: &str, password: &str) -> Outcome {
        self.ask("SignUp", json!({ "Username": user, "Password": password }))
    }

    fn confirm(&self, user: &str, code: &str) -> Outcome {
        self.ask("ConfirmSignUp", json!({ "Username": user, "ConfirmationCode": code }))
    }

    fn sign_in(&self, user: &str, password: &str) -> Outcome {
        let parameters = json!({ "USERNAME": user, "PASSWORD": password });
        self.ask("InitiateAuth", json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters }))
    }

    fn refresh(&self, token: &str) -> Outcome {
        let parameters = json!({ "REFRESH_TOKEN": token });
        self.ask("InitiateAuth", json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters }))
    }

    /// A user who has a temporary password.
    fn create(&self, user: &str) -> Outcome {
        let parameters =
            json!({ "Username": user, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD });
        self.ask("AdminCreateUser", parameters)
    }

    fn respond(&self, session: &Value, password: &str) -> Outcome {
        let responses = json!({ "USERNAME": ANN, "NEW_PASSWORD": password });
        self.ask(
            "RespondToAuthChallenge",
            json!({
                "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": responses,
            }),
        )
    }

    fn set_password(&self, user: &str, is_permanent: bool) -> Outcome {
        let parameters = json!({ "Username": user, "Password": PASSWORD, "Permanent": is_permanent });
        self.ask("AdminSetUserPassword", parameters)
    }

    /// The code that the state holds.
    fn code(&self) -> String {
        self.cognito.state.lock().users[0].code.clone().unwrap().0
    }
}

/// The code, for the tests that need no log.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

fn claim(answer: &Value, name: &str) -> Option<String> {
    let token = answer["AuthenticationResult"]["IdToken"].as_str().unwrap();
    ISSUER.verify(token).unwrap().get(name).map(str::to_owned)
}

#[test]
fn who_signs_up_confirms_and_signs_in_is_let_in_by_the_authorizer() {
    let world = World::new();
    let signed_up = world.sign_up(ANN, PASSWORD).unwrap();
    let sub = signed_up["UserSub"].as_str().unwrap().to_owned();
    let delivery = json!({ "AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@e***" });
    assert_eq!((&signed_up["UserConfirmed"], &signed_up["CodeDeliveryDetails"]), (&json!(false), &delivery));
    assert_eq!(world.sign_in(ANN, PASSWORD), Err(CognitoError::NotConfirmed));
    assert_eq!(world.confirm(ANN, &world.code()), Ok(json!({})));
    let answer = world.sign_in(ANN, PASSWORD).unwrap();
    let result = &answer["AuthenticationResult"];
    assert_eq!((&result["TokenType"], &result["ExpiresIn"]), (&json!("Bearer"), &json!(30 * 60)));
    assert_eq!(answer["ChallengeParameters"], json!({}));
    assert_eq!(claim(&answer, "sub"), Some(sub.clone()));
    assert_eq!(claim(&answer, "cognito:username"), Some(sub.clone()));
    assert_eq!(claim(&answer, "email").as_deref(), Some(ANN));
    assert_eq!(claim(&answer, "email_verified").as_deref(), Some("true"));
    assert_eq!(claim(&answer, "cognito:groups"), None);
    // By the user's name, too, which is its sub.
    assert_eq!(claim(&world.sign_in(&sub, PASSWORD).unwrap(), "sub"), Some(sub));
    // The authorizer takes no access token.
    assert!(ISSUER.verify(result["AccessToken"].as_str().unwrap()).is_err());
}

#[test]
fn an_id_token_is_good_for_as_long_as_the_client_says() {
    let mut client = client();
    client["IdTokenValidity"] = json!(5);
    let world = World::with(&user_pool(true), &client);
    world.create(ANN).unwrap();
    world.set_password(ANN, true).unwrap();
    let token = world.sign_in(ANN, PASSWORD).unwrap()["AuthenticationResult"]["IdToken"].clone();
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let payload = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 5 * 60);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn the_log_shows_the_code_as_a_warning_and_neither_the_password_nor_the_e_mail() {
    let (world, log) = (World::new(), Log::default());
    let lines = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
    let warnings = lines.with_max_level(tracing::Level::WARN).finish();
    tracing::subscriber::with_default(warnings, || world.sign_up(ANN, PASSWORD).unwrap());
    let everything = Log::default();
    let lines = tracing_subscriber::fmt().with_writer(everything.clone()).with_ansi(false);
    tracing::subscriber::with_default(lines.with_max_level(tracing::Level::TRACE).finish(), || {
        world.confirm(ANN, &world.code()).unwrap();
        world.sign_in(ANN, PASSWORD).unwrap();
        world.set_password(ANN, true).unwrap();
    });
    let shown = |log: &Log| String::from_utf8(log.0.lock().clone()).unwrap();
    let code = shown(&log).split("code=\"").nth(1).unwrap()[..6].to_owned();
    assert!(code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    for secret in [PASSWORD, ANN, "eyJ"] {
        assert!(!shown(&log).contains(secret) && !shown(&everything).contains(secret), "{secret}");
    }
}

#[test]
fn a_sign_up_is_refused_by_what_is_wrong_with_it() {
    let world = World::new();
    world.sign_up(ANN, PASSWORD).unwrap();
    assert_eq!(world.sign_up(ANN, PASSWORD), Err(CognitoError::Exists));
    assert_eq!(world.sign_up("ann", PASSWORD), Err(CognitoError::NotAnEmail));
    assert_eq!(
        world.sign_up("b@example.com", "Short-1"),
        Err(CognitoError::Password("Password not long enough"))
    );
    let with = |name: &str, value: &str| {
        let attributes = json!([{ "Name": name, "Value": value }]);
        world.ask(
            "SignUp",
            json!({ "Username": "b@example.com", "Password": PASSWORD, "UserAttributes": attributes }),
        )
    };
    assert_eq!(with("email", "other@example.com"), Err(CognitoError::Invalid("UserAttributes")));
    for name in ["sub", "email_verified", "custom:role"] {
        assert_eq!(with(name, "true"), Err(CognitoError::AttributeNotWritable), "{name}");
    }
    assert!(with("name", "Ann").is_ok());
    let closed = World::with(&user_pool(false), &client());
    assert_eq!(closed.sign_up(ANN, PASSWORD), Err(CognitoError::NoSelfSignUp));
}

#[test]
fn a_code_confirms_once_and_for_a_day() {
    let world = World::new();
    assert_eq!(world.confirm(ANN, "000000"), Err(CognitoError::ExpiredCode), "nobody is told who is there");
    world.sign_up(ANN, PASSWORD).unwrap();
    assert_eq!(world.confirm(ANN, other_than(&world.code())), Err(CognitoError::CodeMismatch));
    world.pass(24 * 60 * 60 - 1);
    assert_eq!(world.confirm(ANN, other_than(&world.code())), Err(CognitoError::CodeMismatch));
    world.pass(1);
    assert_eq!(world.confirm(ANN, &world.code()), Err(CognitoError::ExpiredCode));
    let world = World::new();
    world.sign_up(ANN, PASSWORD).unwrap();
    let code = world.code();
    world.confirm(ANN, &code).unwrap();
    assert_eq!(world.confirm(ANN, &code), Err(CognitoError::NotToBeConfirmed));
}

#[test]
fn who_is_not_there_is_not_told_apart_from_a_wrong_password() {
    let world = World::new();
    world.create(ANN).unwrap();
    assert_eq!(world.sign_in(ANN, "Wrong-password1"), Err(CognitoError::IncorrectPassword));
    assert_eq!(world.sign_in("bob@example.com", PASSWORD), Err(CognitoError::IncorrectPassword));
}

#[test]
fn a_refresh_token_gives_new_tokens_with_the_groups_of_the_day_until_it_runs_out() {
    let world = World::new();
    world.create(ANN).unwrap();
    world.set_password(ANN, true).unwrap();
    let token = world.sign_in(ANN, PASSWORD).unwrap()["AuthenticationResult"]["RefreshToken"].clone();
    let token = token.as_str().unwrap();
    world.ask("AdminAddUserToGroup", json!({ "Username": ANN, "GroupName": "billing" })).unwrap();
    let answer = world.refresh(token).unwrap();
    assert_eq!(claim(&answer, "cognito:groups").as_deref(), Some("billing"));
    assert!(answer["AuthenticationResult"].get("RefreshToken").is_none());
    world.pass(24 * 60 * 60 - 1);
    assert!(world.refresh(token).is_ok());
    world.pass(1);
    assert_eq!(world.refresh(token), Err(CognitoError::RefreshToken));
    assert_eq!(world.refresh("other"), Err(CognitoError::RefreshToken));
}

#[test]
fn a_temporary_password_must_be_changed_and_then_lets_in() {
    let world = World::new();
    let created = world.create(ANN).unwrap();
    assert_eq!(created["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let challenge = world.sign_in(ANN, PASSWORD).unwrap();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(challenge["ChallengeParameters"]["USER_ID_FOR_SRP"], created["User"]["Username"]);
    assert!(challenge.get("AuthenticationResult").is_none());
    let session = &challenge["Session"];
    assert_eq!(world.respond(session, "short"), Err(CognitoError::Password("Password not long enough")));
    assert_eq!(world.respond(&json!("other"), "Another-long-one1"), Err(CognitoError::Session));
    let answer = world.respond(session, "Another-long-one1").unwrap();
    assert_eq!(claim(&answer, "email").as_deref(), Some(ANN));
    assert_eq!(world.respond(session, "Another-long-one2"), Err(CognitoError::Session), "once");
    assert_eq!(world.sign_in(ANN, PASSWORD), Err(CognitoError::IncorrectPassword));
    let answer = world.sign_in(ANN, "Another-long-one1").unwrap();
    assert!(world.refresh(answer["AuthenticationResult"]["RefreshToken"].as_str().unwrap()).is_ok());
}

#[test]
fn a_session_is_good_for_three_minutes_and_its_own_user() {
    let world = World::new();
    world.create(ANN).unwrap();
    world.create("bob@example.com").unwrap();
    let of_bob = world.sign_in("bob@example.com", PASSWORD).unwrap()["Session"].clone();
    assert_eq!(world.respond(&of_bob, "Another-long-one1"), Err(CognitoError::Session));
    let session = world.sign_in(ANN, PASSWORD).unwrap()["Session"].clone();
    world.pass(180);
    assert_eq!(world.respond(&session, "Another-long-one1"), Err(CognitoError::Session));
    let session = world.sign_in(ANN, PASSWORD).unwrap()["Session"].clone();
    world.pass(179);
    assert!(world.respond(&session, "Another-long-one1").is_ok());
}

#[test]
fn a_temporary_password_is_good_for_a_week() {
    let world = World::new();
    world.create(ANN).unwrap();
    world.pass(7 * 24 * 60 * 60 - 1);
    assert!(world.sign_in(ANN, PASSWORD).is_ok());
    world.pass(1);
    assert_eq!(world.sign_in(ANN, PASSWORD), Err(CognitoError::TemporaryPasswordExpired));
    world.set_password(ANN, false).unwrap();
    assert_eq!(world.sign_in(ANN, PASSWORD).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[test]
fn an_administrator_is_refused_by_what_is_wrong() {
    let world = World::new();
    world.create(ANN).unwrap();
    assert_eq!(world.create(ANN), Err(CognitoError::Exists));
    assert_eq!(world.create("ann"), Err(CognitoError::NotAnEmail));
    assert_eq!(world.set_password("bob@example.com", true), Err(CognitoError::NoUser));
    let create = |parameters: Value| world.ask("AdminCreateUser", parameters);
    let mail = "an invitation by e-mail (give MessageAction SUPPRESS)";
    for action in [Value::Null, json!("RESEND")] {
        let asked = json!({ "Username": "bob@example.com", "MessageAction": action });
        assert_eq!(create(asked), Err(CognitoError::Unsupported(mail)));
    }
    let odd = json!({ "Username": "bob@example.com", "MessageAction": "ODD" });
    assert_eq!(create(odd), Err(CognitoError::Invalid("MessageAction")));
    let weak =
        json!({ "Username": "bob@example.com", "MessageAction": "SUPPRESS", "TemporaryPassword": "x" });
    assert_eq!(create(weak), Err(CognitoError::Password("Password not long enough")));
    let password = json!({ "Username": ANN, "Password": "x" });
    assert_eq!(
        world.ask("AdminSetUserPassword", password),
        Err(CognitoError::Password("Password not long enough"))
    );
    let add = |user: &str, group: &str| {
        world.ask("AdminAddUserToGroup", json!({ "Username": user, "GroupName": group }))
    };
    assert_eq!(add(ANN, "other"), Err(CognitoError::NoGroup));
    assert_eq!(add("bob@example.com", "billing"), Err(CognitoError::NoUser));
    let verified = json!([{ "Name": "email_verified", "Value": "true" }]);
    let bob =
        json!({ "Username": "bob@example.com", "MessageAction": "SUPPRESS", "UserAttributes": verified });
    let bob = create(bob).unwrap();
    let attributes = bob["User"]["Attributes"].as_array().unwrap();
    assert!(attributes.contains(&json!({ "Name": "email_verified", "Value": "true" })), "{bob}");
}

#[test]
fn a_permanent_password_confirms_who_only_signed_up() {
    let world = World::new();
    world.sign_up(ANN, "Another-long-one1").unwrap();
    world.set_password(ANN, true).unwrap();
    assert!(world.sign_in(ANN, PASSWORD).unwrap().get("AuthenticationResult").is_some());
}

#[test]
fn users_are_listed_by_page_filter_and_attribute() {
    let world = World::new();
    let mails = ["ann@example.com", "anne@example.com", "bob@example.com"];
    mails.iter().for_each(|mail| drop(world.create(mail).unwrap()));
    world.set_password("bob@example.com", true).unwrap();
    let listed = |parameters: Value| -> Vec<String> {
        let answer = world.ask("ListUsers", parameters).unwrap();
        let mail = |user: &Value| {
            let attributes = user["Attributes"].as_array().unwrap();
            let found = attributes.iter().find(|attribute| attribute["Name"] == "email").unwrap();
            found["Value"].as_str().unwrap().to_owned()
        };
        answer["Users"].as_array().unwrap().iter().map(mail).collect()
    };
    assert_eq!(listed(json!({})), mails);
    assert_eq!(listed(json!({ "Filter": "email ^= \"ann\"" })), mails[..2]);
    assert_eq!(listed(json!({ "Filter": "email=\"ann@example.com\"" })), mails[..1]);
    assert_eq!(listed(json!({ "Filter": "cognito:user_status = \"CONFIRMED\"" })), mails[2..]);
    assert!(listed(json!({ "Filter": "status = \"Disabled\"" })).is_empty());
    let sub = world.ask("ListUsers", json!({})).unwrap()["Users"][1]["Username"].clone();
    assert_eq!(listed(json!({ "Filter": format!("sub = {sub}") })), mails[1..2]);
    let page = world.ask("ListUsers", json!({ "Limit": 2, "AttributesToGet": ["email"] })).unwrap();
    assert_eq!(page["Users"][0]["Attributes"], json!([{ "Name": "email", "Value": mails[0] }]));
    assert_eq!(listed(json!({ "Limit": 2, "PaginationToken": page["PaginationToken"] })), mails[2..]);
    assert!(world.ask("ListUsers", json!({ "Limit": 3 })).unwrap().get("PaginationToken").is_none());
    for (name, wrong) in [
        ("Filter", json!("email")),
        ("Filter", json!("email = ann")),
        ("Filter", json!("password = \"x\"")),
        ("Filter", json!("email = \"a\" or \"b\"")),
        ("Limit", json!(61)),
        ("PaginationToken", json!("x")),
    ] {
        assert_eq!(
            world.ask("ListUsers", json!({ name: wrong })),
            Err(CognitoError::Invalid(name)),
            "{name}"
        );
    }
}

#[test]
fn another_pool_client_flow_or_challenge_is_refused() {
    let world = World::new();
    let perform =
        |operation: &str, parameters: Value| world.cognito.perform(operation, &parameters).unwrap_err();
    assert_eq!(perform("SignUp", json!({ "ClientId": "other" })), CognitoError::NoClient);
    assert_eq!(perform("SignUp", json!({})), CognitoError::Missing("ClientId"));
    assert_eq!(perform("ListUsers", json!({ "UserPoolId": "us-east-1_Other" })), CognitoError::NoPool);
    assert_eq!(perform("ForgotPassword", json!({})), CognitoError::Unsupported("the operation"));
    for flow in ["USER_SRP_AUTH", "CUSTOM_AUTH", "odd"] {
        assert_eq!(world.ask("InitiateAuth", json!({ "AuthFlow": flow })), Err(CognitoError::FlowNotEnabled));
    }
    let mut no_flows = client();
    no_flows["ExplicitAuthFlows"] = json!(["ALLOW_REFRESH_TOKEN_AUTH"]);
    let no_password = World::with(&user_pool(true), &no_flows);
    assert_eq!(no_password.sign_in(ANN, PASSWORD), Err(CognitoError::FlowNotEnabled));
    no_flows["ExplicitAuthFlows"] = json!(["ALLOW_USER_PASSWORD_AUTH"]);
    assert_eq!(World::with(&user_pool(true), &no_flows).refresh("x"), Err(CognitoError::FlowNotEnabled));
    let missing = world.ask("InitiateAuth", json!({ "AuthFlow": "USER_PASSWORD_AUTH" }));
    assert_eq!(missing, Err(CognitoError::Missing("USERNAME")));
    let other = json!({ "ChallengeName": "SMS_MFA", "Session": "s" });
    assert_eq!(world.ask("RespondToAuthChallenge", other), Err(CognitoError::Unsupported("this challenge")));
}

#[test]
fn a_pool_that_would_behave_otherwise_is_not_played() {
    let refused =
        |pool: Value, client: Value| CognitoSettings::from_properties(&pool, &client, vec![]).unwrap_err();
    let with = |mut declared: Value, name: &str, value: Value| {
        declared[name] = value;
        declared
    };
    for (name, value) in [
        ("UsernameAttributes", json!(["phone_number"])),
        ("AutoVerifiedAttributes", json!([])),
        ("MfaConfiguration", json!("ON")),
    ] {
        let told = refused(with(user_pool(true), name, value), client());
        assert!(matches!(told, CognitoSettingsError::Unsupported(_)), "{name}: {told}");
    }
    for (name, value) in [("GenerateSecret", json!(true)), ("PreventUserExistenceErrors", json!("LEGACY"))] {
        let told = refused(user_pool(true), with(client(), name, value));
        assert!(matches!(told, CognitoSettingsError::Unsupported(_)), "{name}: {told}");
    }
    for (pool, client) in [
        (with(user_pool(true), "LambdaConfig", json!({})), client()),
        (user_pool(true), with(client(), "AnalyticsConfiguration", json!({}))),
        (with(user_pool(true), "Policies", json!({ "PasswordPolicy": { "Odd": 1 } })), client()),
    ] {
        assert!(matches!(refused(pool, client), CognitoSettingsError::Malformed(_)));
    }
}

#[test]
fn the_users_can_be_written_down_and_taken_up_by_another_pool() {
    let before = World::new();
    before.sign_up(ANN, PASSWORD).unwrap();
    before.confirm(ANN, &before.code()).unwrap();
    let refresh = before.sign_in(ANN, PASSWORD).unwrap()["AuthenticationResult"]["RefreshToken"].clone();
    let parameters = json!({ "Username": ANN, "GroupName": "billing" });
    before.ask("AdminAddUserToGroup", parameters).unwrap();
    let written = serde_json::to_string(&before.cognito.state()).unwrap();
    for secret in [PASSWORD, refresh.as_str().unwrap()] {
        assert!(!written.contains(secret), "{written}");
    }

    let after = World::new();
    assert_eq!(after.sign_in(ANN, PASSWORD), Err(CognitoError::IncorrectPassword));
    after.cognito.take_up(serde_json::from_str(&written).unwrap());
    let answer = after.sign_in(ANN, PASSWORD).unwrap();
    assert_eq!(claim(&answer, "cognito:groups").as_deref(), Some("billing"));
    assert!(after.refresh(refresh.as_str().unwrap()).is_ok());
    assert_eq!(after.sign_in(ANN, "Abcdefghij1+"), Err(CognitoError::IncorrectPassword));
}
