// The cards that the tests send, and the search for them wherever a page could keep them.

/** The numbers behind the names of card-airlock/src/console/test_cards.rs and card-airlock/src/sandbox/cards.rs, and those that the tests type. */
export const TYPED = "4929 1234 5678 1236";
export const NUMBERS = ["4111111111111111", "5555555555554444", "378282246310005", "4242424242424242", "4000000000000002", "4000000000009995", "4000000000004087", "4000000000005043", "4000000000005001", "4000000000004012", "4111111111111112", "4929123456781236"];

/** Which of the numbers can be read in a text, in plain, separated, in base64 or in hex. */
export function cardsIn(text) {
  const joined = text.replace(/(?<=\d)[\s-]{1,2}(?=\d)/g, "");
  const hex = (number) => Buffer.from(number).toString("hex");
  const base64 = (number) => [0, 1, 2].map((shift) => Buffer.from("?".repeat(shift) + number).toString("base64").slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + number.length) * 8) / 6)));
  return NUMBERS.filter((number) => joined.includes(number) || text.includes(hex(number)) || base64(number).some((form) => text.includes(form)));
}

/** Everything that a page holds: markup with attributes, values of fields, storage, address, history. */
export function everything(page) {
  return page.evaluate(async () => {
    const fields = [...document.querySelectorAll("input, select, textarea, output")].map((field) => field.value);
    const databases = indexedDB.databases ? await indexedDB.databases() : [];
    const cached = "caches" in window ? await caches.keys() : [];
    const kept = [localStorage, sessionStorage].map((storage) => JSON.stringify({ ...storage }));
    return [document.documentElement.outerHTML, ...fields, ...kept, document.cookie, location.href, JSON.stringify(history.state), JSON.stringify(databases), JSON.stringify(cached)].join("\n");
  });
}
