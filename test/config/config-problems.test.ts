import { expect, test } from "vitest";
import { loadText, problemsOf } from "./loading.ts";
import { unmarked } from "./marked.ts";

test.each([
  ["an unknown key", '{ ▸"gatway": {} }', "CONFIG_KEY_UNKNOWN", 'did you mean "gateway"?'],
  [
    "an unknown key deep inside",
    '{ "store": { "retain": {\n ▸"rw": "1d" } } }',
    "CONFIG_KEY_UNKNOWN",
    '"raw"',
  ],
  ["a key that every object inherits", '{ ▸"constructor": {} }', "CONFIG_KEY_UNKNOWN", "known keys are"],
  ["a document that is a list", "▸[]", "CONFIG_OBJECT", "begin with {"],
  ["a section that is no object", '{ "http": ▸8080 }', "CONFIG_OBJECT", undefined],
  ["null", '{ "store": ▸null }', "CONFIG_OBJECT", undefined],
  ["a port in quotes", '{ "http": { "port": ▸"9090" } }', "CONFIG_NUMBER", "write 9090 without quotes"],
  ["a port out of range", '{ "http": { "port": ▸65536 } }', "CONFIG_NUMBER", undefined],
  ["a port with a fraction", '{ "http": { "port": ▸80.5 } }', "CONFIG_NUMBER", undefined],
  ["a flag in quotes", '{ "publishSummaries": ▸"true" }', "CONFIG_FLAG", "write true without quotes"],
  ["a protocol of another kind", '{ "listeners": [{ "protocol": ▸"mqtss" }] }', "CONFIG_CHOICE", '"mqtts"'],
  ["a listener without list", '{ "listeners": ▸{} }', "CONFIG_LIST", undefined],
  ["no listener", '{ "listeners": ▸[] }', "CONFIG_LIST", undefined],
  ["a host with a space", '{ "http": { "host": ▸"local host" } }', "CONFIG_HOST", "127.0.0.1"],
  ["an id with a slash", '{ "gateway": { "id": ▸"a/b" } }', "CONFIG_NAME", "gw-7"],
  ["an id of null", '{ "gateway": { "id": ▸null } }', "CONFIG_NAME", undefined],
  ["an empty id", '{ "gateway": { "id": ▸"" } }', "CONFIG_NAME", undefined],
  ["a tag with a wrong key", '{ "gateway": { "tags": { ▸"a b": "c" } } }', "CONFIG_NAME", undefined],
  ["a tag that is a number", '{ "gateway": { "tags": { "a": ▸1 } } }', "CONFIG_TEXT", undefined],
  ["an empty path", '{ "dataDir": ▸"" }', "CONFIG_PATH", undefined],
  ["a duration without unit", '{ "store": { "retain": { "raw": ▸"7" } } }', "CONFIG_DURATION", '"7s"'],
  ["a duration as number", '{ "store": { "commitDelay": ▸20 } }', "CONFIG_DURATION", '"20ms"'],
  ["a negative duration", '{ "store": { "commitDelay": ▸"-1s" } }', "CONFIG_DURATION", "not negative"],
  ["a delay that is too long", '{ "store": { "commitDelay": ▸"1m" } }', "CONFIG_DURATION", undefined],
  ["keeping nothing", '{ "store": { "retain": { "raw": ▸"0s" } } }', "CONFIG_DURATION", undefined],
  ["a size as number", '{ "store": { "maxBytes": ▸1073741824 } }', "CONFIG_SIZE", '"1GiB"'],
  ["a size that is too small", '{ "store": { "maxBytes": ▸"1MiB" } }', "CONFIG_SIZE", undefined],
  ["a prefix without slash", '{ "ownTopicPrefix": ▸"holdfast" }', "CONFIG_TOPIC", '"holdfast/"'],
  ["a prefix in the broker's own tree", '{ "ownTopicPrefix": ▸"$SYS/" }', "CONFIG_TOPIC", undefined],
  ["a route without match", '{ "ingest": { "routes": [▸{}] } }', "CONFIG_KEY_MISSING", undefined],
  ["a wrong filter", '{ "ingest": { "routes": [{ "match": ▸"a/b+" }] } }', "CONFIG_TOPIC", undefined],
  [
    "a wrong codec",
    '{ "ingest": { "routes": [{ "match": "#", "codec": ▸"jsn" }] } }',
    "CONFIG_CHOICE",
    '"json"',
  ],
  [
    "a wrong template",
    '{ "ingest": { "routes": [{ "match": "#", "device": ▸"{x}" }] } }',
    "CONFIG_ROUTE_NAME",
    undefined,
  ],
  [
    "a level too many",
    '{ "ingest": { "routes": [{ "match": "a/+", "device": ▸"{2}" }] } }',
    "CONFIG_ROUTE_LEVEL",
    "{0} to {1}",
  ],
  [
    "a calibration that makes everything the same",
    '{ "ingest": { "devices": [{ "match": "a", "calibration": { "t": { "scale": ▸0 } } }] } }',
    "CONFIG_CALIBRATION",
    "write 1",
  ],
  [
    "a calibration in quotes",
    '{ "ingest": { "devices": [{ "match": "a", "calibration": { "t": { "offset": ▸"-0.4" } } }] } }',
    "CONFIG_NUMBER",
    "-0.4",
  ],
  [
    "a calibration that is a number",
    '{ "ingest": { "devices": [{ "match": "a", "calibration": { "t": ▸1.02 } }] } }',
    "CONFIG_OBJECT",
    undefined,
  ],
  [
    "a calibration of a metric without name",
    '{ "ingest": { "devices": [{ "match": "a", "calibration": { ▸"": { "offset": 1 } } }] } }',
    "CONFIG_NAME",
    '"temp*"',
  ],
  [
    "a report that says nothing",
    '{ "ingest": { "devices": [{ "match": "a", "report": { "t": ▸{} } }] } }',
    "CONFIG_REPORT",
    '"deadband"',
  ],
  [
    "a dead band below 0",
    '{ "ingest": { "devices": [{ "match": "a", "report": { "t": { "deadband": ▸-1 } } }] } }',
    "CONFIG_NUMBER",
    "0 keeps every sample",
  ],
  [
    "a dead band with another key",
    '{ "ingest": { "devices": [{ "match": "a", "report": { "t": { ▸"deadBand": 1 } } }] } }',
    "CONFIG_KEY_UNKNOWN",
    '"deadband"',
  ],
  [
    "a report without a unit",
    '{ "ingest": { "devices": [{ "match": "a", "report": { "t": { "atLeast": ▸"10" } } }] } }',
    "CONFIG_DURATION",
    '"10s"',
  ],
  ["rollups out of order", '{ "rollups": ["1h", ▸"1m"] }', "CONFIG_ROLLUP_ORDER", "finest first"],
  ["rollups that do not divide", '{ "rollups": ["1m", ▸"90s"] }', "CONFIG_ROLLUP_ORDER", undefined],
  ["a rollup that stands twice", '{ "rollups": ["1m", ▸"60s"] }', "CONFIG_ROLLUP_ORDER", undefined],
  ["a rollup that is too fine", '{ "rollups": [▸"100ms"] }', "CONFIG_DURATION", undefined],
  [
    "plain text beyond loopback",
    '{ "listeners": [{ "host": ▸"0.0.0.0" }] }',
    "CONFIG_LISTENER_INSECURE",
    '"insecure": true',
  ],
  [
    "anonymous beyond loopback",
    '{ "listeners": [{ "host": ▸"0.0.0.0", "insecure": true }] }',
    "CONFIG_LISTENER_CLOSED",
    "clientCa",
  ],
  [
    "nobody who may connect",
    '{ "access": { "anonymous": false }, "listeners": [{ "host": ▸"::1" }] }',
    "CONFIG_LISTENER_CLOSED",
    "clientCa",
  ],
  [
    "TLS without key",
    '{ "listeners": [▸{ "protocol": "mqtts", "cert": "pem" }] }',
    "CONFIG_TLS_FILES",
    '"key"',
  ],
  ["a certificate without TLS", '{ "listeners": [{ "cert": ▸"pem" }] }', "CONFIG_TLS_FILES", '"mqtts"'],
  ["two listeners on one port", '{ "listeners": [{}, { "port": ▸1883 }] }', "CONFIG_PORT_TAKEN", undefined],
  ["HTTP on a listener's port", '{ "http": { "port": ▸1883 } }', "CONFIG_PORT_TAKEN", undefined],
  ["HTTP beyond loopback", '{ "http": { "host": ▸"0.0.0.0" } }', "CONFIG_HTTP_INSECURE", '"insecure": true'],
  ["an upstream without url", '{ "upstreams": [▸{ "name": "a" }] }', "CONFIG_KEY_MISSING", "mqtts://"],
  [
    "an upstream of another kind",
    '{ "upstreams": [{ "name": "a", "url": ▸"kafka://h" }] }',
    "CONFIG_URL",
    "mqtts://",
  ],
  [
    "a stream of everybody for one tenant",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h", "tenant": "north", "streams": ["alerts", ▸"ledger"] }] }',
    "CONFIG_STREAM_OF_ALL",
    "alerts and summaries",
  ],
  [
    "two upstreams of one name",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h" }, { "name": ▸"a", "url": "mqtt://h" }] }',
    "CONFIG_UPSTREAM_TWICE",
    undefined,
  ],
  [
    "a stream that is not built",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h", "streams": [▸"raw"] }] }',
    "CONFIG_UNSUPPORTED",
    undefined,
  ],
  [
    "a stream twice",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h", "streams": ["alerts", ▸"alerts"] }] }',
    "CONFIG_STREAM_TWICE",
    undefined,
  ],
  [
    "a key that is not built",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h", ▸"ackBy": "collector" }] }',
    "CONFIG_UNSUPPORTED",
    undefined,
  ],
  [
    "a certificate without its key",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h", "cert": ▸"pem" }] }',
    "CONFIG_TLS_FILES",
    undefined,
  ],
  [
    "a password without user",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h", "password": ▸"${env:SECRET}" }] }',
    "CONFIG_UPSTREAM_LOGIN",
    "username",
  ],
  [
    "a bridge without topics",
    '{ "ingest": { "bridges": [▸{ "name": "a", "url": "mqtt://h" }] } }',
    "CONFIG_KEY_MISSING",
    undefined,
  ],
  [
    "a bridge that asks for nothing",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ▸[] }] } }',
    "CONFIG_LIST",
    undefined,
  ],
  [
    "a filter of a bridge that is none",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": [▸"a#"] }] } }',
    "CONFIG_TOPIC",
    "v3/+/devices",
  ],
  [
    "a filter twice",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ["a", ▸{ "filter": "a", "qos": 0 }] }] } }',
    "CONFIG_BRIDGE_TOPIC_TWICE",
    undefined,
  ],
  [
    "a QoS that is none",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": [▸{ "filter": "a", "qos": 3 }] }] } }',
    "CONFIG_TOPIC",
    undefined,
  ],
  [
    "a bridge with credentials in its URL",
    '{ "ingest": { "bridges": [{ "name": "a", "url": ▸"mqtts://u:p@h", "topics": ["a/#"] }] } }',
    "CONFIG_URL",
    "username",
  ],
  [
    "two bridges of one name",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ["a/#"] }, { "name": ▸"a", "url": "mqtt://i", "topics": ["a/#"] }] } }',
    "CONFIG_BRIDGE_TWICE",
    undefined,
  ],
  [
    "a password of a bridge in the file",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ["a/#"], "username": "u", "password": ▸"pw" }] } }',
    "CONFIG_SECRET_WRITTEN",
    "${env:NAME}",
  ],
  [
    "a password of a bridge without user",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ["a/#"], "password": ▸"${env:SECRET}" }] } }',
    "CONFIG_BRIDGE_LOGIN",
    "username",
  ],
  [
    "an authority without TLS",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ["a/#"], "ca": ▸"pem" }] } }',
    "CONFIG_TLS_FILES",
    "mqtts://",
  ],
  [
    "a certificate of a bridge without its key",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtts://h", "topics": ["a/#"], "cert": ▸"pem" }] } }',
    "CONFIG_TLS_FILES",
    undefined,
  ],
  [
    "a version of MQTT that is none",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ["a/#"], "protocol": ▸"4" }] } }',
    "CONFIG_CHOICE",
    undefined,
  ],
  [
    "a prefix with a wildcard",
    '{ "ingest": { "bridges": [{ "name": "a", "url": "mqtt://h", "topics": ["a/#"], "prefix": ▸"x/+" }] } }',
    "CONFIG_TOPIC",
    undefined,
  ],
  [
    "a bridge to the gateway itself",
    '{ "ingest": { "bridges": [{ "name": "a", "url": ▸"mqtt://127.0.0.1", "topics": ["a/#"] }] } }',
    "CONFIG_BRIDGE_LOOP",
    "another broker",
  ],
  [
    "a bridge to the gateway itself by another name",
    '{ "listeners": [{ "host": "::1", "port": 1999 }], "ingest": { "bridges": [{ "name": "a", "url": ▸"mqtt://localhost:1999", "topics": ["a/#"] }] } }',
    "CONFIG_BRIDGE_LOOP",
    "another broker",
  ],
  [
    "a password in the file",
    '{ "upstreams": [{ "name": "a", "url": "mqtt://h", "username": "u", "password": ▸"pw" }] }',
    "CONFIG_SECRET_WRITTEN",
    "${env:NAME}",
  ],
  [
    "a file that is not there",
    '{ "listeners": [{ "protocol": "mqtts", "cert": "pem", "key": ▸"nobody.pem" }] }',
    "CONFIG_PATH_MISSING",
    undefined,
  ],
  ["a users file that is not there", '{ "access": { "usersFile": ▸"u" } }', "CONFIG_PATH_MISSING", undefined],
  [
    "HTTP beyond loopback without tokens",
    '{ "http": { "host": ▸"0.0.0.0", "insecure": true } }',
    "CONFIG_HTTP_OPEN",
    '"usersFile"',
  ],
  [
    "principals from certificates that nobody demands",
    '{ "listeners": [{ "protocol": "mqtts", "cert": "pem", "key": "pem", "principal": ▸"certificate" }] }',
    "CONFIG_TLS_FILES",
    '"clientCa"',
  ],
  [
    "principals from certificates without roles",
    '{ "listeners": [{ "protocol": "mqtts", "cert": "pem", "key": "pem", "clientCa": "pem", "principal": ▸"certificate" }] }',
    "CONFIG_LISTENER_PRINCIPAL",
    '"usersFile"',
  ],
  ["a file in place of a directory", '{ "rulesDir": ▸"pem" }', "CONFIG_PATH_KIND", undefined],
  ["a directory that is not there", '{ "rulesDir": ▸"rulez.d" }', "CONFIG_PATH_MISSING", undefined],
  ["a reference of no kind", '{ "gateway": { "id": ▸"${HOME}" } }', "CONFIG_REFERENCE", "${env:NAME}"],
  [
    "a variable that is not set",
    '{ "gateway": { "id": ▸"${env:NOTHING}" } }',
    "CONFIG_ENVIRONMENT_UNSET",
    "NOTHING",
  ],
  [
    "a variable that objects inherit",
    '{ "gateway": { "id": ▸"${env:constructor}" } }',
    "CONFIG_ENVIRONMENT_UNSET",
    undefined,
  ],
  [
    "a referred file that is not there",
    '{ "gateway": { "id": ▸"${file:id}" } }',
    "CONFIG_FILE_UNREADABLE",
    undefined,
  ],
  ["a key that stands twice", '{ "dataDir": "a", ▸"dataDir": "b" }', "CONFIG_KEY_TWICE", "remove one"],
  ["a missing comma", '{ "dataDir": "a" ▸"rulesDir": "b" }', "CONFIG_SYNTAX", undefined],
])("%s is refused at its place", async (_what, written, code, hint) => {
  const { text, line, column } = unmarked(written);
  const problems = problemsOf(
    await loadText(text, { environment: { SECRET: "hush" }, files: { pem: "", "users.json": "{}" } }),
  );
  const found = problems.filter((problem) => problem.code === code);
  expect(problems.map((problem) => problem.code)).toContain(code);
  expect(found).toContainEqual(expect.objectContaining({ file: "holdfast.jsonc", line, column }));
  expect(found.map((problem) => problem.hint).join("\n")).toContain(hint ?? "");
});

test("every mistake of a file is reported at once, in the order of the file", async () => {
  const text = `{
  "gatway": {},
  "http": { "port": "9090" },
  "listeners": [ { "host": "0.0.0.0", "insecure": true } ],
  "store": { "durability": "synch", "commitDelay": 5 },
  "rollups": ["1m", "90s"]
}`;
  const problems = problemsOf(await loadText(text));
  expect(problems.map(({ code, line, column }) => [code, line, column])).toEqual([
    ["CONFIG_KEY_UNKNOWN", 2, 3],
    ["CONFIG_NUMBER", 3, 21],
    ["CONFIG_LISTENER_CLOSED", 4, 28],
    ["CONFIG_CHOICE", 5, 28],
    ["CONFIG_DURATION", 5, 52],
    ["CONFIG_ROLLUP_ORDER", 6, 21],
  ]);
});

test("messages do not repeat secrets", async () => {
  const upstream = {
    name: "a",
    url: "mqtt://user:hush@h",
    username: 1,
    password: "hush",
    cert: "${env:SECRET}",
  };
  const text = JSON.stringify({ gateway: { id: "${env:SECRET}" }, upstreams: [upstream] });
  const problems = problemsOf(await loadText(text, { environment: { SECRET: "hush/hush" } }));
  expect(problems.map((problem) => problem.code)).toContain("CONFIG_PATH_MISSING");
  expect(JSON.stringify(problems)).not.toContain("hush");
});

test("a configuration file that is not there is a problem", async () => {
  const problems = problemsOf(await loadText("{}", { file: "other.jsonc" }));
  expect(problems).toEqual([
    expect.objectContaining({ code: "CONFIG_FILE_UNREADABLE", file: "other.jsonc" }),
  ]);
});
