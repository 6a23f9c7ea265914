"""Runs the sample as Lambda does, a process behind the Runtime API, against a running `card-airlock up`, and prints what
it took as JSON. AWS_ENDPOINT_URL names the endpoint. Usage: run.py ORDERS; or run.py --key, which makes tables and
key and prints the key."""

import contextlib
import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

import boto3

HERE = pathlib.Path(__file__).resolve().parent
COMMAND = [sys.executable, "-m", "awslambdaric", "function.handler"]
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


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


class RuntimeApi(http.server.ThreadingHTTPServer):
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, as much as one well-behaved process needs."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Request)
        self.events, self.answers = queue.Queue(), queue.Queue()

    def handle_error(self, request, client_address):
        """The process is ended while it waits for its next invocation: no news."""


class Request(http.server.BaseHTTPRequestHandler):

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        body = json.dumps(self.server.events.get()).encode()
        headers = {"Aws-Request-Id": "1", "Deadline-Ms": str(int(time.time() * 1000) + 60_000)}
        headers["Invoked-Function-Arn"] = "arn:aws:lambda:us-east-1:123456789012:function:peer"
        self.reply(200, {f"Lambda-Runtime-{name}": value for name, value in headers.items()}, body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(202, {}, b"")
        self.server.answers.put(json.loads(body) if self.path.endswith("/response") else {"failed": self.path})

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(body)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Peer:
    """The peer's process."""

    def __init__(self, process, server):
        self.process, self.server = process, server

    def invoke(self, event):
        self.server.events.put(event)
        answer = self.server.answers.get(timeout=60)
        assert answer.get("statusCode") == 200, answer

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / TICKS_PER_SECOND


@contextlib.contextmanager
def started(clients, key):
    with RuntimeApi() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with subprocess.Popen(COMMAND, cwd=HERE, env=environment(clients, key, server.server_port)) as process:
            try:
                yield Peer(process, server)
            finally:
                process.kill()
                server.shutdown()


def environment(clients, key, port):
    names = {"FUNCTION_NAME": "peer", "FUNCTION_VERSION": "1", "FUNCTION_MEMORY_SIZE": "256", "RUNTIME_API": f"127.0.0.1:{port}"}
    return {**os.environ, **{f"AWS_LAMBDA_{name}": value for name, value in names.items()}, "PEER_KEY": key, "PEER_CLIENTS": clients}


def event(resource, body):
    return {"httpMethod": "POST", "resource": resource, "body": json.dumps(body)}


def order(number):
    return event(
        "/order",
        {
            "CustomerOrder": number,
            "CustomerName": "Amazon Web Services",
            "CreditCard": "4111-1111-1111-1111",
            "Address": "Reinvent2019, Las Vegas, USA",
        },
    )


def payment(number):
    return event("/paybill", {"CustomerOrder": number})


def timed(peer, events):
    began, before, times = time.perf_counter(), peer.cpu_seconds(), []
    for one in events:
        begin = time.perf_counter()
        peer.invoke(one)
        times.append((time.perf_counter() - begin) * 1000)
    took, used = time.perf_counter() - began, peer.cpu_seconds() - before
    times.sort()
    return {
        "per_s": len(events) / took,
        "cpu_ms": used * 1000 / len(events),
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[(len(times) * 99 + 99) // 100 - 1],
    }


def measure(clients, key, orders):
    ids = [f"{clients}-{number}" for number in range(orders)]
    with started(clients, key) as peer:
        peer.invoke(order(f"{clients}-warm"))
        peer.invoke(payment(f"{clients}-warm"))
        return {"order": timed(peer, [order(one) for one in ids]), "paybill": timed(peer, [payment(one) for one in ids])}


if __name__ == "__main__":
    key = provision()
    if sys.argv[1] == "--key":
        print(key)
        sys.exit()
    orders = int(sys.argv[1])
    report = {
        "orders": orders,
        "reusing": measure("Reusing", key, orders),
        # Ten times dearer: fewer tell enough.
        "rebuilding": measure("Rebuilding", key, max(orders // 10, 5)),
    }
    print(json.dumps(report))
