/**
 * What the parts of a profile must be to each other. Shape is the schema's matter: these checks pass over
 * whatever has the wrong shape, so that both kinds of mistake are reported at once.
 */
import { compileGlobs } from "../core/rule/glob.ts";
import { filterMatches } from "../core/topic.ts";
import { isTopicFilter } from "./forms.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { choiceOf, quoted } from "./problems.ts";
import { checkMetrics, matchesName } from "./profile-metric-checks.ts";
import { checkPath, dottedPath, type ProfileReport } from "./profile-paths.ts";
import { nearest } from "./suggest.ts";

/** Checks a profile as it was written, metrics in their full form. */
export function checkProfile(profile: JsonObject, codecs: readonly string[], report: ProfileReport): void {
  const filters = filtersOf(profile);
  checkTwice(profile, "match", report);
  checkTwice(profile, "clients", report);
  checkFingerprint(profile["fingerprint"], report);
  checkCodec(profile["codec"], codecs, report);
  checkTemplate(profile["device"], filters, report);
  if (typeof profile["time"] === "string") checkPath(profile["time"], "/time", report);
  checkMetrics(profile, report);
  checkExamples(profile, filters, report);
}

/** The filters that are some. */
function filtersOf({ match }: JsonObject): string[] {
  const written: readonly unknown[] = Array.isArray(match) ? match : [];
  return written.filter((filter) => typeof filter === "string").filter(isTopicFilter);
}

function checkTwice(profile: JsonObject, key: "match" | "clients", report: ProfileReport): void {
  const written = profile[key];
  if (!Array.isArray(written)) return;
  for (const [index, one] of written.entries()) {
    if (written.indexOf(one) === index) continue;
    const code = key === "match" ? "MATCH_TWICE" : "CLIENT_TWICE";
    report(`/${key}/${index}`, code, `${quoted(one)} stands twice.`, "remove one of the two");
  }
}

/** Places of a payload that one fingerprint looks at. */
const fingerprintPartsMax = 8;

function checkFingerprint(fingerprint: unknown, report: ProfileReport): void {
  if (!isObject(fingerprint)) return;
  const paths = Object.keys(fingerprint);
  const hint = '"fingerprint": { "/model": "WH65" }, or leave the key out';
  if (paths.length === 0) report("/fingerprint", "FINGERPRINT", "It asks for nothing.", hint);
  if (paths.length > fingerprintPartsMax) {
    const message = `It looks at ${paths.length} places of a payload.`;
    report("/fingerprint", "FINGERPRINT", message, `at most ${fingerprintPartsMax} are possible`);
  }
  const known = new Set<string>();
  for (const path of paths) {
    const pointer = childPointer("/fingerprint", path);
    checkPath(path, pointer, report);
    const dotted = dottedPath(path);
    if (known.has(dotted)) {
      report(pointer, "FINGERPRINT", `${quoted(path)} stands here twice.`, "join the values in a list");
    }
    known.add(dotted);
  }
}

function checkCodec(codec: unknown, codecs: readonly string[], report: ProfileReport): void {
  if (typeof codec !== "string" || codecs.includes(codec)) return;
  const meant = nearest(codec, codecs);
  const hint = meant === undefined ? `codecs are ${codecs.join(", ")}` : `did you mean ${quoted(meant)}?`;
  report("/codec", "CODEC", `There is no codec ${quoted(codec)}.`, hint);
}

function checkTemplate(template: unknown, filters: readonly string[], report: ProfileReport): void {
  if (typeof template !== "string") return;
  const outside = template.replaceAll(/\{\d{1,2}\}/g, "");
  if (/[{}]/.test(outside)) {
    report(
      "/device",
      "TEMPLATE",
      `${quoted(template)} has braces around what is no level.`,
      'write "{2}" for level 2',
    );
    return;
  }
  const levels = Array.from(template.matchAll(/\{(\d{1,2})\}/g), ([, digits]) => Number(digits));
  for (const filter of filters) {
    const count = filter.split("/").length;
    const missing = filter.endsWith("#") ? undefined : levels.find((level) => level >= count);
    if (missing === undefined) continue;
    const message = `Topics that match ${quoted(filter)} have no level {${missing}}.`;
    report("/device", "TEMPLATE", message, `levels count from 0: {0} to {${count - 1}}`);
    return;
  }
}

function checkExamples(profile: JsonObject, filters: readonly string[], report: ProfileReport): void {
  const { examples } = profile;
  if (!isObject(examples)) return;
  for (const kind of ["good", "bad"] as const) {
    const written: readonly unknown[] = Array.isArray(examples[kind]) ? examples[kind] : [];
    for (const [index, example] of written.entries()) {
      if (!isObject(example)) continue;
      const pointer = `/examples/${kind}/${index}`;
      checkPayload(example, pointer, report);
      checkTopic(example["topic"], filters, `${pointer}/topic`, report);
      checkClient(example, profile, kind, `${pointer}/client`, report);
      if (kind === "good") checkExpected(example, profile, pointer, report);
    }
  }
}

const payloadKeys = ["json", "text", "hex"] as const;

function checkPayload(example: JsonObject, pointer: string, report: ProfileReport): void {
  const [first, second] = payloadKeys.filter((name) => Object.hasOwn(example, name));
  if (first === undefined) {
    report(pointer, "PAYLOAD", "The example has no payload.", `write one of ${choiceOf(payloadKeys)}`);
  } else if (second !== undefined) {
    report(
      `${pointer}/${second}`,
      "PAYLOAD",
      `"${first}" and "${second}" stand side by side.`,
      "keep one of them",
    );
  }
  const { hex } = example;
  if (typeof hex !== "string" || bytesOfHex(hex) !== undefined) return;
  report(`${pointer}/hex`, "HEX", "These are not bytes.", 'two hexadecimal digits for each byte: "05 12 fc"');
}

/** The bytes that hexadecimal digits stand for; nothing where they are none. */
export function bytesOfHex(hex: string): Uint8Array | undefined {
  const digits = hex.replaceAll(/\s/g, "");
  if (digits.length % 2 === 1 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

function checkTopic(
  topic: unknown,
  filters: readonly string[],
  pointer: string,
  report: ProfileReport,
): void {
  if (typeof topic !== "string") return;
  if (/[+#]/.test(topic)) {
    report(pointer, "EXAMPLE_TOPIC", `${quoted(topic)} is a filter.`, "write a topic as a sensor uses it");
  } else if (filters.length > 0 && !filters.some((filter) => filterMatches(filter, topic))) {
    const message = `${quoted(topic)} is not matched by this profile.`;
    report(pointer, "EXAMPLE_TOPIC", message, `"match" is ${filters.join(", ")}`);
  }
}

/** A client of a good example, or of a payload that is refused, has to be one that the profile takes. */
function checkClient(
  { client, cause }: JsonObject,
  { clients }: JsonObject,
  kind: "good" | "bad",
  pointer: string,
  report: ProfileReport,
): void {
  if (typeof client !== "string" || !Array.isArray(clients)) return;
  const globs = clients.filter((one) => typeof one === "string");
  if (globs.length === 0 || (kind === "bad" && cause === "unclaimed") || compileGlobs(globs)(client)) return;
  const message = `${quoted(client)} is not a client of this profile.`;
  report(pointer, "EXAMPLE_CLIENT", message, `"clients" is ${globs.join(", ")}`);
}

function checkExpected(
  example: JsonObject,
  profile: JsonObject,
  pointer: string,
  report: ProfileReport,
): void {
  if (profile["others"] === "keep" || !isObject(profile["metrics"])) return;
  const names = Object.keys(profile["metrics"]);
  for (const key of ["expect", "unit"] as const) {
    const expected = example[key];
    for (const name of isObject(expected) ? Object.keys(expected) : []) {
      if (names.some((known) => matchesName(known, name))) continue;
      const meant = nearest(name, names);
      const hint = meant === undefined ? `metrics are ${names.join(", ")}` : `did you mean ${quoted(meant)}?`;
      report(childPointer(`${pointer}/${key}`, name), "EXPECT", `There is no metric ${quoted(name)}.`, hint);
    }
  }
}
