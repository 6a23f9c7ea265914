"""The sample as Lambda runs it: AWS's own runtime client (awslambdaric) calls `handler`. PEER_KEY names the KMS key,
PEER_CLIENTS says whether clients are kept: Reusing or Rebuilding."""

import os

import sample

peer = getattr(sample, os.environ["PEER_CLIENTS"])(os.environ["PEER_KEY"])


def handler(event, _context):
    return peer.order(event) if event["resource"] == "/order" else peer.paybill(event)
