/** All samples of a stretch of time, in as many answers of a gateway as that takes. */
import { samplesMax } from "../../core/read-model.ts";
import type { EpochMs } from "../../core/sample.ts";
import type { GatewayClient } from "./gateway-client.ts";
import type { ShownSample, ShownSamples } from "./shown-samples.ts";

/** Answers that are asked for at most: 200,000 samples are ten minutes of a device with 300 a second. */
const answersMax = 20;

/** What is asked for: event times `[from, to)` of a device, or of one metric of it. */
export interface Stretch {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly names: { readonly device: string; readonly metric?: string };
}

/**
 * Asks for all samples of a stretch.
 *
 * Each answer begins with the instant with which the one before ended; what that one had is left out. It ends
 * where there is nothing new, or with {@link answersMax}, and says so.
 *
 * @throws AppError of `clientErrors`.
 */
export async function allSamples(
  gateway: GatewayClient,
  { from, to, names }: Stretch,
): Promise<ShownSamples> {
  const samples: ShownSample[] = [];
  const answered: unknown[] = [];
  let nextFrom = from;
  let truncated = true;
  for (let answers = 0; truncated && answers < answersMax; answers += 1) {
    const words = { ...names, from: String(nextFrom), to: String(to), limit: String(samplesMax) };
    const found = await gateway.samples(words);
    const known = samples.filter(({ at }) => at === nextFrom).length;
    for (let index = known; index < found.samples.length; index += 1) {
      samples.push(found.samples[index]!);
      answered.push(found.answered[index]);
    }
    ({ truncated } = found);
    const last = samples.at(-1);
    if (last === undefined || found.samples.length <= known) break;
    nextFrom = last.at;
  }
  return { samples, answered, truncated };
}
