// What looks like a card number. One that was typed into the wrong field must not end up in the address or a request's URL;
// one that was typed into the right field and cannot be a card's is not sent.

/** Whether a text holds 13 to 19 digits, with single spaces or dashes between them, and a correct check digit. */
export function readsAsCard(text) {
  return (text.match(/\d(?:[\s-]?\d){12,}/g) ?? []).some((run) => {
    const digits = run.replace(/\D/g, "");
    for (let length = 13; length <= 19; length += 1) {
      for (let from = 0; from + length <= digits.length; from += 1) if (passesLuhn(digits.slice(from, from + length))) return true;
    }
    return false;
  });
}

/** Why a text is no card number, by the rules of vault/src/pan.rs; null if it is one. */
export function whyNoNumber(text) {
  if (!/^\d(?:[\p{Zs}\-‐-–−]?\d)*$/u.test(text.trim())) return "A card number has only digits, with single spaces or dashes between them.";
  const digits = text.replace(/\D/g, "");
  if (digits.length < 12 || digits.length > 19) return `A card number has 12 to 19 digits. These are ${digits.length}.`;
  return passesLuhn(digits) ? null : "The check digit is wrong: a digit is mistyped, or two are swapped.";
}

/** Why a text is no expiry date, as it stands on a card; null if it is one, or empty. */
export function whyNoExpiry(text) {
  return /^((0[1-9]|1[0-2])\/\d\d)?$/.test(text.trim()) ? null : "An expiry date is the month and the year, MM/YY: 09/31, for example.";
}

function passesLuhn(digits) {
  const sum = [...digits].reverse().reduce((sum, digit, index) => {
    const value = index % 2 ? digit * 2 : Number(digit);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
