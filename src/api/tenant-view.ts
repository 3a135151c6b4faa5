/**
 * The gateway as one tenant sees it: its devices, samples, alerts, rules and dead letters, called as its own clients
 * call them, and nothing that tells of anybody else. What is about the gateway as a whole is not there at all.
 */
import type { DeviceCommand } from "../core/device-command.ts";
import { isDeviceCommand } from "../core/command.ts";
import type { DeviceView } from "../core/device-view.ts";
import { deadLettersMax } from "../core/limits.ts";
import type { Commander, DeadLetterReplayer } from "../core/ports.ts";
import type { ReadModel } from "../core/read-model.ts";
import { isOfTenant, mountOf, tenantOfAlert, withinTenant } from "../core/tenant.ts";

/** What of the gateway a tenant may read. */
type TenantReadable = "readiness" | "alerts" | "rules" | "devices" | "topics" | "deadLetters" | "samples";

/** The parts behind the API, as a tenant has them. */
export interface TenantParts {
  readonly readModel: Pick<ReadModel, TenantReadable>;
  readonly commander: Commander;
  readonly replayer: DeadLetterReplayer;
}

/** The parts behind the API, of the gateway as a whole. */
export interface WholeParts {
  readonly readModel: ReadModel;
  readonly commander: Commander;
  readonly replayer: DeadLetterReplayer;
}

/** Narrows the parts to what is a tenant's. */
export function tenantParts(whole: WholeParts, tenant: string): TenantParts {
  return {
    readModel: readModelOf(whole.readModel, tenant),
    commander: commanderOf(whole.commander, tenant),
    replayer: replayerOf(whole.replayer, tenant),
  };
}

function readModelOf(whole: ReadModel, tenant: string): TenantParts["readModel"] {
  const mount = mountOf(tenant);
  const rules = (): ReturnType<ReadModel["rules"]> => whole.rules().filter((rule) => rule.tenant === tenant);
  return {
    readiness: () => whole.readiness(),
    rules,
    alerts: () => whole.alerts().filter((alert) => tenantOfAlert(alert) === tenant),
    devices(only) {
      const found = only === undefined ? whole.devices() : whole.devices(mount + only);
      return found.filter(({ device }) => isOfTenant(device, tenant)).map(ownView);
    },
    topics() {
      const own = whole.topics().filter(({ topic }) => isOfTenant(topic, tenant));
      return own.map((view) => ({ ...view, topic: withinTenant(view.topic) }));
    },
    async deadLetters(limit) {
      const letters = await whole.deadLetters(deadLettersMax);
      return letters
        .filter(({ topic }) => isOfTenant(topic, tenant))
        .slice(0, limit)
        .map((letter) => ({
          ...letter,
          topic: withinTenant(letter.topic),
          clientId: withinTenant(letter.clientId),
        }));
    },
    async samples(query) {
      const answer = await whole.samples({ ...query, device: mount + query.device });
      if ("unknown" in answer) return answer;
      return { ...answer, samples: answer.samples.map((sample) => ({ ...sample, device: query.device })) };
    },
  };
}

function ownView({ device, label, via, ...more }: DeviceView): DeviceView {
  const name = withinTenant(device);
  return {
    ...more,
    device: name,
    label: label === device ? name : label,
    ...(via === undefined ? {} : { via: withinTenant(via) }),
  };
}

function commanderOf(whole: Commander, tenant: string): Commander {
  const owned = (command: DeviceCommand): DeviceCommand => ({
    ...command,
    device: mountOf(tenant) + command.device,
  });
  // The routes address only alerts that they have found in what the tenant sees.
  return { command: (command) => whole.command(isDeviceCommand(command) ? owned(command) : command) };
}

function replayerOf(whole: DeadLetterReplayer, tenant: string): DeadLetterReplayer {
  return {
    async replayDeadLetters({ topic = "#", ...request }) {
      // A tenant's level alone is no topic of the tenant, and "#" would match it.
      const own = mountOf(tenant) + (topic === "#" ? "+/#" : topic);
      const report = await whole.replayDeadLetters({ ...request, topic: own });
      const refused = Object.entries(report.refused).map(([cause, { count, examples }]) => [
        cause,
        { count, examples: examples.map((letter) => ({ ...letter, topic: withinTenant(letter.topic) })) },
      ]);
      return { ...report, refused: Object.fromEntries(refused) };
    },
  };
}
