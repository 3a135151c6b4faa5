/**
 * Units of measurement: how they are written here, how others write them, and how to get from one to another.
 *
 * Source: UCUM 2.1 and RFC 8428 § 12.1, RFC 8798 (SenML units) for the spellings; BIPM, The International
 * System of Units, 9th edition, and NIST SP 811, appendix B, for the factors.
 */

/** A unit that is known. */
export interface Unit {
  /** How it is written here. */
  readonly symbol: string;
  /** What is measured in it; units of one quantity can be converted. */
  readonly quantity: string;
  /** In the base unit of the quantity a value is `value × factor + offset`. */
  readonly factor: number;
  readonly offset: number;
  /** The unit in which such values are stored; mostly itself. */
  readonly canonical: string;
}

/** `value × scale + offset` is the value in the other unit. */
export interface UnitConversion {
  readonly scale: number;
  readonly offset: number;
}

interface Row {
  readonly symbol: string;
  readonly factor: number;
  /** Other ways to write it, divided by blanks. */
  readonly spellings?: string;
  readonly offset?: number;
  readonly canonical?: string;
}

function row(symbol: string, factor: number, spellings = "", canonical = symbol): Row {
  return { symbol, factor, spellings, canonical };
}

/** By quantity; a unit that is not stored as it is names the one that is. */
const table: Readonly<Record<string, readonly Row[]>> = {
  temperature: [
    row("°C", 1, "Cel C degC celsius Celsius \u2103"),
    { symbol: "K", factor: 1, offset: -273.15, spellings: "kelvin" },
    {
      symbol: "°F",
      factor: 5 / 9,
      offset: -160 / 9,
      canonical: "°C",
      spellings: "degF [degF] fahrenheit Fahrenheit \u2109",
    },
  ],
  ratio: [
    row("%", 0.01, "%RH %EL percent pct /100"),
    row("‰", 0.001, "/1000"),
    row("ppm", 1e-6, "[ppm] ppmv"),
    row("ppb", 1e-9, "[ppb] ppbv"),
    row("1", 1, "/ ratio EL"),
  ],
  pressure: [
    row("Pa", 1),
    row("hPa", 100, "mbar mb millibar"),
    row("kPa", 1e3),
    row("MPa", 1e6),
    row("bar", 1e5),
    row("psi", 6_894.757_293_168, "[psi] PSI", "kPa"),
    row("mmHg", 133.322_387_415, "mm[Hg]", "hPa"),
    row("inHg", 3_386.388_640_341, "[in_i'Hg]", "hPa"),
    row("atm", 101_325, "", "hPa"),
  ],
  voltage: [row("V", 1, "volt"), row("mV", 1e-3), row("kV", 1e3), row("µV", 1e-6, "uV")],
  current: [row("A", 1, "ampere amp"), row("mA", 1e-3), row("µA", 1e-6, "uA")],
  power: [row("W", 1, "watt"), row("mW", 1e-3), row("kW", 1e3), row("MW", 1e6)],
  "apparent power": [row("VA", 1, "V.A V·A"), row("kVA", 1e3, "kV.A")],
  "reactive power": [row("var", 1, "VAr VAR"), row("kvar", 1e3, "kVAr kVAR")],
  energy: [
    row("kWh", 3.6e6, "kW.h kW·h KWh"),
    row("Wh", 3_600, "W.h W·h"),
    row("MWh", 3.6e9, "MW.h"),
    row("J", 1),
    row("kJ", 1e3),
    row("MJ", 1e6),
    row("Wmin", 60, "W.min watt-minute", "Wh"),
    row("Ws", 1, "W.s", "J"),
  ],
  "apparent energy": [row("kVAh", 1e3), row("VAh", 1)],
  "reactive energy": [row("kvarh", 1e3, "kVArh"), row("varh", 1, "VArh")],
  charge: [row("Ah", 1, "A.h"), row("mAh", 1e-3)],
  frequency: [row("Hz", 1), row("kHz", 1e3), row("MHz", 1e6), row("GHz", 1e9)],
  rate: [row("1/s", 1, "/s"), row("1/min", 1 / 60, "rpm /min r/min U/min beat/min bpm")],
  resistance: [row("Ω", 1, "Ohm ohm \u2126"), row("kΩ", 1e3, "kOhm kohm"), row("MΩ", 1e6, "MOhm")],
  conductivity: [row("S/m", 1), row("mS/cm", 0.1), row("µS/cm", 1e-4, "uS/cm")],
  illuminance: [row("lx", 1, "lux Lux LUX"), row("klx", 1e3, "klux")],
  irradiance: [row("W/m²", 1, "W/m2")],
  length: [
    row("m", 1, "metre meter"),
    row("mm", 1e-3),
    row("cm", 1e-2),
    row("km", 1e3),
    row("µm", 1e-6, "um"),
    row("in", 0.0254, "[in_i] inch", "mm"),
    row("ft", 0.3048, "[ft_i] feet", "m"),
    row("mi", 1_609.344, "[mi_i] mile", "km"),
  ],
  area: [row("m²", 1, "m2"), row("cm²", 1e-4, "cm2"), row("ha", 1e4)],
  volume: [
    row("m³", 1, "m3"),
    row("l", 1e-3, "L litre liter dm3"),
    row("ml", 1e-6, "mL cm3"),
    row("gal", 3.785_411_784e-3, "[gal_us]", "l"),
    row("ft³", 0.028_316_846_592, "ft3 cft [cft_i]", "m³"),
  ],
  "volume flow": [
    row("m³/h", 1 / 3_600, "m3/h"),
    row("m³/s", 1, "m3/s"),
    row("l/h", 1e-3 / 3_600, "L/h"),
    row("l/min", 1e-3 / 60, "L/min lpm"),
    row("l/s", 1e-3, "L/s"),
    row("gal/min", 3.785_411_784e-3 / 60, "gpm", "l/min"),
  ],
  speed: [
    row("m/s", 1),
    row("km/h", 1 / 3.6, "kph kmh km/hr"),
    row("mph", 0.447_04, "mi/h [mi_i]/h", "km/h"),
    row("kn", 1_852 / 3_600, "[kn_i] knot knots kt", "km/h"),
  ],
  precipitation: [row("mm/h", 1, "mm/hr"), row("in/h", 25.4, "in/hr", "mm/h")],
  acceleration: [
    row("m/s²", 1, "m/s2"),
    row("G", 9.806_65, "[g] gn", "m/s²"),
    row("mG", 9.806_65e-3, "m[g]", "m/s²"),
  ],
  angle: [row("°", 1, "deg lat lon degree"), row("rad", 180 / Math.PI)],
  "angular speed": [row("°/s", 1, "deg/s"), row("rad/s", 180 / Math.PI)],
  mass: [
    row("kg", 1),
    row("g", 1e-3),
    row("mg", 1e-6),
    row("t", 1e3),
    row("lb", 0.453_592_37, "[lb_av]", "kg"),
    row("oz", 0.028_349_523_125, "[oz_av]", "g"),
  ],
  concentration: [
    row("µg/m³", 1e-9, "ug/m3 µg/m3 ug/m³"),
    row("mg/m³", 1e-6, "mg/m3"),
    row("g/m³", 1e-3, "g/m3"),
    row("kg/m³", 1, "kg/m3"),
    row("mg/l", 1e-3, "mg/L"),
  ],
  time: [
    row("s", 1, "sec"),
    row("ms", 1e-3),
    row("µs", 1e-6, "us"),
    row("min", 60),
    row("h", 3_600, "hr"),
    row("d", 86_400, "day"),
  ],
  data: [row("B", 1, "byte bytes By"), row("kB", 1e3), row("MB", 1e6), row("GB", 1e9), row("KiB", 1_024)],
  "data rate": [row("bit/s", 1, "bps"), row("kbit/s", 1e3), row("Mbit/s", 1e6), row("B/s", 8)],
  "signal power": [row("dBm", 1, "B[mW]")],
  level: [row("dB", 1)],
  "sound level": [row("dB(A)", 1, "dBA dB[SPL]")],
  acidity: [row("pH", 1, "[pH]")],
  "magnetic field": [row("µT", 1, "uT"), row("mT", 1e3)],
  radioactivity: [row("Bq/m³", 1, "Bq/m3"), row("pCi/l", 37, "pCi/L", "Bq/m³")],
  "dose rate": [row("µSv/h", 1, "uSv/h"), row("nSv/h", 1e-3)],
  force: [row("N", 1), row("kN", 1e3)],
  torque: [row("N·m", 1, "Nm N.m")],
  turbidity: [row("NTU", 1)],
};

const bySpelling = new Map<string, Unit>();
for (const [quantity, rows] of Object.entries(table)) {
  for (const { symbol, factor, offset = 0, canonical = symbol, spellings = "" } of rows) {
    const unit: Unit = { symbol, quantity, factor, offset, canonical };
    for (const spelling of [symbol, ...spellings.split(" ")]) {
      if (spelling !== "") bySpelling.set(spelling, unit);
    }
  }
}

/** Every way in which a unit may be written. */
export const unitSpellings: readonly string[] = [...bySpelling.keys()];

/** The unit that a text means; nothing where it is not known. Upper and lower case differ: mW is not MW. */
export function unitOf(written: string): Unit | undefined {
  // Greek mu and the micro sign look the same.
  return bySpelling.get(written.trim().replaceAll("\u03bc", "\u00b5"));
}

/** A unit in the spelling of the table; as it was written where it is not known. */
export function unitSymbol(written: string): string {
  return unitOf(written)?.symbol ?? written;
}

/**
 * How values get from one unit to another.
 *
 * @returns Nothing where the units do not measure the same.
 */
export function conversionBetween(from: Unit, to: Unit): UnitConversion | undefined {
  if (from.quantity !== to.quantity) return undefined;
  return {
    scale: cleaned(from.factor / to.factor),
    offset: cleaned((from.offset - to.offset) / to.factor),
  };
}

/** The sum or product of decimal fractions as people would write it: 0.3, not 0.30000000000000004. */
export function cleaned(value: number): number {
  const short = Number(value.toPrecision(13));
  return Math.abs(short - value) <= Math.abs(value) * 2 ** -50 ? short : value;
}
