// The cards that the tests send, and the search for them wherever a page could keep them.

/** The numbers behind the names of card-airlock/src/console/test_cards.rs and card-airlock/src/sandbox/cards.rs, and those that the tests type. */
export const TYPED = "4929 1234 5678 1236";
export const DISCOVER = "6011 0009 9013 9424";
export const MASTERCARD = "5200 8282 8282 8210";
export const NUMBERS = ["4111111111111111", "5555555555554444", "378282246310005", "4242424242424242", "4000000000000002", "4000000000009995", "4000000000004087", "4000000000005043", "4000000000005001", "4000000000004012", "4111111111111112", "4929123456781236", "6011000990139424", "5200828282828210"];

/** Which of the numbers can be read in a text, in plain, separated, in base64 or in hex. */
export function cardsIn(text) {
  const joined = withoutSeparators(text);
  return NUMBERS.filter((number) => holds(text, joined, number));
}

/** Which parts of a number, seven digits in a row, can be read in a text in one of these ways. */
export function partsIn(text, number) {
  const digits = number.replace(/\D/g, "");
  const joined = withoutSeparators(text);
  const parts = Array.from({ length: digits.length - 6 }, (_, at) => digits.slice(at, at + 7));
  return parts.filter((part) => holds(text, joined, part));
}

const withoutSeparators = (text) => text.replace(/(?<=\d)[\s-]{1,2}(?=\d)/g, "");

function holds(text, joined, digits) {
  const base64 = [0, 1, 2].map((shift) => Buffer.from("?".repeat(shift) + digits).toString("base64").slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + digits.length) * 8) / 6)));
  return joined.includes(digits) || text.includes(Buffer.from(digits).toString("hex")) || base64.some((form) => text.includes(form));
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
