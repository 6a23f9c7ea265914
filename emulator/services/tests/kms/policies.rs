//! GetKeyPolicy, PutKeyPolicy, ListKeyPolicies: what is shown is what is enforced.

use super::*;

fn allow(sid: &str, principal: &str, action: Value) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"})
}

fn administer() -> Value {
    allow("Administer", &root(), json!(["kms:*KeyPolicy", "kms:DescribeKey", "kms:ListKeyPolicies"]))
}

async fn put(world: &World, key: &str, statements: Value) -> Result<(), String> {
    let put = world.kms.put_key_policy().key_id(key).policy(document(statements).to_string());
    let put = put.send().await;
    if put.is_ok() { Ok(()) } else { Err(code(put)) }
}

async fn shown(world: &World, key: &str) -> Value {
    let shown = world.kms.get_key_policy().key_id(key).send().await.unwrap();
    assert_eq!(shown.policy_name.as_deref(), Some("default"));
    serde_json::from_str(&shown.policy.unwrap()).unwrap()
}

async fn encrypts(world: &World, caller: &str, key: &str) -> bool {
    let encrypt = world.kms_for(caller).encrypt().key_id(key).plaintext(Blob::new("text")).send().await;
    if encrypt.is_err() {
        assert_eq!(code(encrypt), "AccessDeniedException");
        return false;
    }
    true
}

#[tokio::test]
async fn a_key_without_a_policy_of_its_own_leaves_it_to_the_account() {
    let own = json!([{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}]);
    let world = World::start_with(own).await;
    let key = world.key().await;
    let statement = &shown(&world, &key).await["Statement"][0];
    assert_eq!((&statement["Principal"]["AWS"], &statement["Action"]), (&json!(root()), &json!("kms:*")));
    assert!(encrypts(&world, "operator", &key).await);
    assert!(encrypts(&world, "R", &key).await);
    assert_eq!(code(world.kms_for("R").describe_key().key_id(&key).send().await), "AccessDeniedException");
}

#[tokio::test]
async fn a_policy_that_is_put_is_shown_and_enforced_from_then_on() {
    let world = World::start().await;
    let key = world.key().await;
    assert!(encrypts(&world, "operator", &key).await && !encrypts(&world, "R", &key).await);
    let statements = json!([administer(), allow("Use", &role("R"), json!("kms:Encrypt"))]);
    put(&world, &key, statements.clone()).await.unwrap();
    assert_eq!(shown(&world, &key).await, document(statements));
    assert!(!encrypts(&world, "operator", &key).await && encrypts(&world, "R", &key).await);
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"});
    put(&world, &key, json!([administer(), allow("Use", &role("R"), json!("kms:Encrypt")), deny]))
        .await
        .unwrap();
    assert!(!encrypts(&world, "R", &key).await);
}

#[tokio::test]
async fn a_condition_on_the_context_is_enforced_on_each_use() {
    let world = World::start().await;
    let key = world.key().await;
    let mut use_it = allow("Use", &role("R"), json!(["kms:Encrypt", "kms:Decrypt"]));
    use_it["Condition"] = json!({"StringEquals": {"kms:EncryptionContext:purpose": "test"}});
    put(&world, &key, json!([administer(), use_it])).await.unwrap();
    let kms = world.kms_for("R");
    let encrypt = || kms.encrypt().key_id(&key).plaintext(Blob::new("text"));
    assert_eq!(code(encrypt().send().await), "AccessDeniedException");
    let sealed =
        encrypt().encryption_context("purpose", "test").send().await.unwrap().ciphertext_blob.unwrap();
    // The key is told by the ciphertext.
    let decrypt = || kms.decrypt().ciphertext_blob(sealed.clone());
    assert_eq!(code(decrypt().send().await), "AccessDeniedException");
    assert!(decrypt().encryption_context("purpose", "test").send().await.is_ok());
}

#[tokio::test]
async fn re_encrypting_needs_the_right_on_each_of_the_two_keys() {
    let world = World::start().await;
    let (from, to) = (world.key().await, world.key().await);
    let sealed = world.encrypted(&from, b"text").await;
    let kms = world.kms_for("R");
    let moved = async || {
        let moved = kms.re_encrypt().ciphertext_blob(sealed.clone()).destination_key_id(&to).send().await;
        moved.is_ok() || {
            assert_eq!(code(moved), "AccessDeniedException");
            false
        }
    };
    assert!(!moved().await);
    put(&world, &from, json!([administer(), allow("Move", &role("R"), json!("kms:ReEncryptFrom"))]))
        .await
        .unwrap();
    assert!(!moved().await);
    put(&world, &to, json!([administer(), allow("Move", &role("R"), json!("kms:ReEncryptTo"))]))
        .await
        .unwrap();
    assert!(moved().await);
    assert_eq!(code(kms.decrypt().ciphertext_blob(sealed).send().await), "AccessDeniedException");
}

#[tokio::test]
async fn a_key_can_be_made_with_its_policy() {
    let world = World::start().await;
    let statements = json!([administer(), allow("Use", &role("R"), json!("kms:Encrypt"))]);
    let made = world.kms.create_key().policy(document(statements.clone()).to_string()).send().await.unwrap();
    let key = made.key_metadata.unwrap().arn.unwrap();
    assert_eq!(shown(&world, &key).await, document(statements));
    assert!(encrypts(&world, "R", &key).await && !encrypts(&world, "operator", &key).await);
    for policy in ["not json", &document(json!([])).to_string()] {
        let refused = world.kms.create_key().policy(policy).send().await;
        assert_eq!(code(refused), "MalformedPolicyDocumentException", "{policy}");
    }
    assert_eq!(
        world.kms.list_keys().send().await.unwrap().keys.unwrap().len(),
        1,
        "a refused one leaves no key"
    );
}

#[tokio::test]
async fn a_policy_that_is_none_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let key = world.key().await;
    let before = shown(&world, &key).await;
    let good = allow("Use", &role("R"), json!("kms:Encrypt"));
    let with = |member: &str, value: Value| {
        let mut statement = good.clone();
        statement[member] = value;
        json!([administer(), statement])
    };
    for statements in [
        with("Effect", json!("Perhaps")),
        with("Principal", json!(null)),
        with("Principal", json!({"AWS": role("Nobody")})),
        with("Principal", json!({"AWS": "arn:aws:iam::210987654321:root"})),
        with("Action", json!([])),
        with("Action", json!(1)),
        with("Resource", json!("everything")),
        with("Condition", json!({"OddEquals": {"kms:EncryptionContext:a": "b"}})),
        with("More", json!("x")),
    ] {
        let refused = put(&world, &key, statements.clone()).await;
        assert_eq!(refused, Err("MalformedPolicyDocumentException".to_owned()), "{statements}");
    }
    for text in
        ["not json", "[]", "\"text\"", r#"{"Version": "2012-10-17"}"#, r#"{"Version": "1", "Statement": []}"#]
    {
        let refused = world.kms.put_key_policy().key_id(&key).policy(text);
        let refused = refused.bypass_policy_lockout_safety_check(true).send().await;
        assert_eq!(code(refused), "MalformedPolicyDocumentException", "{text}");
    }
    assert_eq!(shown(&world, &key).await, before);
    assert!(encrypts(&world, "operator", &key).await);
}

/// As the AWS sample's key policy does.
#[tokio::test]
async fn statements_of_one_sid_all_apply() {
    let world = World::start().await;
    let key = world.key().await;
    let use_it = allow("Administer", &role("R"), json!("kms:Encrypt"));
    assert_eq!(put(&world, &key, json!([administer(), use_it])).await, Ok(()));
    assert!(encrypts(&world, "R", &key).await);
}

#[tokio::test]
async fn who_puts_a_policy_must_still_be_able_to_unless_the_check_is_bypassed() {
    let world = World::start().await;
    let key = world.key().await;
    let lockout = json!([allow("Use", &role("R"), json!("kms:Encrypt"))]);
    assert_eq!(put(&world, &key, lockout.clone()).await, Err("MalformedPolicyDocumentException".to_owned()));
    let create = world.kms.create_key().policy(document(lockout.clone()).to_string());
    assert_eq!(code(create.clone().send().await), "MalformedPolicyDocumentException");
    let locked = create.bypass_policy_lockout_safety_check(true).send().await.unwrap();
    let put = world.kms.put_key_policy().key_id(&key).policy(document(lockout).to_string());
    put.bypass_policy_lockout_safety_check(true).send().await.unwrap();
    for key in [key, locked.key_metadata.unwrap().arn.unwrap()] {
        assert_eq!(code(world.kms.get_key_policy().key_id(&key).send().await), "AccessDeniedException");
        assert!(encrypts(&world, "R", &key).await);
    }
}

#[tokio::test]
async fn a_policy_has_at_most_32_kb_and_one_name() {
    let world = World::start().await;
    let key = world.key().await;
    let text = document(json!([administer()])).to_string();
    let padded = |bytes: usize| text.clone() + &" ".repeat(bytes - text.len());
    let put = |policy: String| world.kms.put_key_policy().key_id(&key).policy(policy);
    put(padded(32 * 1024)).send().await.unwrap();
    assert_eq!(code(put(padded(32 * 1024 + 1)).send().await), "LimitExceededException");
    assert_eq!(code(put(String::new()).send().await), "ValidationException");
    assert_eq!(code(put(text.clone()).policy_name("other").send().await), "NotFoundException");
    let get = world.kms.get_key_policy().key_id(&key).policy_name("other").send().await;
    assert_eq!(code(get), "NotFoundException");
    let names = world.kms.list_key_policies().key_id(&key).send().await.unwrap();
    assert_eq!(names.policy_names, Some(vec!["default".to_owned()]));
}

/// The policies of a template: put in force all at once, and shown, too.
#[tokio::test]
async fn policies_that_are_put_in_force_otherwise_are_shown() {
    let world = World::start().await;
    let key = world.key().await;
    let statements = json!([administer(), allow("Use", &role("R"), json!("kms:Encrypt"))]);
    let mut policies = Policies::new(ACCOUNT);
    policies.add_role("R", &role("R"));
    policies.attach_to_key(&key, "K", &document(statements.clone())).unwrap();
    world.aws.enforce(policies);
    assert_eq!(shown(&world, &key).await, document(statements));
    assert!(encrypts(&world, "R", &key).await && !encrypts(&world, "operator", &key).await);
}
