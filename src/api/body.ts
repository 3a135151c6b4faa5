/** The body of a command: small, JSON, and there within the time that a request has. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../core/errors.ts";
import type { ProblemDocument } from "./problem.ts";

/** Bytes of a body. The longest name and reason at three bytes a character are 3.4 KB. */
const bodyBytesMax = 4_096;

/** Whether a body follows the headers. */
export function announcesBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

/**
 * What is wrong with a body as far as the headers tell.
 *
 * A type that is not JSON is refused although no body comes with it: it is what a form of any page can send.
 */
export function bodyRefusal(headers: IncomingHttpHeaders): ProblemDocument | undefined {
  const type = headers["content-type"];
  const isJson = /^application\/json\s*(?:;|$)/i.test(type ?? "");
  const encoding = headers["content-encoding"] ?? "identity";
  if ((type !== undefined || announcesBody(headers)) && (!isJson || encoding !== "identity")) {
    return {
      status: 415,
      title: "The body is not of a type that is read here.",
      detail: 'Send JSON, not compressed, with "Content-Type: application/json".',
    };
  }
  return Number(headers["content-length"] ?? 0) > bodyBytesMax ? tooLong : undefined;
}

const tooLong: ProblemDocument = {
  status: 413,
  title: "The body is too long.",
  detail: `At most ${bodyBytesMax} bytes are read.`,
};

/** A body that was read, or why not; nothing when the client is gone, and nobody waits for an answer. */
export type BodyOutcome = { readonly value: unknown } | { readonly problem: ProblemDocument } | undefined;

/**
 * Reads a body and parses it. How long it may take is for the server's `requestTimeout` to say.
 *
 * @returns The value `undefined` when there is no body.
 */
export async function readBody(request: IncomingMessage, response: ServerResponse): Promise<BodyOutcome> {
  if (!announcesBody(request.headers)) return { value: undefined };
  if (request.headers.expect !== undefined) response.writeContinue();
  const bytes = await bytesOf(request);
  if (bytes === "gone") return undefined;
  if (bytes === "too-long") return { problem: tooLong };
  return parsed(bytes);
}

function bytesOf(request: IncomingMessage): Promise<Buffer | "too-long" | "gone"> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bodyBytesMax) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      request.removeAllListeners("data");
      resolve("too-long");
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", () => resolve("gone"));
    request.once("close", () => resolve("gone"));
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parsed(bytes: Buffer): BodyOutcome {
  if (bytes.length === 0) return { value: undefined };
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return { value };
  } catch (error) {
    const detail = `The body is not JSON: ${messageOf(error)}.`;
    return {
      problem: { status: 400, title: "The body is not valid.", detail, errors: [{ pointer: "#", detail }] },
    };
  }
}
