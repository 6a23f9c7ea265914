//! Cards from before: of another table, of another vault, and under another key.

use std::time::Duration;

use card_airlock::functions::{self, Surroundings};
use serde_json::json;
use test_support::sample_vault::{self, Plain};

use super::{OWNER, PREVIOUS_KEY, SAMPLE_KEY, make_table, n, s, steps::order, world::World};

impl World {
    /// An order of another table comes through the quarantine, and its number is taken out of that table.
    pub(super) async fn import(&mut self) {
        let operator = self.dynamodb("operator");
        make_table(&operator, "Legacy", &["Id", "Line"]).await;
        make_table(&operator, "Buyers", &["Id"]).await;
        let row = [
            ("Id", s("1")),
            ("Line", s("a")),
            ("Card", s("4111111111111111")),
            ("Until", s("12/99")),
            ("OrderNo", s("imported")),
            ("Client", s("Ann")),
            ("Where", s("Las Vegas")),
            ("Cents", n(1999)),
            ("Money", s("EUR")),
            ("Buyer", s("ann@example.com")),
        ];
        let row = row.map(|(name, value)| (name.to_owned(), value));
        operator.put_item().table_name("Legacy").set_item(Some(row.into())).send().await.unwrap();
        let buyer = operator.put_item().table_name("Buyers").item("Id", s("ann@example.com"));
        buyer.item("Owner", s(OWNER)).send().await.unwrap();
        self.put_into_the_sample().await;
        for action in ["check", "import", "import", "orphans"] {
            self.invoke("ImportFunction", json!({ "action": action })).await;
        }
        self.drive().await;
        if self.is_denied() {
            return;
        }
        self.invoke("ImportFunction", json!({ "action": "scrub" })).await;
        let lambda =
            aws_sdk_lambda::Client::new(&functions::sdk_config(&self.stack.aws_url(), "OperatorImport"));
        let event = aws_sdk_lambda::primitives::Blob::new(r#"{"action":"checkScrub"}"#);
        let invoke = lambda.invoke().function_name("card-airlock-ImportFunction").payload(event);
        drop(self.while_time_passes(invoke.send()).await);
        drop(self.dynamodb("OperatorImport").describe_table().table_name("Legacy").send().await);
    }

    /// An order of the AWS sample, whose card is in the sample's vault. The vault was restored under another name.
    async fn put_into_the_sample(&self) {
        let (operator, kms) = (self.dynamodb("operator"), self.kms("operator"));
        make_table(&operator, "SampleVault", &["Hash_Key", "Account_Id"]).await;
        let place = sample_vault::Place {
            table: "CreditCardTokenizerTable",
            token: "5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c01",
            account: "123456789012",
        };
        let sealed = sample_vault::seal(&kms, SAMPLE_KEY, place, Plain::Text("4111-1111-1111-1111")).await;
        operator.put_item().table_name("SampleVault").set_item(Some(sealed)).send().await.unwrap();
        let order = [
            ("Id", "2"),
            ("Line", "a"),
            ("OrderNo", "from-the-sample"),
            ("Client", "Ann"),
            ("Where", "Las Vegas"),
            ("CreditCardToken", place.token),
        ];
        let order = order.map(|(name, value)| (name.to_owned(), s(value)));
        operator.put_item().table_name("Legacy").set_item(Some(order.into())).send().await.unwrap();
    }

    /// An order crosses by a worker that was deployed when the previous key was the vault's.
    pub(super) async fn tokenize_as_before(&self, id: &str) {
        self.invoke("IngestFunction", order(id, "4111111111111111")).await;
        let mut worker = self.stack.declared.function("TokenizeWorkerFunction").unwrap().clone();
        worker.environment.insert("VAULT_KEY_ARN".to_owned(), PREVIOUS_KEY.to_owned());
        let around = Surroundings {
            aws_url: self.stack.aws_url(),
            clock: self.time.clock(),
            sdk_attempts: 1,
            processes: None,
            sdk_timeouts: platform::aws_client::timeouts(),
            head_log: functions::HeadLog::new(|_| {}),
        };
        let worker = functions::handler(&worker, &around).unwrap();
        let stream = &self.stack.declared.stream_mapping("TokenizeWorkerFunction").unwrap().stream_arn;
        let records = self.stack.aws().stream(stream).unwrap().records_after(None, 1000).unwrap();
        let event = json!({ "Records": records.last().into_iter().collect::<Vec<_>>() }).to_string();
        drop(worker.invoke(event.into_bytes(), self.time.now() + Duration::from_secs(60)).await);
    }
}
