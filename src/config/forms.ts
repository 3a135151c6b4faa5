/** What certain texts of the configuration must look like. */
import { parseDuration } from "../core/time/duration.ts";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
const control = /[\u0000-\u001f\u007f]/;

export { isTopicFilter } from "../core/topic.ts";

/** Tells whether topics can be made by putting names behind this text. */
export function isTopicPrefix(written: string): boolean {
  return (
    written.endsWith("/") &&
    !/^[/$]|\/\/|[+#]/.test(written) &&
    !control.test(written) &&
    written.length <= 128
  );
}

/** Tells whether this is the address of an MQTT broker, without credentials in it. */
export function isBrokerUrl(written: string): boolean {
  if (!/^mqtts?:\/\//.test(written) || !URL.canParse(written)) return false;
  const url = new URL(written);
  return url.hostname !== "" && url.username === "" && url.password === "";
}

/** Tells whether a rollup may have this length. */
export function isResolution(written: string): boolean {
  return (parseDuration(written) ?? 0) >= 1_000;
}
