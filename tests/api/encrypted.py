"""Runs a program of docs/encrypting.md, and follows its order until it is tokenized and paid.

Usage: encrypted.py API_URL TOKEN ORDER COMMAND...
"""
import subprocess
import sys
import time

import requests

url, token, order, *command = sys.argv[1:]
number = next(argument for argument in command if argument.replace(" ", "").isdigit() and len(argument) > 12)


def ask(method, path, body=None):
    return requests.request(method, f"{url}/{path}", headers={"Authorization": token}, json=body, timeout=30)


def until(what, holds):
    for _ in range(600):
        found = holds()
        if found is not None:
            return found
        time.sleep(0.1)
    raise SystemExit(f"not in time: {what}")


until("there is a key", lambda: ask("GET", "card-keys").ok or None)
said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
assert "Order Accepted" in said, said
status = until("the order is tokenized", lambda: (lambda it: it if it["Status"] != "PENDING" else None)(ask("GET", f"order/{order}").json()))
assert status["Status"] == "TOKENIZED" and status["CreditCard"].endswith(number[-4:]), status
paid = ask("POST", "paybill", {"CustomerOrder": order}).json()
assert paid["CreditCard Charged"].endswith(number[-4:]), paid
print(f"{order}: encrypted, tokenized and paid")
