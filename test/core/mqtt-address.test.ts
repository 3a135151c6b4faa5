import { expect, test } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import { parseMqttUrl } from "../../src/core/mqtt-address.ts";

test("ports are those of the protocol unless the URL names one", () => {
  expect(parseMqttUrl("mqtt://broker.example", "upstream")).toMatchObject({ protocol: "mqtt", port: 1883 });
  expect(parseMqttUrl("mqtts://broker.example", "upstream")).toMatchObject({ protocol: "mqtts", port: 8883 });
  expect(parseMqttUrl("mqtt://[::1]:99", "upstream")).toMatchObject({
    host: "::1",
    port: 99,
    url: "mqtt://[::1]:99",
  });
});

test("user name and password are decoded, and do not show in the address", () => {
  const address = parseMqttUrl("mqtt://us%40er:pa%2Fss@broker.example:1900", "upstream");
  expect(address).toMatchObject({ username: "us@er", password: "pa/ss", url: "mqtt://broker.example:1900" });
});

test.each([
  "",
  "broker.example",
  "http://broker.example",
  "mqtt:",
  "mqtt://u:secret@:1883",
  "mqtt://h:99999",
  "mqtt://u:%zz@h",
])("%j is refused without showing a secret", (url) => {
  let refusal: unknown;
  try {
    parseMqttUrl(url, "bridge");
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(AppError);
  expect(refusal).toMatchObject({ code: "BRIDGE_URL_INVALID", kind: "operator" });
  expect(String(refusal)).not.toContain("secret");
});
