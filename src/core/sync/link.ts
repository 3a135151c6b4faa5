/**
 * The upstream link as a state machine: when to connect, when to give up, how long to wait.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> down
 *   down --> connecting: opened / connect
 *   connecting --> up: connected
 *   connecting --> waiting: lost
 *   connecting --> waiting: woken past giveUpAt / disconnect
 *   up --> waiting: lost
 *   up --> waiting: stalled / disconnect
 *   waiting --> connecting: woken past retryAt / connect
 *   down --> closed: closed
 *   waiting --> closed: closed
 *   connecting --> closed: closed / disconnect
 *   up --> closed: closed / disconnect
 * ```
 *
 * An event that makes no sense in a state changes nothing: a shell may hear late from a connection it has
 * left. Every state but `down` and `closed` has something pending, a timer ({@link linkWakeAt}) or a live
 * connection, so the link never stands still.
 */
import { type BackoffPolicy, backoffMs } from "./backoff.ts";

/** Where the link is. Instants are monotonic milliseconds. */
export type LinkState =
  /** Not opened yet. */
  | { readonly kind: "down" }
  /** `failures` attempts in a row did not give a lasting connection; the next is at `retryAt`. */
  | { readonly kind: "waiting"; readonly failures: number; readonly retryAt: number }
  /** An attempt is under way, and is given up at `giveUpAt`. */
  | { readonly kind: "connecting"; readonly failures: number; readonly giveUpAt: number }
  /** Connected. `productive` once the far end has acknowledged something on this connection. */
  | {
      readonly kind: "up";
      readonly failures: number;
      readonly since: number;
      readonly productive: boolean;
    }
  /** Closed for good. */
  | { readonly kind: "closed" };

/** What can happen to a link. */
export type LinkEvent =
  | { readonly kind: "opened" }
  /** The instant of {@link linkWakeAt} may have come. */
  | { readonly kind: "woken" }
  | { readonly kind: "connected" }
  /** The far end acknowledged a batch. */
  | { readonly kind: "acknowledged" }
  /** The attempt failed or the connection ended. `crowded` when the far end said it has too much to do. */
  | { readonly kind: "lost"; readonly crowded: boolean }
  /** Batches are out and no acknowledgement has come for too long. */
  | { readonly kind: "stalled" }
  | { readonly kind: "closed" };

/** What the shell has to do. `disconnect` abandons the attempt or connection; nothing more is heard of it. */
export type LinkEffect = "connect" | "disconnect";

/** What a step is given beside state and event. */
export interface LinkContext {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** From `[0, 1)`; used when the step begins a wait. */
  readonly random: number;
  readonly policy: BackoffPolicy;
  /** How long an attempt may take, milliseconds. */
  readonly connectMs: number;
}

/** The next state and what to do, in order. */
export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

/** Where every link begins. */
export const linkDown: LinkState = { kind: "down" };

/** Takes one event. Never throws; the same state object comes back when nothing changed. */
export function stepLink(state: LinkState, event: LinkEvent, context: LinkContext): LinkStep {
  switch (event.kind) {
    case "opened":
      return state.kind === "down" ? connecting(0, context) : { state, effects: [] };
    case "woken":
      return woken(state, context);
    case "connected":
      if (state.kind !== "connecting") return { state, effects: [] };
      return {
        state: { kind: "up", failures: state.failures, since: context.now, productive: false },
        effects: [],
      };
    case "acknowledged":
      if (state.kind !== "up" || state.productive) return { state, effects: [] };
      return { state: { ...state, productive: true }, effects: [] };
    case "lost":
      return lost(state, event.crowded, context);
    case "stalled":
      if (state.kind !== "up") return { state, effects: [] };
      return { state: waiting(failuresAfter(state, false, context), context), effects: ["disconnect"] };
    case "closed":
      if (state.kind === "closed") return { state, effects: [] };
      return {
        state: { kind: "closed" },
        effects: state.kind === "connecting" || state.kind === "up" ? ["disconnect"] : [],
      };
  }
}

/** The monotonic instant at which the link wants a `woken`, if any. */
export function linkWakeAt(state: LinkState): number | undefined {
  if (state.kind === "waiting") return state.retryAt;
  if (state.kind === "connecting") return state.giveUpAt;
  return undefined;
}

function woken(state: LinkState, context: LinkContext): LinkStep {
  if (state.kind === "waiting" && context.now >= state.retryAt) return connecting(state.failures, context);
  if (state.kind === "connecting" && context.now >= state.giveUpAt) {
    return { state: waiting(failuresAfter(state, false, context), context), effects: ["disconnect"] };
  }
  return { state, effects: [] };
}

function lost(state: LinkState, crowded: boolean, context: LinkContext): LinkStep {
  if (state.kind !== "connecting" && state.kind !== "up") return { state, effects: [] };
  return { state: waiting(failuresAfter(state, crowded, context), context), effects: [] };
}

function connecting(failures: number, context: LinkContext): LinkStep {
  return {
    state: { kind: "connecting", failures, giveUpAt: context.now + context.connectMs },
    effects: ["connect"],
  };
}

function waiting(failures: number, context: LinkContext): LinkState {
  return {
    kind: "waiting",
    failures,
    retryAt: context.now + backoffMs(context.policy, failures, context.random),
  };
}

/** Failures in a row, this one included. */
function failuresAfter(
  state: Extract<LinkState, { kind: "connecting" | "up" }>,
  crowded: boolean,
  { now, policy }: LinkContext,
): number {
  let failures = state.failures + 1;
  if (state.kind === "up") {
    if (now - state.since >= policy.stableMs) failures = 1;
    else if (state.productive) failures = Math.min(failures, policy.productiveFailuresMax);
  }
  return crowded ? Math.max(failures, policy.crowdedFailuresMin) : failures;
}
