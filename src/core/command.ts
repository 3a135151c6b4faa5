/** What people ask of the gateway, as data: it stands in the log, and its effects follow from it alone. */
import type { AlertCommand } from "./alert/command.ts";
import type { DeviceCommand } from "./device-command.ts";

export type GatewayCommand = AlertCommand | DeviceCommand;

/** Tells what is said to a device from what is said to an alert. */
export function isDeviceCommand(command: GatewayCommand): command is DeviceCommand {
  return command.kind === "describe-device" || command.kind === "remove-device";
}
