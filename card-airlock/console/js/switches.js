// The faults that the page can switch on and off: name, title, effect.

export const SWITCHES = [
  ["kms-worker", "KMS fails for the worker", "Orders are accepted and wait, sealed"],
  ["kms", "KMS fails for all", "New orders get 503 when ingest needs a new data key"],
  ["dynamodb", "DynamoDB throttles", "About half of the calls are refused"],
  ["reply", "Replies are lost", "Orders cross, but the worker gets no answer"],
];
