/** Rules of the code base that no compiler knows: who may import whom, and what may not be left behind. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../src", import.meta.url));

/** Packages by the only folder that may import them; see `src/README.md`. */
const packageHomes: Readonly<Record<string, readonly string[]>> = {
  aedes: ["broker"],
  "aedes-packet": ["broker"],
  "aedes-persistence": ["broker"],
  mqemitter: ["broker"],
  "mqtt-packet": ["bridge", "broker"],
  ws: ["broker"],
  level: ["store"],
  "classic-level": ["store"],
  mqtt: ["upstream"],
  pino: ["ops"],
  "pino-pretty": ["ops"],
  "prom-client": ["ops"],
  pbf: ["codecs"],
  "cbor-x": ["codecs", "store", "upstream"],
  "jsonc-parser": ["config"],
  zod: ["config"],
  commander: ["cli"],
  "@peculiar/x509": ["certificates"],
  "reflect-metadata": ["certificates"],
  "@marcbachmann/cel-js": ["expression"],
  re2js: ["expression"],
  "@datadog/sketches-js": ["sketch"],
};

/** What wires: these may import every folder. */
const roots = new Set(["codec-makers.ts", "gateway.ts", "main.ts", "rule-tools.ts"]);

interface Import {
  readonly file: string;
  /** As it is written. */
  readonly target: string;
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(source, name));

const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(file, "utf8");
  const found = text.matchAll(/(?:\bfrom|\bimport\s*\(|^import)\s*"([\w@./:-]+)"/gm);
  return Array.from(found, (match) => ({ file, target: match[1] ?? "" }));
});

/** The folder directly under `src` that a file is in; of a file in `src` itself, its name. */
function folderOf(file: string): string {
  return relative(source, file).split("/")[0] ?? "";
}

function told({ file, target }: Import): string {
  return `${relative(source, file)} imports ${target}`;
}

test("there is something to check", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(imports.length).toBeGreaterThan(200);
});

test("a folder imports only the core and itself", () => {
  const offences = imports.filter(({ file, target }) => {
    const from = folderOf(file);
    if (!target.startsWith(".") || roots.has(from) || from === "cli") return false;
    // The version is the package's own.
    if (target.endsWith("/package.json")) return false;
    const to = folderOf(resolve(dirname(file), target));
    return to !== "core" && to !== from;
  });
  expect(offences.map(told)).toEqual([]);
});

test("the core imports nothing but itself", () => {
  const offences = imports.filter(
    ({ file, target }) =>
      folderOf(file) === "core" &&
      (!target.startsWith(".") || folderOf(resolve(dirname(file), target)) !== "core"),
  );
  expect(offences.map(told)).toEqual([]);
});

test("a package is imported only where it is at home", () => {
  const offences = imports.filter(({ file, target }) => {
    if (target.startsWith(".") || target.startsWith("node:")) return false;
    const name = target.startsWith("@") ? target : (target.split("/")[0] ?? target);
    return packageHomes[name]?.includes(folderOf(file)) !== true;
  });
  expect(offences.map(told)).toEqual([]);
});

test("only main.ts, and what it is told by, reads the process", () => {
  const offences = files.filter(
    (file) =>
      !["main.ts", "cli", "ops"].includes(folderOf(file)) &&
      /\bprocess\.(argv|env|exit)\b/.test(readFileSync(file, "utf8")),
  );
  expect(offences.map((file) => relative(source, file))).toEqual([]);
});

test("nothing is left to be done later without an issue that says so", () => {
  const offences = files.filter((file) => /\b(TODO|FIXME|XXX|HACK)\b/.test(readFileSync(file, "utf8")));
  expect(offences.map((file) => relative(source, file))).toEqual([]);
});
