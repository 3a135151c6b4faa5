/** The recorded series that tests replay; see the README beside them. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/data/nab/", import.meta.url));

/** Three months of the temperature of an industrial machine, 22,695 readings. */
export const machineTemperature: string = `${folder}realKnownCause/machine_temperature_system_failure.csv`;

/**
 * Whether tests that need recorded series are left out: where the data is not beside the project. With `CI`
 * set they run and fail instead.
 */
export const seriesMissing: boolean = !existsSync(machineTemperature) && process.env["CI"] === undefined;
if (seriesMissing) console.warn(`left out: tests that replay recorded series (no ${folder})`);
