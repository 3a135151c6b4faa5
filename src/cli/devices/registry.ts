/** `holdfast devices list|show|rename|tag|remove`: the devices of a running gateway. */
import { AppError } from "../../core/errors.ts";
import type { AddressOptions } from "../alerts/address.ts";
import { clientErrors } from "../alerts/gateway-client.ts";
import { withGateway } from "../alerts/gateway-session.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { loginName } from "../login-name.ts";
import { writeJson } from "../report.ts";
import { printable } from "../style.ts";
import { deviceRows, factLines } from "./device-table.ts";
import type { ShownDevice } from "./shown-device.ts";
import { tableLines } from "./table.ts";

/** Options of every command here, checked. */
export interface RegistryOptions extends AddressOptions {
  readonly json: boolean;
}

/** Options of `list`, checked. */
export interface ListDevicesOptions extends RegistryOptions {
  readonly online?: boolean;
  readonly offline?: boolean;
  readonly profile?: string;
}

/** Most that a gateway answers with. */
const devicesMax = "20000";

/**
 * Lists devices.
 *
 * @returns 0, 1 when the gateway says no, 3 when the configuration is invalid, 4 when no gateway answers.
 * @throws AppError `CLI_USAGE`.
 */
export async function listDevices(context: CommandContext, options: ListDevicesOptions): Promise<ExitCode> {
  const { online = false, offline = false, profile, json } = options;
  if (online && offline) {
    const hint = "give one of them, or neither for every device";
    throw new AppError("CLI_USAGE", "operator", "--online and --offline exclude each other.", { hint });
  }
  return await withGateway(context, options, async (gateway) => {
    const devices = await gateway.devices({
      limit: devicesMax,
      ...(online || offline ? { online: String(online) } : {}),
      ...(profile === undefined ? {} : { profile }),
    });
    if (json) writeJson(context, { devices: devices.map(({ answered }) => answered) });
    else if (devices.length === 0) context.err.write("No devices.\n");
    else {
      const { head, rows } = deviceRows(devices, context.clock.now());
      for (const line of tableLines(context.out, head, rows)) context.out.write(`${line}\n`);
    }
    return exitCodes.done;
  });
}

/** Shows everything that is known of one device. Returns and throws as {@link listDevices}. */
export async function showDevice(
  context: CommandContext,
  name: string,
  options: RegistryOptions,
): Promise<ExitCode> {
  return await withGateway(context, options, async (gateway) => {
    const [device] = await gateway.devices({ device: name });
    if (device === undefined) throw noSuchDevice(name);
    tell(context, device, options);
    return exitCodes.done;
  });
}

/** Gives a device a name for people; without one takes it back. Returns and throws as {@link listDevices}. */
export async function renameDevice(
  context: CommandContext,
  name: string,
  label: string | undefined,
  options: RegistryOptions,
): Promise<ExitCode> {
  return await withGateway(context, options, async (gateway) => {
    const said = { device: name, label: label ?? null, by: loginName(context) };
    tell(context, await gateway.describeDevice(said), options);
    return exitCodes.done;
  });
}

/**
 * Gives a device tags.
 *
 * @param tags - `name=value`, or `name=` to take one back.
 * @returns As {@link listDevices}.
 * @throws AppError `CLI_USAGE`.
 */
export async function tagDevice(
  context: CommandContext,
  name: string,
  tags: readonly string[],
  options: RegistryOptions,
): Promise<ExitCode> {
  const entries = tags.map((written): [string, string | null] => {
    const [tag = "", ...rest] = written.split("=");
    if (tag !== "" && rest.length > 0) return [tag, rest.join("=") === "" ? null : rest.join("=")];
    const hint = "write name=value, or name= to take a tag back";
    throw new AppError("CLI_USAGE", "operator", `"${written}" is not a tag.`, { hint });
  });
  return await withGateway(context, options, async (gateway) => {
    const said = { device: name, tags: Object.fromEntries(entries), by: loginName(context) };
    tell(context, await gateway.describeDevice(said), options);
    return exitCodes.done;
  });
}

/** Forgets a device. Returns and throws as {@link listDevices}. */
export async function removeDevice(
  context: CommandContext,
  name: string,
  options: RegistryOptions,
): Promise<ExitCode> {
  return await withGateway(context, options, async (gateway) => {
    await gateway.removeDevice({ device: name, by: loginName(context) });
    if (options.json) writeJson(context, { removed: name });
    else
      context.out.write(`${printable(name)} is removed; its samples stay. When it sends again, it is new.\n`);
    return exitCodes.done;
  });
}

function tell(context: CommandContext, device: ShownDevice, { json }: RegistryOptions): void {
  if (json) {
    writeJson(context, device.answered);
    return;
  }
  const { out, clock } = context;
  const facts = factLines(device, clock.now());
  for (const [name, value] of facts) out.write(`${name.padEnd(10)} ${printable(value)}\n`);
  out.write("\n");
  const rows = device.metrics.map(({ metric, unit = "", label = "" }) => [metric, unit, label]);
  for (const line of tableLines(out, ["metric", "unit", "label"], rows)) out.write(`${line}\n`);
}

function noSuchDevice(name: string): AppError {
  const hint = "`holdfast devices list` shows every device.";
  return new AppError(clientErrors.refused, "operator", `No device "${name}" has sent anything.`, { hint });
}
