/** The configuration for people and editors: effective values with their origins, and the schema. */
import * as z from "zod/mini";
import { configShape } from "./config-schema.ts";
import { valueAt } from "./issues.ts";
import type { LoadedConfig } from "./load.ts";
import { pathOf } from "./pointer.ts";

/** One effective value. */
export interface ShownSetting {
  /** Keys joined by dots: `http.port`. */
  readonly name: string;
  readonly pointer: string;
  /** As it would be written; `"(secret)"` in place of a secret. */
  readonly value: unknown;
  readonly origin: string;
}

/** Lists every effective value with its origin, in the order of the document; secrets are masked. */
export function showConfig(loaded: LoadedConfig): ShownSetting[] {
  return [...loaded.origins].map(([pointer, origin]) => ({
    name: pathOf(pointer).join("."),
    pointer,
    value: loaded.secrets.has(pointer) ? "(secret)" : valueAt(loaded.effective, pointer),
    origin,
  }));
}

/** Writes settings one a line: `http.port = 8080  # default`. */
export function formatSettings(settings: readonly ShownSetting[]): string[] {
  return settings.map(({ name, value, origin }) => `${name} = ${JSON.stringify(value)}  # ${origin}`);
}

/** The JSON Schema (draft 7) of the configuration file, for editors. */
export function configSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configShape, { target: "draft-7", io: "input" });
  return { ...schema, title: "holdfast configuration" };
}
