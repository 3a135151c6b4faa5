/** A running gateway as commands reach it over HTTP. */
import { AppError, messageOf } from "../../core/errors.ts";
import { isObject, type ShownAlert, shownAlertOf } from "./shown-alert.ts";
import { type ShownDevice, shownDeviceOf } from "../devices/shown-device.ts";
import { type ShownReplay, shownReplayOf } from "./shown-replay.ts";
import { type ShownSamples, shownSamplesOf } from "./shown-samples.ts";

/** How long the gateway may take; a disk that writes slowly takes seconds. */
const answerWithinMs = 15_000;

/** Failures of {@link GatewayClient}, by what they mean for the exit code. */
export const clientErrors = {
  /** Nobody answers, or somebody who is no holdfast. */
  unreachable: "GATEWAY_UNREACHABLE",
  /** The gateway has said no. */
  refused: "GATEWAY_REFUSED",
} as const;

export class GatewayClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param url - `http://host:port`, maybe with a path that stands before those of the gateway.
   * @param token - What a gateway beyond loopback demands.
   */
  constructor(url: string, token?: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  /** @throws AppError of {@link clientErrors}. */
  async alerts(): Promise<readonly ShownAlert[]> {
    const answered = await this.#ask("/api/v1/alerts", {});
    const list = isObject(answered) ? answered["alerts"] : undefined;
    if (!Array.isArray(list)) throw this.#stranger();
    return list.map((one) => shownAlertOf(one) ?? this.#fail());
  }

  /**
   * The rules in force, as they are answered, by id.
   *
   * @throws AppError of {@link clientErrors}.
   */
  async rules(): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
    const answered = await this.#ask("/api/v1/rules", {});
    const list = isObject(answered) ? answered["rules"] : undefined;
    if (!Array.isArray(list)) throw this.#stranger();
    return new Map(list.filter(isObject).map((rule) => [String(rule["id"]), rule]));
  }

  /**
   * Raw samples out of the gateway's log.
   *
   * @param query - As `/api/v1/samples` takes it.
   * @throws AppError of {@link clientErrors}.
   */
  async samples(query: Readonly<Record<string, string>>): Promise<ShownSamples> {
    const words = new URLSearchParams(query).toString();
    return shownSamplesOf(await this.#ask(`/api/v1/samples?${words}`, {})) ?? this.#fail();
  }

  /**
   * Commands something to an alert.
   *
   * @returns The alert as it stands then.
   * @throws AppError of {@link clientErrors}.
   */
  async command(
    id: string,
    verb: "ack" | "shelve",
    body: Readonly<Record<string, unknown>>,
  ): Promise<ShownAlert> {
    return shownAlertOf(await this.#tell(`/api/v1/alerts/${id}/${verb}`, body)) ?? this.#fail();
  }

  /**
   * The device registry.
   *
   * @param query - As `/api/v1/devices` takes it.
   * @throws AppError of {@link clientErrors}.
   */
  async devices(query: Readonly<Record<string, string>>): Promise<readonly ShownDevice[]> {
    const answered = await this.#ask(`/api/v1/devices?${new URLSearchParams(query).toString()}`, {});
    const list = isObject(answered) ? answered["devices"] : undefined;
    if (!Array.isArray(list)) throw this.#stranger();
    return list.map((one) => shownDeviceOf(one) ?? this.#fail());
  }

  /**
   * Gives a device a name for people, or tags.
   *
   * @returns The device as it stands then.
   * @throws AppError of {@link clientErrors}.
   */
  async describeDevice(body: Readonly<Record<string, unknown>>): Promise<ShownDevice> {
    return shownDeviceOf(await this.#tell("/api/v1/devices/describe", body)) ?? this.#fail();
  }

  /** @throws AppError of {@link clientErrors}. */
  async removeDevice(body: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#tell("/api/v1/devices/remove", body);
  }

  async #tell(path: string, body: Readonly<Record<string, unknown>>): Promise<unknown> {
    return await this.#ask(path, {
      method: "POST",
      body: JSON.stringify(body),
    });
  }

  /**
   * Has kept dead letters decoded again.
   *
   * @param body - As `/api/v1/dead-letters/replay` takes it.
   * @throws AppError of {@link clientErrors}.
   */
  async replayDeadLetters(body: Readonly<Record<string, unknown>>): Promise<ShownReplay> {
    return shownReplayOf(await this.#tell("/api/v1/dead-letters/replay", body)) ?? this.#fail();
  }

  async #ask(path: string, request: Pick<RequestInit, "method" | "body">): Promise<unknown> {
    let answer: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(answerWithinMs);
      const headers: Record<string, string> = { ...this.#headers };
      if (request.body !== undefined) headers["Content-Type"] = "application/json";
      answer = await fetch(`${this.#url}${path}`, { ...request, headers, redirect: "error", signal });
      text = await answer.text();
    } catch (error) {
      throw this.#unreachable(error, request.method === "POST");
    }
    const answered = parsedOf(text);
    if (answer.ok) return answered;
    const { status } = answer;
    const detail = isObject(answered) ? answered["detail"] : undefined;
    if (typeof detail !== "string") throw this.#stranger();
    const hint = "Put a token into the environment variable HOLDFAST_TOKEN; `holdfast token add` makes one.";
    throw new AppError(clientErrors.refused, "operator", detail, status === 401 ? { hint } : {});
  }

  #unreachable(error: unknown, isCommand: boolean): AppError {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    const message = late
      ? `The gateway at ${this.#url} has not answered within ${answerWithinMs / 1_000} s.`
      : `No gateway answers at ${this.#url}.`;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const hint =
      late && isCommand
        ? "Whether it took the command is not known: look at what is there now."
        : "Is it running? Name its HTTP address with --url, or its configuration with --config.";
    return new AppError(clientErrors.unreachable, "transient", message, { hint, cause: causeOf(cause) });
  }

  #fail(): never {
    throw this.#stranger();
  }

  #stranger(): AppError {
    const hint = "Name the gateway's HTTP address with --url, or its configuration with --config.";
    return new AppError(
      clientErrors.unreachable,
      "operator",
      `What answers at ${this.#url} is no holdfast.`,
      { hint },
    );
  }
}

/** A refused connection to a name with several addresses has no message of its own, only its code. */
function causeOf(error: unknown): string {
  const message = messageOf(error);
  if (message !== "") return message;
  return isObject(error) && typeof error["code"] === "string" ? error["code"] : "";
}

function parsedOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
