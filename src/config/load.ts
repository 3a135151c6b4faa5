/** Loads the configuration: defaults, file, environment, flags, in this order; all or nothing. */
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { failed, messageOf, ok, type Problem, type Result } from "../core/errors.ts";
import { checkConfig } from "./config-checks.ts";
import { configShape, shapeConfig, unsupportedConfigKeys } from "./config-schema.ts";
import type { Config } from "./config.ts";
import { explainIssues } from "./issues.ts";
import { documentBytesMax, isObject, readJsonc } from "./jsonc.ts";
import { Layers } from "./layers.ts";
import { layEnvironment, layFlags } from "./overrides.ts";
import { childPointer } from "./pointer.ts";
import { sortProblems } from "./problems.ts";
import { resolveReferences } from "./references.ts";
import { expectationFor, fillDefaults, visit } from "./schema-walk.ts";

/** Where the configuration comes from. Nothing else is looked at, but the files that it names. */
export interface LoadOptions {
  /** The configuration file; without it the defaults stand. */
  readonly file?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By pointer, the first slash optional: `{ "dataDir": "/var/lib/holdfast", "http/port": 0 }`. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Name of this machine: the default of `gateway.id`. */
  readonly hostname: string;
  /** Working directory: what paths in flags and environment are relative to; in the file, its directory. */
  readonly directory: string;
}

/** A configuration, and how it came about. */
export interface LoadedConfig {
  readonly config: Config;
  /** For each value, by pointer into `effective`, where it was set: `default`, `holdfast.jsonc:7:13`, … */
  readonly origins: ReadonlyMap<string, string>;
  /** Pointers of values that must not be shown. */
  readonly secrets: ReadonlySet<string>;
  /** The settings as they would be written into one file, secrets included. */
  readonly effective: unknown;
}

/**
 * Loads and checks the configuration. Never throws on what the sources hold.
 *
 * @returns Every problem of every source at once, in the order of the file; codes begin with `CONFIG_`.
 */
export async function loadConfig(options: LoadOptions): Promise<Result<LoadedConfig>> {
  const loader = new Loader(options);
  await loader.layFile();
  if (loader.broken) return failed(sortProblems(loader.problems));
  loader.layOverrides();
  return await loader.finish();
}

class Loader {
  readonly problems: Problem[] = [];
  /** The file cannot be read or is not JSON: checking the rest would only blame what follows from it. */
  broken = false;
  readonly #options: LoadOptions;
  readonly #layers = new Layers();
  /** Pointers of values in the file that were brought in by reference, with the reference as written. */
  #references: ReadonlyMap<string, string> = new Map();
  readonly #base: string;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { file, directory } = options;
    this.#base = file === undefined ? directory : dirname(resolve(directory, file));
  }

  async layFile(): Promise<void> {
    const { file, directory, environment } = this.#options;
    if (file === undefined) return;
    const text = await this.#readFile(resolve(directory, file), file);
    if (text === undefined) return;
    const document = readJsonc(text, file, "CONFIG");
    this.problems.push(...document.problems);
    if (document.value !== undefined && !isObject(document.value)) {
      const message = "The configuration is an object.";
      const place = { file, ...document.positionOf("") };
      this.problems.push({ code: "CONFIG_OBJECT", message, pointer: "", hint: "begin with {", ...place });
    }
    this.broken = !isObject(document.value);
    const resolved = await resolveReferences(document, environment, this.#base);
    this.problems.push(...resolved.problems);
    this.#references = resolved.references;
    if (!isObject(resolved.value)) return;
    this.#layers.merge(resolved.value, { kind: "file", name: file, base: this.#base, root: "", document });
  }

  layOverrides(): void {
    const { environment, flags = {}, directory } = this.#options;
    this.problems.push(...layEnvironment(this.#layers, environment, configShape, directory));
    this.problems.push(...layFlags(this.#layers, flags, configShape, directory));
  }

  async finish(): Promise<Result<LoadedConfig>> {
    const effective = this.#complete();
    const secrets = this.#findSecrets(effective);
    const shaped = shapeConfig(effective);
    if (!shaped.ok) {
      this.problems.push(
        ...explainIssues(shaped.issues, {
          area: "CONFIG",
          schema: configShape,
          root: "",
          value: effective,
          placeOf: (pointer, part) => this.#layers.placeOf(pointer, part),
          unsupportedKey: (_holder, key) => unsupportedConfigKeys.has(key),
          isSecret: (pointer) => secrets.has(pointer),
        }),
      );
    }
    checkConfig(effective, (pointer, code, message, hint) => this.#report(pointer, code, message, hint));
    await this.#checkPaths(effective, secrets);
    if (!shaped.ok || this.problems.length > 0) return failed(sortProblems(this.problems));
    return ok({ config: shaped.value, origins: this.#originsOf(effective), secrets, effective });
  }

  async #readFile(path: string, file: string): Promise<string | undefined> {
    try {
      const { size } = await stat(path);
      if (size <= documentBytesMax) return await readFile(path, "utf8");
      const message = `The file has ${size} bytes; at most ${documentBytesMax} are read.`;
      this.problems.push({ code: "CONFIG_FILE_LARGE", message, pointer: "", file });
    } catch (error) {
      const message = `The configuration cannot be read: ${messageOf(error)}.`;
      const hint = "name an existing file; one that holds {} is enough";
      this.problems.push({ code: "CONFIG_FILE_UNREADABLE", message, pointer: "", hint, file });
    }
    this.broken = true;
    return undefined;
  }

  /** Fills in what nobody set, as it would be written, and makes paths absolute. */
  #complete(): unknown {
    const filled = fillDefaults(configShape, this.#layers.value);
    if (isObject(filled)) {
      const { access, gateway, listeners } = filled;
      if (isObject(access) && access["anonymous"] === undefined) {
        access["anonymous"] = access["usersFile"] === undefined;
      }
      // Not where there is a null: that was written, and is wrong.
      if (isObject(gateway) && gateway["id"] === undefined) gateway["id"] = hostId(this.#options.hostname);
      for (const listener of Array.isArray(listeners) ? listeners : []) {
        if (isObject(listener) && listener["port"] === undefined) {
          listener["port"] = portOf(listener["protocol"]);
        }
      }
    }
    return visit(configShape, filled, (place, replace) => {
      if (typeof place.value !== "string" || place.value === "") return;
      if (expectationFor(place.schema)?.path === undefined) return;
      replace(resolve(this.#layers.originOf(place.pointer)?.base ?? this.#base, place.value));
    });
  }

  #findSecrets(effective: unknown): Set<string> {
    const secrets = new Set<string>();
    visit(configShape, effective, ({ pointer, schema }) => {
      const origin = this.#layers.originOf(pointer);
      const referred = origin?.kind === "file" && this.#references.has(pointer);
      const secret = expectationFor(schema)?.secret === true;
      if (referred || secret) secrets.add(pointer);
      if (secret && !referred && origin?.kind === "file") {
        const hint = 'write "${env:NAME}" or "${file:PATH}", so that the file can be shared';
        this.#report(pointer, "SECRET_WRITTEN", "A secret must not stand in the file itself.", hint);
      }
    });
    return secrets;
  }

  async #checkPaths(effective: unknown, secrets: ReadonlySet<string>): Promise<void> {
    const checks: Promise<void>[] = [];
    visit(configShape, effective, ({ pointer, schema, value }) => {
      const kind = expectationFor(schema)?.path;
      if (kind === undefined || kind === "new-directory" || typeof value !== "string") return;
      if (this.#layers.originOf(pointer) === undefined) return;
      const shown = secrets.has(pointer) ? "where this leads" : value;
      checks.push(this.#checkPath(pointer, kind, value, shown));
    });
    await Promise.all(checks);
  }

  async #checkPath(pointer: string, kind: "file" | "directory", path: string, shown: string): Promise<void> {
    // A path with a zero character is no path: the schema has said so.
    const found = path.includes("\0") ? undefined : await stat(path).catch(messageOf);
    if (found === undefined) return;
    if (typeof found === "string") {
      this.#report(
        pointer,
        "PATH_MISSING",
        `There is no ${kind} ${shown}.`,
        "paths are relative to this file",
      );
    } else if (found.isDirectory() !== (kind === "directory")) {
      this.#report(pointer, "PATH_KIND", `${shown} is not a ${kind}.`, `name a ${kind}`);
    }
  }

  #originsOf(effective: unknown): Map<string, string> {
    const origins = new Map<string, string>();
    for (const pointer of leavesOf(effective, "")) {
      const origin = this.#layers.originOf(pointer);
      const { file, line, column } = this.#layers.placeOf(pointer, "value");
      const reference = origin?.kind === "file" ? this.#references.get(pointer) : undefined;
      const place = [file, line, column].filter((part) => part !== undefined).join(":");
      origins.set(
        pointer,
        origin === undefined ? "default" : `${place}${reference === undefined ? "" : ` ${reference}`}`,
      );
    }
    return origins;
  }

  #report(pointer: string, code: string, message: string, hint: string): void {
    const place = this.#layers.placeOf(pointer, "value");
    this.problems.push({ code: `CONFIG_${code}`, message, pointer, hint, ...place });
  }
}

/** Pointers of what is not an object or a list with something in it, in the order of the document. */
function leavesOf(value: unknown, pointer: string): string[] {
  const members: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : isObject(value)
      ? Object.entries(value)
      : [];
  if (members.length === 0) return [pointer];
  return members.flatMap(([step, member]) => leavesOf(member, childPointer(pointer, step)));
}

function hostId(hostname: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is replaced.
  const name = hostname.replaceAll(/[/+#\u0000-\u001f\u007f]/g, "-").slice(0, 128);
  return name === "" ? "gateway" : name;
}

function portOf(protocol: unknown): number {
  if (protocol === "mqtts") return 8883;
  if (protocol === "ws") return 8083;
  return protocol === "wss" ? 8084 : 1883;
}
