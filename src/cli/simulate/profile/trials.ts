/** What becomes of payloads of one profile, decoded as a gateway decodes them. */
import { decoders } from "../../../codec-makers.ts";
import { invariant } from "../../../core/errors.ts";
import type { DeviceProfile } from "../../../core/profile.ts";
import type { EpochMs } from "../../../core/sample.ts";
import { DecodePlans } from "../../../ingest/decode-plans.ts";
import { type Trial, tryPayload } from "../../../ingest/profile-trial.ts";
import { clientIdOf } from "./identity.ts";
import { parseRoutes } from "../../../ingest/routes.ts";

/**
 * Decodes one payload on a topic that nothing came on before.
 *
 * @returns Nothing where the profile does not match the topic.
 */
export type TryOut = (topic: string, bytes: Uint8Array, receivedAt: EpochMs) => Trial | undefined;

/** Makes the trials of a profile. */
export function trialsOf(profile: DeviceProfile): TryOut {
  const routes = parseRoutes([], { profiles: [profile] });
  invariant(routes.ok, "a profile that was loaded makes routes");
  const clientId = clientIdOf(profile, "1");
  return (topic, bytes, receivedAt) => {
    const message = { topic, clientId, bytes, start: 0, end: bytes.length };
    const plan = new DecodePlans(routes.value, decoders()).planOf(message);
    return plan.profile === undefined ? undefined : tryPayload(plan, bytes, receivedAt);
  };
}
