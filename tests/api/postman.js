// Imports docs/openapi.yaml as Postman does (with "Parameter generation: Example") and sends the requests unchanged.
import { readFileSync } from "node:fs";
import converter from "openapi-to-postmanv2";
import newman from "newman";

const [document, url, token] = process.argv.slice(2);
const input = { type: "string", data: readFileSync(document, "utf8") };

const collection = await new Promise((resolve, reject) => {
  converter.convertV2(input, { parametersResolution: "Example" }, (error, result) =>
    error || !result.result ? reject(error ?? new Error(result.reason)) : resolve(result.output[0].data),
  );
});

const all = (items) => items.flatMap((item) => (item.item ? all(item.item) : [item]));
const send = (method, path) => {
  const found = all(collection.item).find(
    ({ request }) => request.method === method && request.url.path.join("/") === path,
  );
  return run([found]);
};
const run = (item) =>
  new Promise((resolve, reject) => {
    const variable = [
      { key: "baseUrl", value: url },
      { key: "apiKey", value: token },
    ];
    newman.run({ collection: { ...collection, item, variable } }, (error, summary) => {
      if (error) return reject(error);
      const [{ response, requestError }] = summary.run.executions;
      if (requestError) return reject(requestError);
      const answer = JSON.parse(response.stream.toString());
      return response.code < 300 ? resolve(answer) : reject(new Error(JSON.stringify(answer)));
    });
  });

const waitFor = async (holds) => {
  for (let tries = 0; tries < 300; tries += 1) {
    if (holds(await send("GET", "order/:CustomerOrder"))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the order does not settle");
};

await send("POST", "order");
await waitFor(({ Status }) => Status === "TOKENIZED");
await send("PUT", "order/:CustomerOrder/card");
await waitFor(({ CardReplacement }) => CardReplacement === undefined);
const paid = await send("POST", "paybill");
if (!paid["CreditCard Charged"].endsWith("4444")) throw new Error("another card was charged");
const forgotten = await send("DELETE", "order/:CustomerOrder/card");
if (!forgotten.CardForgottenAt) throw new Error("the card is not forgotten");
console.log("postman: placed, given another card, paid and forgotten");
