/** `/api/v1/devices`: the device registry, and what people say about one device. */
import { type DescribeDevice, deviceTagsMax } from "../core/device-command.ts";
import type { DeviceCommand } from "../core/device-command.ts";
import { nameCharactersMax } from "../core/limits.ts";
import type { Commander } from "../core/ports.ts";
import type { ReadModel } from "../core/read-model.ts";
import { commandFailure } from "./command-failure.ts";
import { Members } from "./members.ts";
import {
  badParameter,
  type CommandRoute,
  jsonAnswer,
  jsonMediaType,
  type Route,
  type RouteOutcome,
  type Schema,
} from "./route.ts";
import { deviceSchema, devicesSchema, removedSchema } from "./schemas.ts";

/** Devices of one answer. */
const devicesShown = 1_000;
const devicesMax = 20_000;

/** Who has said it when nobody is named. */
const nobodyNamed = "http";

/** Makes the route that lists devices. */
export function devicesRoute(readModel: Pick<ReadModel, "devices">): Route {
  return {
    path: "/api/v1/devices",
    summary: "Every device that has sent something, in the order in which it first came.",
    parameters: [
      { name: "device", description: "Only the device of this name.", schema: { type: "string" } },
      { name: "profile", description: "Only devices of this profile.", schema: { type: "string" } },
      {
        name: "online",
        description: "Only devices that are there, or are not; what is not known is neither.",
        schema: { enum: ["true", "false"] },
      },
      {
        name: "limit",
        description: "How many at most; `truncated` tells whether there are more.",
        schema: { type: "integer", minimum: 1, maximum: devicesMax, default: devicesShown },
      },
    ],
    responses: { 200: { description: "Devices.", contentType: jsonMediaType, schema: devicesSchema } },
    handle(query): RouteOutcome {
      const given = query.get("limit") ?? String(devicesShown);
      const limit = /^\d{1,6}$/.test(given) ? Number(given) : 0;
      if (limit < 1 || limit > devicesMax) {
        return badParameter("limit", `"${given}" is not a number from 1 to ${devicesMax}.`);
      }
      const online = query.get("online");
      if (online !== null && online !== "true" && online !== "false") {
        return badParameter("online", `"${online}" is neither true nor false.`);
      }
      const device = query.get("device");
      const profile = query.get("profile");
      const found = readModel
        .devices(device ?? undefined)
        .filter(
          (one) =>
            (profile === null || one.profile === profile) &&
            (online === null || String(one.online) === online),
        );
      return jsonAnswer({ devices: found.slice(0, limit), truncated: found.length > limit });
    },
  };
}

/** What the commands work with. */
interface DeviceSources {
  readonly readModel: Pick<ReadModel, "devices" | "readiness">;
  readonly commander: Commander;
}

const deviceMember: Schema = { type: "string", minLength: 1, maxLength: nameCharactersMax };
const byMember: Schema = { type: "string", minLength: 1, maxLength: nameCharactersMax, default: nobodyNamed };

/** Every route by which people say something about a device. The name is in the body: it may hold slashes. */
export function deviceCommandRoutes(sources: DeviceSources): readonly CommandRoute[] {
  return [
    {
      path: "/api/v1/devices/describe",
      summary: "Gives a device a name for people and tags, above those of the configuration.",
      parameters: [],
      body: {
        required: true,
        schema: {
          type: "object",
          properties: {
            device: deviceMember,
            label: { type: ["string", "null"], description: "null takes it back." },
            tags: {
              type: "object",
              additionalProperties: { type: ["string", "null"] },
              description: "Those that are named; null takes one back.",
            },
            by: byMember,
          },
          required: ["device"],
          additionalProperties: false,
        },
      },
      responses: {
        200: {
          description: "The device as it stands now.",
          contentType: jsonMediaType,
          schema: deviceSchema,
        },
      },
      handle: (_levels, body) => describe(sources, body),
    },
    {
      path: "/api/v1/devices/remove",
      summary: "Forgets a device. Its samples stay in the log; when it sends again, it is new.",
      parameters: [],
      body: {
        required: true,
        schema: {
          type: "object",
          properties: { device: deviceMember, by: byMember },
          required: ["device"],
          additionalProperties: false,
        },
      },
      responses: { 200: { description: "It is gone.", contentType: jsonMediaType, schema: removedSchema } },
      handle: (_levels, body) => remove(sources, body),
    },
  ];
}

async function describe(sources: DeviceSources, body: unknown): Promise<RouteOutcome> {
  const members = new Members(body, ["device", "label", "tags", "by"]);
  const device = members.requiredText("device", nameCharactersMax);
  const label = members.textOrNull("label", nameCharactersMax);
  const tags = members.textsOrNull("tags", { namesMax: deviceTagsMax, charactersMax: 256 });
  const by = members.text("by", nameCharactersMax) ?? nobodyNamed;
  if (label === undefined && tags === undefined) members.wrong("label", 'or "tags" is needed');
  if (members.refusal !== undefined) return members.refusal;
  const command: DescribeDevice = {
    kind: "describe-device",
    device,
    by,
    ...(label === undefined ? {} : { label }),
    ...(tags === undefined ? {} : { tags }),
  };
  return await obeyed(sources, command, () => {
    const [view] = sources.readModel.devices(device);
    return view === undefined ? noSuchDevice(device) : jsonAnswer(view);
  });
}

async function remove(sources: DeviceSources, body: unknown): Promise<RouteOutcome> {
  const members = new Members(body, ["device", "by"]);
  const device = members.requiredText("device", nameCharactersMax);
  const by = members.text("by", nameCharactersMax) ?? nobodyNamed;
  if (members.refusal !== undefined) return members.refusal;
  return await obeyed(sources, { kind: "remove-device", device, by }, () => jsonAnswer({ removed: device }));
}

async function obeyed(
  { readModel, commander }: DeviceSources,
  command: DeviceCommand,
  answer: () => RouteOutcome,
): Promise<RouteOutcome> {
  const { device } = command;
  if (readModel.devices(device).length === 0) return noSuchDevice(device);
  return (await commandFailure({ readModel, commander }, command)) ?? answer();
}

function noSuchDevice(device: string): RouteOutcome {
  const detail = `No device "${device}" has sent anything; /api/v1/devices shows those that have.`;
  return { problem: { status: 404, title: "There is no such device.", detail } };
}
