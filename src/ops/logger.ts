/**
 * pino behind the core's {@link Logger}: one JSON object a line.
 *
 * No worker threads: each would cost some 10 MB. Lines go through {@link LineWriter}, so that a reader that
 * stalls holds nothing up.
 */
import { type DestinationStream, type LoggerOptions, pino } from "pino";
import type { Logger } from "../core/ports.ts";
import { LineWriter } from "./line-writer.ts";

/** How long the last lines may take to be read. */
const closeForMs = 300;

/** Which lines are written: this level and those above it. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How to log. */
export interface LoggerSettings {
  readonly level: LogLevel;
  /** File descriptor to write to; 1 is standard output. */
  readonly fileDescriptor: number;
  /** Write for people instead of programs. Loads the formatter only then. */
  readonly pretty: boolean;
  readonly colour: boolean;
}

/** A logger that can be closed. */
export interface OpenLogger {
  readonly logger: Logger;
  /** Waits for the last lines to be written, for a third of a second at most. */
  readonly close: () => Promise<void>;
  /** Lines dropped because nobody read them. */
  readonly droppedCount: () => number;
}

/** Field names whose value nobody may read in a log, at the top of the fields and one level down. */
const secretFields: readonly string[] = [
  "password",
  "passwd",
  "secret",
  "token",
  "authorization",
  "cookie",
  "privateKey",
  "apiKey",
];

const censored = "[secret]";

/** Takes user name, password and query out of whatever looks like a URL. */
function withoutCredentials(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1").replace(/\?.*$/s, "");
}

function pinoOptions(level: LogLevel): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: () => `,"time":${Date.now()}`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: censored },
    serializers: { url: withoutCredentials },
  };
}

/**
 * Makes a logger that writes to a stream, with the redaction and the form of every other log line.
 *
 * Secrets are censored by field name, and `url` loses its credentials.
 */
export function loggerTo(stream: DestinationStream, level: LogLevel): Logger {
  return pino(pinoOptions(level), stream);
}

/** Opens the process's logger. */
export async function openLogger(settings: LoggerSettings): Promise<OpenLogger> {
  const writer = new LineWriter(settings.fileDescriptor);
  const stream = settings.pretty ? await prettyStream(writer, settings.colour) : writer;
  return {
    logger: loggerTo(stream, settings.level),
    close: () => writer.close(closeForMs),
    droppedCount: () => writer.droppedCount,
  };
}

async function prettyStream(writer: LineWriter, colour: boolean): Promise<DestinationStream> {
  const { prettyFactory } = await import("pino-pretty");
  const format = prettyFactory({ colorize: colour, ignore: "event", translateTime: "SYS:HH:MM:ss.l" });
  return { write: (line) => writer.write(format(line)) };
}
