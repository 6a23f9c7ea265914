"""AWS's sample "Lambda Layer for Tokenization and Encryption of Sensitive Data", written afresh after its README: the
card goes into CreditCardTokenizerTable by the DynamoDB Encryption Client under a KMS key, the order with a token into
CustomerOrderTable. `Rebuilding` makes every client anew in each request, as the sample does; `Reusing` makes them once.
"""

import json
import uuid

import boto3
import botocore.session
from dynamodb_encryption_sdk.encrypted.table import EncryptedTable
from dynamodb_encryption_sdk.identifiers import CryptoAction
from dynamodb_encryption_sdk.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider
from dynamodb_encryption_sdk.structures import AttributeActions

ACCOUNT = "123456789012"


class Clients:
    """The two tables; the vault's encrypts one attribute and signs all."""

    def __init__(self, key_id, orders, vault):
        dynamodb = boto3.resource("dynamodb")
        self.orders = dynamodb.Table(orders)
        session = botocore.session.Session()
        # The client leaves the key to the ciphertext; the local endpoint lets nobody decrypt with a key it cannot tell.
        session.register("before-parameter-build.kms.Decrypt", lambda params, **_: params.setdefault("KeyId", key_id))
        provider = AwsKmsCryptographicMaterialsProvider(key_id=key_id, botocore_session=session)
        actions = AttributeActions(
            default_action=CryptoAction.ENCRYPT_AND_SIGN, attribute_actions={"Account_Id": CryptoAction.DO_NOTHING}
        )
        # Asks DescribeTable which attributes are the key.
        self.vault = EncryptedTable(
            table=dynamodb.Table(vault), materials_provider=provider, attribute_actions=actions
        )


class Sample:
    def __init__(self, key_id, orders="PeerOrders", vault="PeerVault"):
        self.names = (key_id, orders, vault)

    def clients(self):
        raise NotImplementedError

    def order(self, event):
        body = json.loads(event["body"])
        clients = self.clients()
        token = str(uuid.uuid4())
        clients.vault.put_item(
            Item={"Hash_Key": token, "Account_Id": ACCOUNT, "CandidateString": body["CreditCard"]}
        )
        clients.orders.put_item(
            Item={
                "CustomerOrder": body["CustomerOrder"],
                "CustomerName": body["CustomerName"],
                "Address": body["Address"],
                "CreditCardToken": token,
            }
        )
        return answer({"message": "Order Created Successfully", "CreditCardToken": token})

    def paybill(self, event):
        body = json.loads(event["body"])
        clients = self.clients()
        order = clients.orders.get_item(Key={"CustomerOrder": body["CustomerOrder"]})["Item"]
        key = {"Hash_Key": order["CreditCardToken"], "Account_Id": ACCOUNT}
        card = clients.vault.get_item(Key=key)["Item"]["CandidateString"]
        return answer({"message": "Payment Submitted Successfully", "CreditCard Charged": card})


class Rebuilding(Sample):
    def clients(self):
        return Clients(*self.names)


class Reusing(Sample):
    def __init__(self, *names):
        super().__init__(*names)
        self.made = Clients(*self.names)

    def clients(self):
        return self.made


def answer(body):
    return {"statusCode": 200, "body": json.dumps(body)}
