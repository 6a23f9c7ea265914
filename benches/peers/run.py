"""Drives the sample in this process against a running `card-airlock up`, and prints what it took as JSON. The handlers
are called directly: Lambda's own Python runtime, which would add to them, is not in it. AWS_ENDPOINT_URL names the
endpoint. Usage: run.py ORDERS; or run.py --key, which makes tables and key and prints the key."""

import json
import resource
import sys
import time

import boto3

import sample


def provision():
    dynamodb = boto3.client("dynamodb")
    for table, names in [("PeerOrders", ["CustomerOrder"]), ("PeerVault", ["Hash_Key", "Account_Id"])]:
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ["HASH", "RANGE"])
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        )
    return boto3.client("kms").create_key(Description="the peer's")["KeyMetadata"]["Arn"]


def event(body):
    return {"httpMethod": "POST", "resource": "/order", "body": json.dumps(body)}


def order(number):
    return {
        "CustomerOrder": number,
        "CustomerName": "Amazon Web Services",
        "CreditCard": "4111-1111-1111-1111",
        "Address": "Reinvent2019, Las Vegas, USA",
    }


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(handler, events):
    began, before, times = time.perf_counter(), cpu(), []
    for one in events:
        begin = time.perf_counter()
        assert handler(one)["statusCode"] == 200
        times.append((time.perf_counter() - begin) * 1000)
    took, used = time.perf_counter() - began, cpu() - before
    times.sort()
    return {
        "per_s": len(events) / took,
        "cpu_ms": used * 1000 / len(events),
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[(len(times) * 99 + 99) // 100 - 1],
    }


def measure(handlers, name, orders):
    ids = [f"{name}-{number}" for number in range(orders)]
    handlers.order(event(order(f"{name}-warm")))
    handlers.paybill(event({"CustomerOrder": f"{name}-warm"}))
    return {
        "order": timed(handlers.order, [event(order(one)) for one in ids]),
        "paybill": timed(handlers.paybill, [event({"CustomerOrder": one}) for one in ids]),
    }


if __name__ == "__main__":
    key = provision()
    if sys.argv[1] == "--key":
        print(key)
        sys.exit()
    orders = int(sys.argv[1])
    report = {
        "orders": orders,
        "reusing": measure(sample.Reusing(key), "reusing", orders),
        # Ten times dearer: fewer tell enough.
        "rebuilding": measure(sample.Rebuilding(key), "rebuilding", max(orders // 10, 5)),
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**report, "peak_memory_mib": peak}))
