/** Names of simulated devices, in the notation of the one in the example. */

/** Letters and digits of an address, or a number in hexadecimal, that is long enough to tell devices apart. */
const hexDigitsMin = 6;

/**
 * The name of device `number`, from 1: addresses and serial numbers count up, others get the number at their end.
 * Names of different numbers differ.
 */
export function nameOfDevice(example: string, number: number): string {
  const address = /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1)*[0-9a-f]{2}$/i.exec(example);
  if (address !== null && example.length >= 8) {
    const parting = address[1]!;
    const digits = countedUp(example.replaceAll(parting, ""), number, 16);
    return digits.replace(/..(?!$)/g, `$&${parting}`);
  }
  if (/^\d+$/.test(example)) return countedUp(example, number, 10);
  const [, before = "", digits = ""] = /^(.*?[^0-9a-z])?([0-9a-f]+)$/i.exec(example) ?? [];
  if (digits.length >= hexDigitsMin && /\d/.test(digits)) return before + countedUp(digits, number, 16);
  const [, text, counted] = /^(.*\D)\d+$/.exec(example) ?? [undefined, example, undefined];
  return counted === undefined && text === example ? `${example}-${number}` : `${text}${number}`;
}

/** As many digits, and more where these are full. */
function countedUp(digits: string, number: number, radix: 10 | 16): string {
  const start = BigInt(radix === 16 ? `0x${digits}` : digits);
  const bound = BigInt(radix) ** BigInt(digits.length);
  const sum = start + BigInt(number);
  // Addresses keep their length and begin anew.
  const counted = (radix === 16 ? sum % bound : sum).toString(radix).padStart(digits.length, "0");
  return /[A-F]/.test(digits) ? counted.toUpperCase() : counted;
}
