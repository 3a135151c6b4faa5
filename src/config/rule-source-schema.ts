/** The schema of what feeds a rule. */
import * as z from "zod/mini";
import { isTopicFilter } from "./forms.ts";
import { duration, object, parsed, recordOf, text } from "./shape.ts";
import { globs, key, nameText } from "./rule-words.ts";

export type WrittenGlobs = string | readonly string[];

/** A source as people write it. */
export interface WrittenSource {
  readonly device: WrittenGlobs;
  readonly metric: WrittenGlobs;
  readonly profile?: WrittenGlobs;
  readonly tags?: Readonly<Record<string, WrittenGlobs>>;
  readonly topic?: string;
}

/** One of several sources. */
export interface WrittenSide extends WrittenSource {
  readonly maxAge?: number;
}

function members() {
  return {
    device: key(z.prefault(globs(), "*"), "Names or globs of devices. Default: all."),
    metric: key(globs(), "Names or globs of metrics."),
    profile: z.exactOptional(key(globs(), "Names or globs of device profiles.")),
    tags: z.exactOptional(
      key(recordOf(nameText(), globs()), "What the tags of the device must be: names or globs by tag."),
    ),
    topic: z.exactOptional(
      key(
        parsed(
          {
            code: "TOPIC",
            expected: "A topic filter",
            hint: () =>
              '+ and # each stand alone between slashes, and # only at the end: "plant/+/telemetry/#"',
          },
          (written) => (isTopicFilter(written) ? written : undefined),
        ),
        "An MQTT filter that matches the topic on which the series first came.",
      ),
    ),
  };
}

/** The schema of `source`. */
export const source: z.ZodMiniType<WrittenSource> = object(members());

/** The schema of `sources`. */
export const sources: z.ZodMiniType<Readonly<Record<string, WrittenSide>>> = recordOf(
  text(
    {
      code: "NAME",
      expected: "A name of letters, digits and _",
      hint: () => 'short names read best in expressions: "a", "inlet"',
    },
    /^[A-Za-z_][A-Za-z0-9_]{0,31}$/,
  ),
  object({
    ...members(),
    maxAge: z.exactOptional(
      key(
        duration(1),
        "How old, in event time, what this side said last may be. Default: twice the window's size, or 5m.",
      ),
    ),
  }),
);
