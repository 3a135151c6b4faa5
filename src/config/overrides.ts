/** Settings from outside the file: environment variables and command-line flags. */
import type { Problem } from "../core/errors.ts";
import { readJsonc } from "./jsonc.ts";
import type { Layers, Origin } from "./layers.ts";
import { pathOf, pointerOf } from "./pointer.ts";
import { choiceOf } from "./problems.ts";
import { childSchema, copyOf, keysAt, kindOf, schemaAt, takesText } from "./schema-walk.ts";
import type { Schema } from "./shape.ts";
import { nearest } from "./suggest.ts";

const prefix = "HOLDFAST__";

/**
 * Lays variables such as `HOLDFAST__HTTP__PORT=9090` over the settings.
 *
 * Parts between double underscores are keys, whatever their case and without single underscores
 * (`DATA_DIR` is `dataDir`), or indexes of a list. A value is a text where a text belongs, and JSON elsewhere.
 *
 * @returns `CONFIG_KEY_UNKNOWN` for variables that name no setting, `CONFIG_SYNTAX` for lists and objects
 *   that are not JSON.
 */
export function layEnvironment(
  layers: Layers,
  environment: Readonly<Record<string, string | undefined>>,
  schema: Schema,
  base: string,
): Problem[] {
  const names = Object.keys(environment).filter((name) => name.startsWith(prefix));
  // Sorted, so that HOLDFAST__HTTP is laid before HOLDFAST__HTTP__PORT, however the system orders them.
  return names.toSorted().flatMap((name) => {
    const written = environment[name];
    if (written === undefined) return [];
    const path = settingPath(schema, name.slice(prefix.length).split("__"));
    const source = `environment ${name}`;
    if (path === undefined) return [unknownSetting(source, name, schema)];
    return lay(
      layers,
      path,
      written,
      { kind: "environment", name: source, base, root: pointerOf(path) },
      schema,
    );
  });
}

/**
 * Lays flags over the settings.
 *
 * @param flags - By pointer, the first slash optional: `dataDir`, `http/port`. Texts are read like those of
 *   the environment; undefined values are left out.
 */
export function layFlags(
  layers: Layers,
  flags: Readonly<Record<string, unknown>>,
  schema: Schema,
  base: string,
): Problem[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const path = pathOf(name);
    const source = `flag ${path.join(".")}`;
    if (path.length === 0 || schemaAt(schema, path) === undefined)
      return [unknownSetting(source, name, schema)];
    return lay(layers, path, value, { kind: "flag", name: source, base, root: pointerOf(path) }, schema);
  });
}

function lay(
  layers: Layers,
  path: readonly string[],
  value: unknown,
  origin: Origin,
  schema: Schema,
): Problem[] {
  const leaf = schemaAt(schema, path);
  let laid = copyOf(value);
  let source = origin;
  if (typeof value === "string" && leaf !== undefined && !takesText(leaf)) {
    const document = readJsonc(value, origin.name, "CONFIG");
    if (document.problems.length === 0) {
      laid = document.value;
      if (typeof laid === "object") source = { ...origin, document };
    } else if (kindOf(leaf) !== "leaf") return [...document.problems];
  }
  if (layers.set(path, laid, source, schema)) return [];
  return [
    {
      code: "CONFIG_KEY_UNKNOWN",
      message: `${origin.name} leads to a place that is not there.`,
      pointer: pointerOf(path),
      hint: "indexes of a list count from 0, and may be one past its end at most",
      file: origin.name,
    },
  ];
}

/** Finds the setting that the parts of a variable's name mean. */
function settingPath(root: Schema, parts: readonly string[]): string[] | undefined {
  const path: string[] = [];
  let schema: Schema | undefined = root;
  for (const part of parts) {
    const kind = kindOf(schema);
    let step: string | undefined;
    if (kind === "object") step = keysAt(schema, []).find((key) => key.toLowerCase() === plain(part));
    else if (kind === "list") step = /^\d{1,4}$/.test(part) ? part : undefined;
    else if (kind === "record") step = part === part.toUpperCase() ? part.toLowerCase() : part;
    schema = step === undefined ? undefined : childSchema(schema, step);
    if (step === undefined || schema === undefined) return undefined;
    path.push(step);
  }
  return path;
}

function plain(part: string): string {
  return part.replaceAll("_", "").toLowerCase();
}

function unknownSetting(source: string, name: string, schema: Schema): Problem {
  const variable = name.startsWith(prefix);
  const known = settingNames(schema).map((path) =>
    variable ? prefix + path.map((key) => key.toUpperCase()).join("__") : path.join("/"),
  );
  const meant = nearest(name, known);
  return {
    code: "CONFIG_KEY_UNKNOWN",
    message: `${name} is not a setting.`,
    pointer: "",
    hint: meant === undefined ? `for example ${known.at(-1) ?? ""}` : `did you mean ${choiceOf([meant])}?`,
    file: source,
  };
}

function settingNames(schema: Schema, above: readonly string[] = []): string[][] {
  return keysAt(schema, []).flatMap((key) => {
    const child = childSchema(schema, key);
    const path = [...above, key];
    return child !== undefined && kindOf(child) === "object" ? settingNames(child, path) : [path];
  });
}
