/** Detectors as data: which one, with every parameter filled in, in milliseconds. */

/** What every detector has beside its own parameters. */
export interface DetectCommon {
  /** The field it looks at: `value`, or an aggregate of the window. */
  readonly field: string;
  /** Whether it stops learning while its alert is not at rest. */
  readonly freeze: boolean;
}

export type DetectDefinition = DetectCommon &
  (
    | {
        readonly type: "threshold";
        readonly above?: number;
        readonly below?: number;
        readonly clear?: number;
      }
    | { readonly type: "range"; readonly min: number; readonly max: number }
    | { readonly type: "rate"; readonly perMs: number; readonly above: number }
    | { readonly type: "spike"; readonly n: number; readonly k: number }
    | { readonly type: "ewma"; readonly halfLifeMs: number; readonly k: number }
    | { readonly type: "cusum"; readonly drift: number; readonly threshold: number }
    | { readonly type: "page-hinkley"; readonly drift: number; readonly threshold: number }
    | {
        readonly type: "seasonal";
        readonly season: "hour-of-day" | "hour-of-week";
        readonly k: number;
        /** An IANA name; UTC without it. */
        readonly timezone?: string;
      }
    | { readonly type: "flatline"; readonly within: number; readonly forMs: number }
    | { readonly type: "silence"; readonly factor: number; readonly afterMs?: number }
    | { readonly type: "anomaly"; readonly sensitivity: number }
  );

export type DetectorName = DetectDefinition["type"];
