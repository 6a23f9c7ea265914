// A number that was typed into the wrong field must not end up in the address or a request's URL.

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

function passesLuhn(digits) {
  const sum = [...digits].reverse().reduce((sum, digit, index) => {
    const value = index % 2 ? digit * 2 : Number(digit);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
