"""The peer as Lambda starts it: imports, clients, then the first question for an invocation. For the cold start only."""

import http.client
import os

import sample

sample.Reusing(os.environ["PEER_KEY"])
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
connection.request("GET", "/2018-06-01/runtime/invocation/next")
connection.getresponse().read()
