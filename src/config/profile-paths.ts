/** Where a profile finds values in a payload: JSON pointers, or paths with dots as codecs name their leaves. */
import { pathOf } from "./pointer.ts";
import { quoted } from "./problems.ts";

/** Takes one problem; `code` without its area, `pointer` within the profile. */
export type ProfileReport = (pointer: string, code: string, message: string, hint: string) => void;

/** The path with dots: `/env/t` and `env.t` are `env.t`. */
export function dottedPath(written: string): string {
  return written.startsWith("/") ? pathOf(written).join(".") : written;
}

/** Checks a pointer or a path. Source: RFC 6901, § 3. */
export function checkPath(written: string, pointer: string, report: ProfileReport): void {
  if (!written.startsWith("/")) {
    if (!/^\.|\.\.|\.$/.test(written)) return;
    report(
      pointer,
      "POINTER",
      `${quoted(written)} is not a path.`,
      'write names with dots between them: "env.t"',
    );
    return;
  }
  if (/~(?![01])/.test(written)) {
    const message = `${quoted(written)} is not a JSON pointer.`;
    report(pointer, "POINTER", message, 'in a pointer "~" is written ~0, and "/" within a name ~1');
  } else if (written === "/" || /\/(?:\/|$)/.test(written)) {
    report(
      pointer,
      "POINTER",
      `${quoted(written)} has an empty name.`,
      'write names behind slashes: "/env/t"',
    );
  }
}
