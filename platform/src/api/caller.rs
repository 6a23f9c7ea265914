//! Who calls: the claims that API Gateway's Cognito authorizer has verified.

use std::collections::HashSet;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::Value;

use super::{denied::Denied, problems::Problem};
use order::Owner;

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user: `sub`.
    pub owner: Owner,
    groups: HashSet<String>,
}

impl Caller {
    /// Reads the verified claims of an ID token for this client.
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html>
    ///
    /// # Errors
    /// [`Problem::UNAUTHORIZED`] when there are none, or they are of another kind of token or another client:
    /// a route that was deployed without its authorizer refuses everybody.
    pub fn of(request: &ApiGatewayProxyRequest, client_id: &str) -> Result<Self, Problem> {
        let claims = request.request_context.authorizer.fields.get("claims");
        let claims = claims.ok_or_else(|| Denied::NoClaims.deny())?;
        let text = |name| claims.get(name).and_then(Value::as_str);
        if text("token_use") != Some("id") {
            return Err(Denied::NotAnIdToken.deny());
        }
        if text("aud") != Some(client_id) {
            return Err(Denied::OtherClient.deny());
        }
        let owner = text("sub").and_then(|sub| sub.parse().ok());
        let owner = owner.ok_or_else(|| Denied::NoClaims.deny())?;
        // API Gateway joins a list claim with commas.
        let groups = text("cognito:groups").unwrap_or_default().split(',').map(str::trim);
        Ok(Self { owner, groups: groups.filter(|group| !group.is_empty()).map(str::to_owned).collect() })
    }

    /// Whether the user is a member of a group, by its exact name.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.contains(group)
    }

    /// Whether the user may see and pay an order of that owner, and replace or forget its card: every user their own
    /// orders, and a member of the billing group all orders, also one whose owner cannot be read.
    #[must_use]
    pub fn may_act_for(&self, owner: Option<&Owner>, billing_group: &str) -> bool {
        owner == Some(&self.owner) || self.is_in(billing_group)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(claims: &Value) -> Result<Caller, Problem> {
        let request = serde_json::from_value(json!({
            "httpMethod": "GET",
            "requestContext": { "httpMethod": "GET", "authorizer": { "claims": claims } },
        }))
        .unwrap();
        Caller::of(&request, "client")
    }

    #[test]
    fn the_claims_of_an_id_token_of_this_client_name_the_caller() {
        let claims = json!({"sub": "u1", "token_use": "id", "aud": "client", "cognito:groups": "billing, x"});
        let caller = caller(&claims).unwrap();
        assert_eq!(caller.owner.as_str(), "u1");
        assert!(caller.is_in("billing") && caller.is_in("x"));
        assert!(caller.may_act_for("u1".parse().ok().as_ref(), "other"));
        assert!(caller.may_act_for("u2".parse().ok().as_ref(), "billing"));
        assert!(caller.may_act_for(None, "billing"));
        assert!(!caller.may_act_for("u2".parse().ok().as_ref(), "other"));
        assert!(!caller.may_act_for(None, "other"));
        assert!(!caller.is_in("bill") && !caller.is_in("") && !caller.is_in("billing, x"));
    }

    #[test]
    fn other_claims_and_none_are_unauthorized() {
        for claims in [
            json!(null),
            json!({}),
            json!({"sub": "u1"}),
            json!({"sub": "u1", "token_use": "access", "aud": "client"}),
            json!({"sub": "u1", "token_use": "id", "aud": "other"}),
            json!({"sub": "u1", "token_use": "id"}),
            json!({"sub": "", "token_use": "id", "aud": "client"}),
            json!({"token_use": "id", "aud": "client"}),
        ] {
            assert_eq!(caller(&claims), Err(Problem::UNAUTHORIZED), "{claims}");
        }
        let bare = json!({"httpMethod": "GET", "requestContext": {"httpMethod": "GET"}});
        let bare = serde_json::from_value(bare).unwrap();
        assert_eq!(Caller::of(&bare, "client"), Err(Problem::UNAUTHORIZED));
    }
}
