/** JSON pointers (RFC 6901): the address of a value inside a document. */

/** Writes a path of keys and indexes as a pointer; `""` for the whole document. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => childPointer("", String(step))).join("");
}

/** The pointer of a member. */
export function childPointer(pointer: string, step: string | number): string {
  return `${pointer}/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Splits a pointer into keys; the leading slash may be missing. */
export function pathOf(pointer: string): string[] {
  const text = pointer.startsWith("/") ? pointer.slice(1) : pointer;
  if (text === "") return [];
  return text.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointer of the value that holds this one. */
export function parentPointer(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf("/")));
}
