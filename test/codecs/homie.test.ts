import { expect, test } from "vitest";
import { homiePlan } from "../../src/codecs/homie.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const tables: readonly [law: string, topic: string, payload: string, rows: readonly FamilyRow[]][] = [
  ["a value", "homie/greenhouse/air/temperature", "21.5", [["greenhouse", "air.temperature", 21.5]]],
  [
    "a value of version 5",
    "homie/5/greenhouse/air/temperature",
    "21.5",
    [["greenhouse", "air.temperature", 21.5]],
  ],
  ["a boolean", "homie/greenhouse/window/open", "true", [["greenhouse", "window.open", true]]],
  ["an enumeration", "homie/greenhouse/vent/mode", "auto", [["greenhouse", "vent.mode", '"auto"']]],
  ["a device that is ready", "homie/greenhouse/$state", "ready", [["greenhouse", "online", true]]],
  ["a device that begins", "homie/greenhouse/$state", "init", [["greenhouse", "online", true]]],
  ["a device that sleeps", "homie/5/greenhouse/$state", "sleeping", [["greenhouse", "online", true]]],
  ["a device that calls", "homie/greenhouse/$state", "alert", [["greenhouse", "online", true]]],
  ["a device that left", "homie/greenhouse/$state", "disconnected", [["greenhouse", "online", false]]],
  ["a device that is lost", "homie/greenhouse/$state", "lost", [["greenhouse", "online", false]]],
  ["no attributes of devices", "homie/greenhouse/$nodes", "air,window", []],
  ["no attributes of nodes", "homie/greenhouse/air/$name", "Air", []],
  ["no attributes of properties", "homie/greenhouse/air/temperature/$unit", "°C", []],
  ["no description", "homie/5/greenhouse/$description", '{"homie":"5.0"}', []],
  ["no broadcasts", "homie/$broadcast/alert", "fire", []],
  ["no commands", "homie/greenhouse/window/open/set", "true", []],
  ["nothing for a topic that is cleared", "homie/greenhouse/air/temperature", "", []],
  ["a root of its own", "plant/greenhouse/air/temperature", "1", [["greenhouse", "air.temperature", 1]]],
];

test.each(tables)("Homie gives %s", (_, topic, payload, rows) => {
  expect(decoded(homiePlan, topic, payload)).toMatchObject({ rows, stampAt: Number.NaN, unreadable: false });
});

test.each([
  ["a topic without a property", "homie/greenhouse/air", "1", "unsupported"],
  ["a topic that is too long", "homie/greenhouse/air/temperature/raw", "1", "unsupported"],
  ["a state that is none", "homie/greenhouse/$state", "happy", "malformed"],
  ["bytes that are no text", "homie/greenhouse/air/temperature", Buffer.from([0xff]), "invalid-text"],
])("Homie refuses %s", (_, topic, payload, cause) => {
  expect(decoded(homiePlan, topic, payload).cause).toBe(cause);
});
