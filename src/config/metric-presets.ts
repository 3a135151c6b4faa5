/**
 * What sensors usually measure: unit, range and resolution of metrics by the name of a preset.
 *
 * Ranges are those of the widest sensors on the market, in the unit of the preset: what lies outside is a
 * mistake of the sensor or of its profile. A profile narrows them to what its sensor can do. Resolutions are those
 * of common sensors as they report, coarser than their noise would be: 0.1 °C, 1 ppm, 0.25 dB (the step of LoRa's
 * signal-to-noise ratio), 10 Pa (0.1 hPa).
 */

/** What is said about one metric. */
export interface MetricPreset {
  readonly description: string;
  /** What its values are. */
  readonly kind: "number" | "state";
  /** The unit in which values are stored; nothing for states, indexes, and counters of anything. */
  readonly unit?: string;
  readonly range?: readonly [low: number, high: number];
  /** The step in which such sensors usually report, in the unit; nothing for states. */
  readonly resolution?: number;
}

function number(
  description: string,
  unit: string | undefined,
  range: readonly [low: number, high: number],
  resolution: number,
): MetricPreset {
  return { description, kind: "number", ...(unit === undefined ? {} : { unit }), range, resolution };
}

function state(description: string): MetricPreset {
  return { description, kind: "state" };
}

const presets: Readonly<Record<string, MetricPreset>> = {
  temperature: number("Temperature of air, surface or probe.", "°C", [-100, 250], 0.1),
  "high-temperature": number("Temperature of a thermocouple or a furnace.", "°C", [-270, 2_000], 0.25),
  "dew-point": number("Dew point.", "°C", [-100, 100], 0.1),
  humidity: number("Relative humidity.", "%", [0, 100], 0.1),
  pressure: number("Air pressure, absolute.", "Pa", [30_000, 120_000], 10),
  "line-pressure": number("Pressure in pipes and tanks, against the air.", "bar", [-1, 1_000], 0.01),
  "differential-pressure": number("Difference of two pressures.", "Pa", [-10_000, 10_000], 0.1),
  "soil-moisture": number("Water in the soil by volume.", "%", [0, 100], 1),
  conductivity: number("Electrical conductivity of soil or water.", "µS/cm", [0, 200_000], 10),
  ph: number("Acidity.", "pH", [0, 14], 0.01),
  turbidity: number("Turbidity of water.", "NTU", [0, 10_000], 0.1),

  illuminance: number("Illuminance.", "lx", [0, 200_000], 1),
  irradiance: number("Power of the sun on an area.", "W/m²", [0, 2_000], 1),
  "uv-index": number("UV index.", undefined, [0, 25], 0.1),
  sound: number("Sound level, A-weighted.", "dB(A)", [0, 200], 0.1),

  co2: number("Carbon dioxide.", "ppm", [0, 50_000], 1),
  co: number("Carbon monoxide.", "ppm", [0, 10_000], 1),
  voc: number("Volatile organic compounds.", "ppb", [0, 100_000], 1),
  "voc-index": number("Index of volatile organic compounds.", undefined, [0, 500], 1),
  "nox-index": number("Index of nitrogen oxides.", undefined, [0, 500], 1),
  pm1: number("Particles up to 1 µm.", "µg/m³", [0, 5_000], 1),
  "pm2.5": number("Particles up to 2.5 µm.", "µg/m³", [0, 5_000], 1),
  pm4: number("Particles up to 4 µm.", "µg/m³", [0, 5_000], 1),
  pm10: number("Particles up to 10 µm.", "µg/m³", [0, 5_000], 1),
  radon: number("Radon.", "Bq/m³", [0, 100_000], 1),

  voltage: number("Voltage of a supply.", "V", [-1_500, 1_500], 0.1),
  current: number("Current.", "A", [-10_000, 10_000], 0.01),
  power: number("Active power; negative when it is fed in.", "W", [-1e7, 1e7], 0.1),
  "apparent-power": number("Apparent power.", "VA", [0, 1e7], 0.1),
  "reactive-power": number("Reactive power.", "var", [-1e7, 1e7], 0.1),
  "power-factor": number("Active by apparent power.", undefined, [-1, 1], 0.01),
  energy: number("Energy, counted up.", "kWh", [0, 1e9], 0.001),
  frequency: number("Frequency of the mains.", "Hz", [0, 1_000], 0.01),

  "battery-voltage": number("Voltage of the sensor's own battery.", "V", [0, 60], 0.01),
  battery: number("Charge of the sensor's own battery.", "%", [0, 100], 1),
  "battery-low": state("Whether the battery is to be changed."),
  rssi: number("Strength of the radio signal.", "dBm", [-150, 20], 1),
  snr: number("Signal by noise of the radio.", "dB", [-40, 60], 0.25),
  "link-quality": number("Link quality as the radio reports it.", undefined, [0, 255], 1),
  "tx-power": number("Power of the sensor's transmitter.", "dBm", [-60, 40], 1),

  motion: state("Whether something moves."),
  occupancy: state("Whether somebody is there."),
  contact: state("Whether a door or window is open."),
  "water-leak": state("Whether there is water where none should be."),
  smoke: state("Whether there is smoke."),
  tamper: state("Whether the housing is open."),
  vibration: state("Whether it shakes."),
  switch: state("Whether it is switched on."),
  online: state("Whether the device is there."),

  position: number("How far a cover, valve or dimmer is open.", "%", [0, 100], 1),
  level: number("Filling level.", "%", [0, 100], 0.1),
  distance: number("Distance.", "m", [0, 10_000], 0.001),
  latitude: number("Latitude, WGS 84.", "°", [-90, 90], 1e-5),
  longitude: number("Longitude, WGS 84.", "°", [-180, 180], 1e-5),
  altitude: number("Height above sea level.", "m", [-1_000, 20_000], 0.1),
  speed: number("Speed.", "km/h", [0, 2_000], 0.1),
  acceleration: number("Acceleration.", "m/s²", [-2_000, 2_000], 0.01),
  angle: number("Angle.", "°", [-360, 360], 0.1),
  "rotational-speed": number("Turns by time.", "1/min", [0, 200_000], 1),

  "wind-speed": number("Speed of the wind.", "m/s", [0, 120], 0.1),
  "wind-gust": number("Speed of the strongest gust.", "m/s", [0, 120], 0.1),
  "wind-direction": number("Where the wind comes from.", "°", [0, 360], 1),
  rain: number("Rain, counted up.", "mm", [0, 1e6], 0.1),
  "rain-rate": number("Rain by time.", "mm/h", [0, 2_000], 0.1),

  volume: number("Water or gas, counted up.", "m³", [0, 1e9], 0.001),
  flow: number("Flow of water or gas.", "m³/h", [-1e6, 1e6], 0.001),
  weight: number("Weight on a scale.", "kg", [-1e6, 1e6], 0.01),
  counter: number("Anything that is counted up.", undefined, [0, Number.MAX_SAFE_INTEGER], 1),
  uptime: number("Time since the device was started.", "s", [0, 1e10], 1),
};

/** The names of presets, in the order of the table. */
export const metricPresetNames: readonly string[] = Object.keys(presets);

/** A preset by its name; nothing where there is none. */
export function metricPresetOf(name: string): MetricPreset | undefined {
  return Object.hasOwn(presets, name) ? presets[name] : undefined;
}
