/**
 * Where a value stands in a payload, by the template that a discovery message gives for it.
 *
 * Understood are `{{ value }}` and `{{ value_json.a.b['c'][0] }}` with the filters `float`, `int`, `round`,
 * `default` and `is_defined`, which leave a value what it is. Everything else computes: what comes of it is not
 * what stands in the payload, and there is no engine for it here.
 *
 * Source: Home Assistant documentation, "Templating", "Processing incoming data"; Jinja, "List of Builtin Filters".
 */
import { nameCharactersMax, payloadDepthMax } from "../core/limits.ts";

const opening = /\{\{-?\s*value(?<json>_json)?/y;
const step =
  /\s*(?:\.(?<name>[A-Za-z_]\w*)|\[\s*(?:'(?<single>[^'\\]*)'|"(?<double>[^"\\]*)"|(?<index>\d{1,4}))\s*\])/y;
const filter =
  /\s*\|\s*(?:(?:float|int|round|default)(?:\((?:[^()'"]|'[^'\\]*'|"[^"\\]*")*\))?|is_defined)(?=\s*[|}-])/y;
const closing = /\s*-?\}\}$/y;

/** Filters of one template that are looked at; nobody needs as many. */
const filtersMax = 8;

/**
 * The path of the value as metrics are named, parts joined by `.`; `""` for the whole payload.
 *
 * @returns Nothing where the template says more than that.
 */
export function pathOfTemplate(template: string): string | undefined {
  const text = template.trim();
  opening.lastIndex = 0;
  const opened = opening.exec(text);
  if (opened === null) return undefined;
  let at = opening.lastIndex;
  const parts: string[] = [];
  if (opened.groups?.["json"] !== undefined) {
    for (let found = matchAt(step, text, at); found !== null; found = matchAt(step, text, at)) {
      const { name, single, double, index } = found.groups ?? {};
      parts.push(name ?? single ?? double ?? String(Number(index)));
      at = step.lastIndex;
      // Deeper than any payload is.
      if (parts.length > payloadDepthMax) return undefined;
    }
    if (parts.length === 0) return undefined;
  }
  for (let count = 0; count < filtersMax && matchAt(filter, text, at) !== null; count += 1) {
    at = filter.lastIndex;
  }
  if (matchAt(closing, text, at) === null) return undefined;
  const path = parts.join(".");
  return path.length > nameCharactersMax || /\p{Cc}/u.test(path) ? undefined : path.normalize("NFC");
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
