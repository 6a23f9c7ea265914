//! CloudFormation tells of the stack that is up, and ends it.

use crate::wire::{FORM, Up, ask, resource, text, up, up_with};

async fn asked(up: &Up, caller: &str, body: &str) -> (u16, String) {
    let body = format!("Version=2010-05-15&{body}");
    let (status, head, answer) = ask(&up.aws, "POST /", caller, "cloudformation", FORM, &body).await;
    assert!(head.contains("content-type: text/xml"), "{head}");
    (status, text(&answer))
}

#[tokio::test]
async fn a_stack_is_described_by_its_name_its_arn_and_without_either() {
    let up = up().await;
    let (status, by_name) = asked(&up, "operator", "Action=DescribeStacks&StackName=shop").await;
    assert_eq!(status, 200);
    for part in [
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
         <Stacks><member>",
        "<StackName>shop</StackName>",
        "<StackStatus>CREATE_COMPLETE</StackStatus>",
        "<CreationTime>2023-11-14T22:13:20.000Z</CreationTime>",
        "<Description>Sells things</Description>",
        "<member><ParameterKey>Mode</ParameterKey><ParameterValue>a&lt;b</ParameterValue></member>",
        "<member><ParameterKey>Secret</ParameterKey><ParameterValue>****</ParameterValue></member>",
        "<member><Description>Where it is</Description><OutputKey>Url</OutputKey><OutputValue>http://127.0.0.1/dev/\
         </OutputValue></member>",
    ] {
        assert!(by_name.contains(part), "{part} is not in {by_name}");
    }
    let id = by_name.split("<StackId>").nth(1).unwrap().split('<').next().unwrap();
    assert!(id.starts_with("arn:aws:cloudformation:us-east-1:123456789012:stack/shop/"), "{id}");
    let by_id = format!("Action=DescribeStacks&StackName={}", id.replace(':', "%3A").replace('/', "%2F"));
    assert_eq!(asked(&up, "operator", &by_id).await, (200, by_name.clone()));
    assert_eq!(asked(&up, "operator", "Action=DescribeStacks").await, (200, by_name));
}

#[tokio::test]
async fn a_resource_is_described_alone_with_the_others_and_by_its_name_at_its_service() {
    let up = up().await;
    let table = "<LogicalResourceId>Things</LogicalResourceId><PhysicalResourceId>shop-Things</PhysicalResourceId>\
                 <ResourceStatus>CREATE_COMPLETE</ResourceStatus><ResourceType>AWS::DynamoDB::Table</ResourceType>";
    let (status, all) = asked(&up, "operator", "Action=DescribeStackResources&StackName=shop").await;
    assert_eq!((status, all.matches("<member>").count()), (200, 2));
    assert!(all.contains(table), "{all}");
    for (question, members) in [
        ("DescribeStackResources&StackName=shop&LogicalResourceId=Things", 1),
        ("DescribeStackResources&PhysicalResourceId=shop-Worker", 2),
    ] {
        let (status, found) = asked(&up, "operator", &format!("Action={question}")).await;
        assert_eq!((status, found.matches("<member>").count()), (200, members), "{found}");
        assert!(found.contains(table), "{found}");
    }
    let one = "Action=DescribeStackResource&StackName=shop&LogicalResourceId=Things";
    let (status, one) = asked(&up, "operator", one).await;
    assert_eq!(status, 200);
    assert!(one.contains("<DescribeStackResourceResult><StackResourceDetail>"), "{one}");
    assert!(one.contains("<LastUpdatedTimestamp>2023-11-14T22:13:20.000Z</LastUpdatedTimestamp>"), "{one}");
    assert!(one.contains("<PhysicalResourceId>shop-Things</PhysicalResourceId>"), "{one}");
}

#[tokio::test]
async fn resources_are_listed_a_hundred_a_page_and_described_up_to_a_hundred() {
    for (more, pages) in [(0, &[2][..]), (98, &[100]), (99, &[100, 1]), (200, &[100, 100, 2])] {
        let up = up_with(
            None,
            (0..more).map(|one| resource(&format!("More{one}"), "AWS::SNS::Topic", false)).collect(),
        )
        .await;
        let mut token = None;
        for (place, expected) in pages.iter().enumerate() {
            let next = token.map_or(String::new(), |token| format!("&NextToken={token}"));
            let question = format!("Action=ListStackResources&StackName=shop{next}");
            let (status, page) = asked(&up, "operator", &question).await;
            assert_eq!((status, page.matches("<member>").count()), (200, *expected), "{page}");
            assert_eq!(page.contains("<LogicalResourceId>Things<"), place == 0, "{page}");
            assert!(page.contains("<LastUpdatedTimestamp>2023-11-14T22:13:20.000Z<"), "{page}");
            let after = page.split("<NextToken>").nth(1);
            token = after.map(|after| after.split('<').next().unwrap().to_owned());
            assert_eq!(token.is_some(), place + 1 < pages.len(), "{page}");
        }
        let (_, all) = asked(&up, "operator", "Action=DescribeStackResources&StackName=shop").await;
        assert_eq!(all.matches("<member>").count(), (more + 2).min(100));
    }
}

#[tokio::test]
async fn a_stack_that_is_deleted_says_so_and_skips_what_is_retained() {
    let up = up().await;
    let (status, _) = asked(&up, "operator", "Action=DeleteStack&StackName=other").await;
    assert_eq!(
        (status, up.deletion.is_cancelled()),
        (200, false),
        "a stack that is not there is deleted, too"
    );
    let (status, answer) =
        asked(&up, "operator", "Action=DeleteStack&StackName=shop&ClientRequestToken=t").await;
    assert_eq!((status, up.deletion.is_cancelled()), (200, true));
    assert!(answer.starts_with("<DeleteStackResponse"), "{answer}");
    let (_, stack) = asked(&up, "operator", "Action=DescribeStacks&StackName=shop").await;
    assert!(stack.contains("<StackStatus>DELETE_IN_PROGRESS</StackStatus>"), "{stack}");
    let (_, all) = asked(&up, "operator", "Action=DescribeStackResources&StackName=shop").await;
    for (resource, state) in [("shop-Things", "DELETE_SKIPPED"), ("shop-Worker", "DELETE_IN_PROGRESS")] {
        let expected = format!("<PhysicalResourceId>{resource}</PhysicalResourceId><ResourceStatus>{state}<");
        assert!(all.contains(&expected), "{all}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_asked_for_rightly_is_a_validation_error() {
    let up = up().await;
    for (question, told) in [
        ("DescribeStacks&StackName=other", "The stack does not exist"),
        ("DescribeStackResources&StackName=other", "The stack does not exist"),
        ("DescribeStackResources&PhysicalResourceId=other", "The stack does not exist"),
        ("DescribeStackResources&StackName=shop&LogicalResourceId=Other", "The resource does not exist"),
        ("DescribeStackResources", "exclude each other"),
        ("DescribeStackResources&StackName=shop&PhysicalResourceId=shop-Things", "exclude each other"),
        ("DescribeStackResource&StackName=shop&LogicalResourceId=Other", "The resource does not exist"),
        ("DescribeStackResource&StackName=shop", "logicalResourceId must not be null"),
        ("DescribeStackResource&LogicalResourceId=Things", "stackName must not be null"),
        ("ListStackResources", "stackName must not be null"),
        ("ListStackResources&StackName=other", "The stack does not exist"),
        ("ListStackResources&StackName=shop&NextToken=2", "NextToken is not one"),
        ("ListStackResources&StackName=shop&NextToken=x", "NextToken is not one"),
        ("DeleteStack", "stackName must not be null"),
        (
            "DeleteStack&StackName=shop&RetainResources.member.1=Things",
            "the parameter RetainResources is not",
        ),
        ("DeleteStack&StackName=shop&RoleARN=r", "the parameter RoleARN is not"),
        ("DescribeStacks&NextToken=t", "the parameter NextToken is not"),
    ] {
        let (status, told_of) = asked(&up, "operator", &format!("Action={question}")).await;
        assert_eq!(status, 400, "{question}");
        assert!(told_of.contains("<Code>ValidationError</Code>") && told_of.contains(told), "{told_of}");
    }
    assert!(!up.deletion.is_cancelled());
}

#[tokio::test]
async fn a_role_may_ask_only_what_its_policy_says() {
    let up = up().await;
    let question = "Action=DescribeStacks&StackName=shop";
    let (status, told) = asked(&up, "R", question).await;
    assert_eq!(status, 403);
    assert!(told.contains("<Code>AccessDenied</Code>"), "{told}");
    for (action, resource, may) in [
        ("cloudformation:DescribeStacks", "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/*", true),
        (
            "cloudformation:DescribeStacks",
            "arn:aws:cloudformation:us-east-1:123456789012:stack/other/*",
            false,
        ),
        ("cloudformation:DeleteStack", "*", false),
    ] {
        up.allow(action, resource);
        assert_eq!(asked(&up, "R", question).await.0 == 200, may, "{action} on {resource}");
    }
    // All stacks are asked for by an asterisk alone.
    up.allow("cloudformation:DescribeStacks", "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/*");
    assert_eq!(asked(&up, "R", "Action=DescribeStacks").await.0, 403);
}
