/** Edits a users file in place: comments, order and layout of everything else stay as they are. */
import { applyEdits, modify } from "jsonc-parser";

/** What a users file begins as. */
export const freshUsersFile = `{
  // What a role does not grant is denied. %u stands for the user, %c for the client id.
  "roles": {
    "sensor": { "publish": ["sensors/%u/#"], "clientIds": ["%u", "%u-*"] },
    "viewer": { "subscribe": ["#"] },
    "everything": { "publish": ["#"], "subscribe": ["#"] }
  },
  // Edited by \`holdfast user\`, \`holdfast token\` and \`holdfast claim\`, and by a gateway that redeems a claim.
  "users": {},
  "tokens": {},
  "claims": {}
}
`;

/**
 * Sets a value, or removes it.
 *
 * @param text - A document without mistakes.
 * @param value - `undefined` removes the value with its key.
 */
export function withValue(text: string, path: readonly string[], value: unknown): string {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: text.includes("\r\n") ? "\r\n" : "\n" };
  const body = text.slice(mark.length);
  return mark + applyEdits(body, modify(body, [...path], value, { formattingOptions }));
}
