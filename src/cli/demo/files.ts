/** The demo's configuration and rules, as the files that a user would write. */

/** Where the demo serves. */
export interface DemoPorts {
  readonly mqtt: number;
  readonly http: number;
}

/** Names beside the demo's data. */
export const demoConfigurationFile = "demo.jsonc";
export const demoRulesDirectory = "demo-rules";

/**
 * The configuration file of the demo.
 *
 * @param devicesDirs - Directories of device profiles.
 */
export function demoConfiguration(ports: DemoPorts, devicesDirs: readonly string[]): string {
  return `// Written by \`holdfast demo\` at each start; the rules beside it are yours to change.
{
  "gateway": { "id": "demo" },
  "dataDir": ".",
  "listeners": [{ "protocol": "mqtt", "host": "127.0.0.1", "port": ${ports.mqtt} }],
  "http": { "host": "127.0.0.1", "port": ${ports.http} },
  "access": { "anonymous": true },
  "ingest": {
    "routes": [{ "match": "plant/+/telemetry", "codec": "json", "device": "{1}", "time": "ts" }],
    "devicesDirs": ${JSON.stringify(devicesDirs)}
  },
  "rulesDir": "${demoRulesDirectory}",
  "rollups": ["1m", "15m", "1h"]
}
`;
}

/** The rule files of the demo, by name. Times are short, so that alerts come and go within a minute. */
export const demoRules: Readonly<Record<string, string>> = {
  "cold-room-warm.jsonc": `// A cold room is too warm on average, and stays so.
{
  "id": "cold-room-warm",
  "description": "Cold room above 7.5 °C for ten seconds",
  "source": { "device": "cold-room-*", "metric": "temperature" },
  "groupBy": ["device"],
  "window": { "type": "sliding", "size": "10s", "every": "2s", "lateness": "1s" },
  "aggregate": { "avg": "mean", "most": "max" },
  "when": { "field": "avg", "op": ">", "value": 7.5, "clear": 6.5 },
  "for": "10s",
  "severity": "warning",
  "annotations": { "summary": "{{device}} at {{avg}} °C on average" }
}
`,
  "motor-shakes.jsonc": `// A motor shakes: the highest of five seconds is what counts.
{
  "id": "motor-shakes",
  "description": "Vibration above 5 mm/s",
  "source": { "device": "motor-*", "metric": "vibration" },
  "groupBy": ["device"],
  "window": { "type": "tumbling", "size": "5s", "lateness": "1s" },
  "aggregate": { "peak": "max" },
  "when": { "field": "peak", "op": ">", "value": 5, "clear": 3 },
  "severity": "critical",
  "annotations": { "summary": "{{device}} shakes with {{peak}} mm/s" }
}
`,
  "door-open.jsonc": `// A door was left open: each reading counts by itself, true is 1.
{
  "id": "door-open",
  "description": "Door open for ten seconds",
  "source": { "device": "door-*", "metric": "open" },
  "groupBy": ["device"],
  "window": { "type": "none" },
  "when": { "field": "value", "op": "==", "value": 1 },
  "for": "10s",
  "severity": "info",
  "annotations": { "summary": "{{device}} has been left open" }
}
`,
  "tag-warm.jsonc": `// Only devices that a profile decodes: whatever the vendor calls it, the metric is "temperature", in °C.
{
  "id": "tag-warm",
  "description": "RuuviTag above 25 °C",
  "source": { "profile": "ruuvi/*", "metric": "temperature" },
  "groupBy": ["device"],
  "window": { "type": "none" },
  "when": { "field": "value", "op": ">", "value": 25, "clear": 24.5 },
  "for": "5s",
  "severity": "warning",
  "annotations": { "summary": "{{device}} at {{value}} °C" }
}
`,
  "sensor-stuck.jsonc": `// A sensor that says the same again and again does not measure. Here the days are short.
{
  "id": "sensor-stuck",
  "description": "The same temperature for twenty seconds",
  "source": { "profile": "*", "metric": "temperature" },
  "groupBy": ["device"],
  "window": { "type": "none" },
  "detect": { "type": "flatline", "within": 0, "for": "20s" },
  "severity": "info",
  "annotations": { "summary": "{{device}} rests at {{value}} °C" }
}
`,
  "sensor-silent.jsonc": `// Each of these devices reports every two seconds.
{
  "id": "sensor-silent",
  "description": "No temperature for ten seconds",
  "source": { "profile": "*", "metric": "temperature" },
  "groupBy": ["device"],
  "detect": { "type": "silence", "after": "10s" },
  "severity": "warning",
  "annotations": { "summary": "{{device}} is overdue" }
}
`,
};
