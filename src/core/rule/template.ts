/**
 * Texts with places for values: `{{device}} at {{avg}} °C`.
 *
 * Only names, no expressions: an annotation is rendered for every transition of an alert, and must neither
 * fail nor take long.
 */
import { failed, ok, type Problem, type Result } from "../errors.ts";

/** What can stand in a template. */
export type TemplateValue = number | string | boolean | null;

/** A compiled template. */
export interface Template {
  /** The names it uses, in the order of first use, each once. */
  readonly names: readonly string[];
  /**
   * Puts values in place. Never fails: a name without a value, `null` and numbers that are not finite are
   * written as `–`. Only own properties of `values` are looked at.
   */
  render(values: Readonly<Record<string, TemplateValue>>): string;
}

/** What a name in a template looks like; names of aggregates and labels are made of the same characters. */
export const templateNamePattern = "^[A-Za-z_][A-Za-z0-9_.-]*$";

const nameLike = new RegExp(templateNamePattern);

/**
 * Compiles a template once, to be rendered often.
 *
 * @param known - When given, every name must be among these.
 * @returns Problems `TEMPLATE_UNCLOSED` (`{{` without `}}`), `TEMPLATE_NAME` (not a name between the
 *   braces) and `TEMPLATE_UNKNOWN` (not among `known`), all at once.
 */
export function compileTemplate(text: string, known?: Iterable<string>): Result<Template> {
  const problems: Problem[] = [];
  const accepted = known === undefined ? undefined : new Set(known);
  const places: { readonly before: string; readonly name: string }[] = [];
  let from = 0;
  for (let open = text.indexOf("{{"); open >= 0; open = text.indexOf("{{", from)) {
    const close = text.indexOf("}}", open + 2);
    if (close < 0) {
      problems.push({
        code: "TEMPLATE_UNCLOSED",
        message: `"{{" at character ${open + 1} has no "}}".`,
        pointer: "",
        hint: 'close it: "{{name}}"',
      });
      break;
    }
    const name = text.slice(open + 2, close).trim();
    if (!nameLike.test(name)) problems.push(notAName(name));
    else if (accepted !== undefined && !accepted.has(name)) problems.push(unknownName(name, accepted));
    places.push({ before: text.slice(from, open), name });
    from = close + 2;
  }
  const end = text.slice(from);
  if (problems.length > 0) return failed(problems);
  return ok({
    names: [...new Set(places.map((place) => place.name))],
    render(values) {
      let rendered = "";
      for (const { before, name } of places) {
        rendered += before + formatValue(Object.hasOwn(values, name) ? values[name] : null);
      }
      return rendered + end;
    },
  });
}

/** Writes a value for people: numbers with at most six significant digits, `–` for what is not there. */
export function formatValue(value: TemplateValue | undefined): string {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return "–";
  // Adding 0 turns -0 into 0.
  return String(Number(value.toPrecision(6)) + 0);
}

function notAName(name: string): Problem {
  return {
    code: "TEMPLATE_NAME",
    message: `"{{${name}}}" does not hold a name.`,
    pointer: "",
    hint: "only names can stand between the braces, no expressions: {{device}}",
  };
}

function unknownName(name: string, known: ReadonlySet<string>): Problem {
  return {
    code: "TEMPLATE_UNKNOWN",
    message: `"{{${name}}}" names nothing that this text can show.`,
    pointer: "",
    hint: `it can show ${[...known].join(", ")}`,
  };
}
