/** Which certificates a list of revoked ones names. Source: RFC 5280 § 5.1; X.690 § 8 for the encoding. */

const integerTag = 0x02;
const sequenceTag = 0x30;
const timeTags: ReadonlySet<number> = new Set([0x17, 0x18]);

interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Reads the element at an offset. @throws Error when it does not fit into what holds it. */
function elementAt(bytes: Uint8Array, offset: number, end: number): Element {
  const tag = bytes[offset];
  let length = bytes[offset + 1];
  let start = offset + 2;
  if (length !== undefined && length > 0x80) {
    const digits = length - 0x80;
    length = 0;
    for (let index = 0; index < digits; index += 1)
      length = length * 256 + (bytes[start + index] ?? Number.NaN);
    start += digits;
  }
  if (tag === undefined || length === undefined || !(start + length <= end))
    throw new Error("not a list (DER)");
  return { tag, start, end: start + length };
}

function membersOf(bytes: Uint8Array, { start, end }: Pick<Element, "start" | "end">): readonly Element[] {
  const members: Element[] = [];
  for (let offset = start; offset < end; ) {
    const member = elementAt(bytes, offset, end);
    members.push(member);
    offset = member.end;
  }
  return members;
}

/** Serial numbers in one list (DER), in hexadecimal as they are encoded. */
function serialsIn(bytes: Buffer): readonly string[] {
  const list = elementAt(bytes, 0, bytes.length);
  const [signed] = membersOf(bytes, list);
  if (list.tag !== sequenceTag || signed?.tag !== sequenceTag) throw new Error("not a list (DER)");
  const fields = membersOf(bytes, signed);
  // Version, algorithm and issuer stand before the times, and what is revoked behind them.
  const firstTime = fields.findIndex(({ tag }) => timeTags.has(tag));
  const revoked = fields.slice(Math.max(0, firstTime)).find(({ tag }) => !timeTags.has(tag));
  if (firstTime < 0 || revoked?.tag !== sequenceTag) return [];
  return membersOf(bytes, revoked).flatMap((entry) => {
    const [serial] = membersOf(bytes, entry);
    return serial?.tag === integerTag ? [bytes.toString("hex", serial.start, serial.end)] : [];
  });
}

/**
 * Serial numbers in all lists of a PEM text, in hexadecimal.
 *
 * The signature of a list is not looked at here: that is done in the handshake, which refuses everybody where it is
 * wrong.
 *
 * @throws Error when a list cannot be read.
 */
export function revokedSerials(pem: string): readonly string[] {
  const lists = pem.matchAll(/-----BEGIN X509 CRL-----([\sA-Za-z0-9+/=]+)-----END X509 CRL-----/g);
  return Array.from(lists, ([, text = ""]) => serialsIn(Buffer.from(text, "base64"))).flat();
}
