//! Every way, right and wrong, in which a card may arrive.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Cards, wrong_check_digit};

/// One request that holds a card.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// How the card is sent.
    pub(crate) what: &'static str,
    /// The status that it must be answered with.
    pub(crate) status: u16,
    /// What must not be found afterwards.
    pub(crate) card: String,
    /// The order's id, of an attempt that is right.
    pub(crate) order: String,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Attempt {
    /// Sends it; gives the status, and the answer's every byte.
    pub(crate) async fn send(&self, http: &reqwest::Client, api: &str, token: &str) -> (u16, String) {
        let url = format!("{api}{}", self.path);
        let mut request = http.request(self.method.parse().unwrap(), url).body(self.body.clone());
        let named = |name: &str| self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        if !named("authorization") {
            request = request.header("Authorization", token);
        }
        if !named("content-type") {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let head = format!("{:?} {} {:?}", response.version(), response.status(), response.headers());
        (status, head + "\n" + &String::from_utf8_lossy(&response.bytes().await.unwrap()))
    }
}

/// One attempt of each kind, each with its own card. `round` keeps the order ids of two rounds apart.
pub(crate) fn attempts(cards: &mut Cards, round: &str) -> Vec<Attempt> {
    let mut list = List { cards, round, attempts: Vec::new() };
    right_orders(&mut list);
    wrong_fields(&mut list);
    wrong_bodies(&mut list);
    around_the_body(&mut list);
    on_paybill(&mut list);
    list.attempts
}

fn right_orders(list: &mut List<'_>) {
    list.order("plain digits", 202, |order, card| order["CreditCard"] = card.into());
    list.order("with dashes", 202, |order, card| order["CreditCard"] = separated(card, "-").into());
    list.order("with spaces and an expiry", 202, |order, card| {
        order["CreditCard"] = separated(card, " ").into();
        order["CardExpiry"] = "12/30".into();
    });
    list.order("with white space around", 202, |order, card| {
        order["CreditCard"] = format!("\t {card}\u{a0}\n").into();
    });
    for (what, separator) in [
        ("with no-break spaces", "\u{a0}"),
        ("with narrow spaces", "\u{202f}"),
        ("with figure spaces", "\u{2007}"),
        ("with en dashes", "\u{2013}"),
        ("with minus signs", "\u{2212}"),
    ] {
        list.order(what, 202, |order, card| order["CreditCard"] = separated(card, separator).into());
        list.body(what, 202, |order, card| {
            let escaped = format!("\\u{:04x}", u32::from(separator.chars().next().unwrap()));
            order.to_string().replace(card, &separated(card, &escaped)).into_bytes()
        });
    }
    list.body("with JSON escapes", 202, |order, card| {
        let escaped: String = card.chars().map(|digit| format!("\\u{:04x}", u32::from(digit))).collect();
        order.to_string().replace(card, &escaped).into_bytes()
    });
}

fn wrong_fields(list: &mut List<'_>) {
    list.order("as a number", 400, |order, card| {
        order["CreditCard"] = json!(card.parse::<u64>().unwrap());
    });
    list.order("in a list", 400, |order, card| order["CreditCard"] = json!([card]));
    list.order("in an object", 400, |order, card| order["CreditCard"] = json!({ "number": card }));
    list.order("in base64", 422, |order, card| order["CreditCard"] = STANDARD.encode(card).into());
    list.order("with letters around", 422, |order, card| {
        order["CreditCard"] = format!("No. {card}.").into();
    });
    list.order("twice in one field", 422, |order, card| {
        order["CreditCard"] = format!("{card} {card}").into();
    });
    list.order("in CustomerName", 422, |order, card| {
        order["CustomerName"] = format!("A. Payer {card}").into();
    });
    list.order("in CustomerName, with dashes", 422, |order, card| {
        order["CustomerName"] = separated(card, "-").into();
    });
    list.order("in CustomerName, in full-width digits", 422, |order, card| {
        let wide = |c: char| char::from_u32(u32::from(c) - 0x30 + 0xff10).unwrap();
        order["CustomerName"] = card.chars().map(wide).collect::<String>().into();
    });
    list.order("in Address", 422, |order, card| {
        order["Address"] = format!("c/o {} Las Vegas", separated(card, " ")).into();
    });
    list.order("in Address, as a number", 400, |order, card| {
        order["Address"] = json!(card.parse::<u64>().unwrap());
    });
    list.order("in CustomerOrder", 422, |order, card| order["CustomerOrder"] = card.into());
    list.order("in CustomerOrder, with dashes", 422, |order, card| {
        order["CustomerOrder"] = separated(card, "-").into();
    });
    list.order("in CardExpiry", 422, |order, card| order["CardExpiry"] = card.into());
    list.order("in CardExpiry, as a number", 400, |order, card| {
        order["CardExpiry"] = json!(card.parse::<u64>().unwrap());
    });
    list.order("in an unknown field", 400, |order, card| order["Note"] = card.into());
    list.order("as a field's name", 400, |order, card| order[card] = "x".into());
    list.order("in a forbidden field", 400, |order, card| order["cvv"] = card.into());
    list.with("with a wrong check digit", 422, |order, attempt| {
        attempt.card = wrong_check_digit(&attempt.card);
        order["CreditCard"] = attempt.card.clone().into();
        attempt.body = order.to_string().into_bytes();
    });
}

fn wrong_bodies(list: &mut List<'_>) {
    let cut = |order: &Value| {
        let whole = order.to_string();
        whole[..whole.len() - 1].to_owned().into_bytes()
    };
    list.body("in JSON that breaks off", 400, |order, _| cut(order));
    list.body("as a list", 400, |order, _| json!([order]).to_string().into_bytes());
    list.body("alone", 400, |_, card| card.as_bytes().to_vec());
    list.body("alone, quoted", 400, |_, card| json!(card).to_string().into_bytes());
    list.body("twice the same field", 400, |order, card| {
        order.to_string().replacen('{', &format!(r#"{{"CreditCard":"{card}","#), 1).into_bytes()
    });
    list.body("with JSON escapes and a letter", 422, |order, card| {
        let escaped = format!("\\u003{}{}x", &card[..1], &card[1..]);
        order.to_string().replace(card, &escaped).into_bytes()
    });
    list.body("with JSON escapes, in CustomerName", 422, |order, card| {
        let escaped: String = card.chars().map(|digit| format!("\\u{:04x}", u32::from(digit))).collect();
        order.to_string().replace("A. Payer", &escaped).into_bytes()
    });
    list.body("with JSON escapes, as a field's name", 400, |order, card| {
        let escaped: String = card.chars().map(|digit| format!("\\u{:04x}", u32::from(digit))).collect();
        order.to_string().replacen('{', &format!(r#"{{"{escaped}":1,"#), 1).into_bytes()
    });
    list.body("in base64, the whole body", 400, |order, _| STANDARD.encode(order.to_string()).into_bytes());
    list.body("with bytes that are no UTF-8", 400, |order, _| {
        [order.to_string().as_bytes(), b"\xff"].concat()
    });
    list.body("in UTF-16", 400, |order, _| {
        order.to_string().encode_utf16().flat_map(u16::to_le_bytes).collect()
    });
    list.body("in a body that is too large", 413, |order, _| {
        (order.to_string() + &" ".repeat(20_000)).into_bytes()
    });
}

fn around_the_body(list: &mut List<'_>) {
    list.with("with another content type", 415, |_, attempt| {
        attempt.headers.push(("Content-Type", "text/plain".into()));
    });
    list.with("in the content type", 415, |_, attempt| {
        attempt.headers.push(("Content-Type", format!("text/{}", attempt.card)));
    });
    list.with("in headers of a right order", 202, |_, attempt| {
        for name in ["X-Card", "Cookie", "User-Agent", "Referer", "Idempotency-Key", "X-Amzn-Trace-Id"] {
            attempt.headers.push((name, format!("a={}", separated(&attempt.card, "-"))));
        }
    });
    list.with("as a token", 401, |_, attempt| {
        attempt.headers.push(("Authorization", format!("Bearer {}", attempt.card)));
    });
    list.get("in the path", 422, |card| format!("/order/{card}"));
    list.get("in the path, with spaces", 422, |card| format!("/order/{}", separated(card, "%20")));
    list.get("in the path, encoded", 422, |card| format!("/order/%3{card}"));
    list.with("in the path of its card", 422, |_, attempt| {
        let path = format!("/order/{}/card", attempt.card);
        (attempt.method, attempt.path, attempt.body) = ("DELETE", path, Vec::new());
    });
    list.get("in the query", 422, |card| format!("/order/none?card={card}"));
    list.get("in the query, as a name", 422, |card| format!("/order/none?{}", separated(card, "+")));
    list.get("in the path of no route", 404, |card| format!("/{card}"));
    list.get("in the query of no route", 404, |card| format!("/none?card={card}"));
    list.with("in the path and the body", 422, |_, attempt| {
        attempt.path = format!("/order/{}", attempt.card);
    });
    list.with("in the query and the body", 422, |_, attempt| {
        attempt.path = format!("/order?card={}", attempt.card);
    });
}

fn on_paybill(list: &mut List<'_>) {
    list.paybill("as the order", 422, |card| json!({ "CustomerOrder": card }));
    list.paybill(
        "as the order, a number",
        400,
        |card| json!({ "CustomerOrder": card.parse::<u64>().unwrap() }),
    );
    list.paybill("beside the order", 400, |card| json!({ "CustomerOrder": "none", "CreditCard": card }));
    list.paybill("as a field's name of paybill", 400, |card| json!({ card: "none" }));
    list.with("in paybill's query", 422, |_, attempt| {
        attempt.path = format!("/paybill?card={}", attempt.card);
        attempt.body = json!({ "CustomerOrder": "none" }).to_string().into_bytes();
    });
}

struct List<'a> {
    cards: &'a mut Cards,
    round: &'a str,
    attempts: Vec<Attempt>,
}

impl List<'_> {
    /// An order with its card in the right place, and what is done to its request.
    fn with(&mut self, what: &'static str, status: u16, change: impl FnOnce(&mut Value, &mut Attempt)) {
        let card = self.cards.mint();
        let order = format!("leak-{}-{}", self.round, self.attempts.len());
        let mut body = json!({
            "CustomerOrder": order, "CustomerName": "A. Payer", "CreditCard": card, "Address": "Las Vegas",
        });
        let mut attempt = Attempt {
            what,
            status,
            order,
            method: "POST",
            path: "/order".into(),
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
            card,
        };
        change(&mut body, &mut attempt);
        self.attempts.push(attempt);
    }

    /// An order with the card in another place: the rest of it keeps the rules.
    fn order(&mut self, what: &'static str, status: u16, change: impl FnOnce(&mut Value, &str)) {
        self.with(what, status, |order, attempt| {
            order["CreditCard"] = "4111111111111111".into();
            change(order, &attempt.card);
            attempt.body = order.to_string().into_bytes();
        });
    }

    fn body(&mut self, what: &'static str, status: u16, change: impl FnOnce(&Value, &str) -> Vec<u8>) {
        self.with(what, status, |order, attempt| attempt.body = change(order, &attempt.card));
    }

    fn get(&mut self, what: &'static str, status: u16, path: impl FnOnce(&str) -> String) {
        self.with(what, status, |_, attempt| {
            (attempt.method, attempt.path, attempt.body) = ("GET", path(&attempt.card), Vec::new());
        });
    }

    fn paybill(&mut self, what: &'static str, status: u16, body: impl FnOnce(&str) -> Value) {
        self.with(what, status, |_, attempt| {
            attempt.path = "/paybill".into();
            attempt.body = body(&attempt.card).to_string().into_bytes();
        });
    }
}

/// In the groups of its kind: the detector does not look for others.
fn separated(card: &str, separator: &str) -> String {
    if matches!(card.len(), 14 | 15) {
        return [&card[..4], &card[4..10], &card[10..]].join(separator);
    }
    let groups: Vec<_> =
        (0..card.len()).step_by(4).map(|start| &card[start..card.len().min(start + 4)]).collect();
    groups.join(separator)
}
