import { expect, test } from "vitest";
import { pathOfTemplate } from "../../src/codecs/value-template.ts";

test.each([
  ["{{ value }}", ""],
  ["{{value}}", ""],
  ["  {{- value -}}  ", ""],
  ["{{ value | float }}", ""],
  ["{{ value|int(0)|default(0) }}", ""],
  ["{{ value_json.temperature}}", "temperature"],
  ["{{ value_json['SHT3X']['Temperature'] }}", "SHT3X.Temperature"],
  ["{{ value_json.a.b['c'][0] }}", "a.b.c.0"],
  ['{{ value_json["a b"].c }}', "a b.c"],
  ["{{ value_json.temperature | round(1) }}", "temperature"],
  ["{{ value_json.temperature | is_defined }}", "temperature"],
  ["{{ value_json.state | default('off (really)') }}", "state"],
  ["{{ value_json.temperature | float(0) | round(1) | default(none) }}", "temperature"],
])("%s is the path %j", (template, path) => {
  expect(pathOfTemplate(template)).toBe(path);
});

test.each([
  "",
  "value",
  "{{ }}",
  "{{ value_json }}",
  "{{ value_jsonx.a }}",
  "{{ values.a }}",
  "{{ value_json.a / 10 }}",
  "{{ (value_json.a | float) / 10 }}",
  "{{ value | float - 1 }}",
  "{{ value_json.a }}°C",
  "{{ value_json.a }}{{ value_json.b }}",
  "{{ value_json.a | multiply(2) }}",
  "{{ value_json.a | float | regex_replace('a', 'b') }}",
  "{{ value_json.get('a') }}",
  "{{ value_json['a' }}",
  "{{ value_json[-1] }}",
  "{{ value_json['a\\'b'] }}",
  "{% if value_json.a %}1{% endif %}",
  "{{ 'ON' if value_json.a else 'OFF' }}",
  `{{ value_json.${"a".repeat(200)} }}`,
])("%s says more than a path", (template) => {
  expect(pathOfTemplate(template)).toBeUndefined();
});

test.each([
  ["brackets", "{{ value_json" + "[".repeat(4_000)],
  ["spaces", `{{ value | default(${" ".repeat(4_000)}`],
  ["quotes", `{{ value | default(${"'".repeat(4_001)}`],
  ["filters", `{{ value${" | float".repeat(500)}`],
  ["steps", `{{ value_json${".a".repeat(2_000)}`],
])("a template of %s is read in time", (_, template) => {
  const startedAt = process.hrtime.bigint();
  expect(pathOfTemplate(template)).toBeUndefined();
  expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(100);
});
