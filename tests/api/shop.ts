// Places, pays and forgets an order through types that openapi-typescript made, with the document's examples.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const [url, token, examples] = process.argv.slice(2);
if (!url || !token || !examples) throw new Error("usage: shop.js URL TOKEN EXAMPLES");
type Body<Operation> = Operation extends { requestBody: { content: { "application/json": infer Json } } } ? Json : never;
const body: {
  order: Body<paths["/order"]["post"]>;
  card: Body<paths["/order/{CustomerOrder}/card"]["put"]>;
  payment: Body<paths["/paybill"]["post"]>;
} = JSON.parse(examples);

const api = createClient<paths>({ baseUrl: url, headers: { Authorization: token } });

function good<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const placed = good(await api.POST("/order", { body: body.order }));
const path = { CustomerOrder: placed.CustomerOrder };

async function waitFor(holds: (status: { Status: string; CardReplacement?: string }) => boolean) {
  for (let tries = 0; tries < 300; tries += 1) {
    if (holds(good(await api.GET("/order/{CustomerOrder}", { params: { path } })))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the order does not settle");
}

await waitFor((status) => status.Status === "TOKENIZED");
good(await api.PUT("/order/{CustomerOrder}/card", { params: { path }, body: body.card }));
await waitFor((status) => status.CardReplacement === undefined);
const paid = good(await api.POST("/paybill", { body: body.payment }));
if (!paid["CreditCard Charged"].endsWith("4444")) throw new Error("another card was charged");
const forgotten = good(await api.DELETE("/order/{CustomerOrder}/card", { params: { path } }));
if (!forgotten.CardForgottenAt) throw new Error("the card is not forgotten");
console.log("typescript: placed, given another card, paid and forgotten");
