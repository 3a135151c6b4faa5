import type { RejectCause, Rejection } from "../core/decode.ts";

/** Makes a rejection; `detail` is one sentence for a person, without anything secret in it. */
export function rejected(cause: RejectCause, detail: string): Rejection {
  return { cause, detail };
}
