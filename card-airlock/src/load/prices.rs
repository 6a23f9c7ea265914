//! AWS's list prices, in one place, and what an order costs by them.

/// Where and when the prices held: on-demand, before free tiers and discounts. They were taken from copies of AWS's
/// pages, which name the same figures through June 2026; compare them with the sources before relying on them.
pub(super) const AS_OF: &str = "us-east-1, 2026-06";

/// One price.
#[derive(Debug)]
pub(super) struct Price {
    /// What is counted.
    pub(super) what: &'static str,
    /// Dollars for a million of it.
    pub(super) usd_per_million: f64,
    /// AWS's own page.
    pub(super) source: &'static str,
}

const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";
const DYNAMODB: &str = "https://aws.amazon.com/dynamodb/pricing/on-demand/";

pub(super) const API_REQUEST: Price = Price {
    what: "API Gateway requests (REST)",
    usd_per_million: 3.50,
    source: "https://aws.amazon.com/api-gateway/pricing/",
};
pub(super) const INVOCATION: Price =
    Price { what: "Lambda invocations", usd_per_million: 0.20, source: LAMBDA };
/// arm64, the template's default; x86_64 costs 16.6667.
pub(super) const GB_SECOND: Price =
    Price { what: "Lambda GB-seconds (arm64)", usd_per_million: 13.3334, source: LAMBDA };
pub(super) const WRITE_UNIT: Price =
    Price { what: "DynamoDB write request units", usd_per_million: 0.625, source: DYNAMODB };
pub(super) const READ_UNIT: Price =
    Price { what: "DynamoDB read request units", usd_per_million: 0.125, source: DYNAMODB };
pub(super) const KMS_REQUEST: Price = Price {
    what: "KMS requests (symmetric)",
    usd_per_million: 3.00,
    source: "https://aws.amazon.com/kms/pricing/",
};
/// Of 64 KiB each.
pub(super) const EVENT: Price = Price {
    what: "EventBridge events",
    usd_per_million: 1.00,
    source: "https://aws.amazon.com/eventbridge/pricing/",
};

/// So many of something for one order.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Item {
    what: &'static str,
    pub(super) per_order: f64,
    pub(super) usd_per_million_orders: f64,
    source: &'static str,
}

impl Item {
    pub(super) fn new(price: &Price, per_order: f64) -> Self {
        let Price { what, usd_per_million, source } = *price;
        Self { what, per_order, usd_per_million_orders: per_order * usd_per_million, source }
    }

    pub(super) fn what(&self) -> &'static str {
        self.what
    }
}
