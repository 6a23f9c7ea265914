"""Places, pays and forgets an order through a client that openapi-python-client made, with the document's examples.

Usage: shop.py FOLDER_OF_THE_CLIENT OPENAPI_YAML API_URL TOKEN
"""
import sys
import time

folder, document, url, token = sys.argv[1:]
sys.path.insert(0, folder)

import yaml
from card_airlock_client import AuthenticatedClient
from card_airlock_client.api.default import forget_card, order_status, pay_bill, place_order, replace_card
from card_airlock_client.models import Card, Order, Payment

paths = yaml.safe_load(open(document, encoding="utf-8"))["paths"]


def example(path, method):
    return paths[path][method]["requestBody"]["content"]["application/json"]["example"]


def wait_for(client, order, holds):
    for _ in range(300):
        status = order_status.sync(order, client=client)
        if holds(status):
            return status
        time.sleep(0.1)
    raise SystemExit(f"{order} is {status}")


client = AuthenticatedClient(base_url=url, token=token, prefix="", raise_on_unexpected_status=True)
placed = place_order.sync(client=client, body=Order.from_dict(example("/order", "post")))
order = placed.customer_order
assert placed.status == "PENDING", placed
wait_for(client, order, lambda status: status.status == "TOKENIZED")
replaced = replace_card.sync(order, client=client, body=Card.from_dict(example("/order/{CustomerOrder}/card", "put")))
assert replaced.status == "PENDING", replaced
wait_for(client, order, lambda status: not status.to_dict().get("CardReplacement"))
paid = pay_bill.sync(client=client, body=Payment.from_dict(example("/paybill", "post")))
assert paid.message == "Payment Submitted Successfully" and paid.credit_card_charged.endswith("4444"), paid
assert forget_card.sync(order, client=client).card_forgotten_at, "the card is forgotten"
print("python: placed, given another card, paid and forgotten")
