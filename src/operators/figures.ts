import type { EpochMs } from "../foundation/ids.ts";

/** A bridge and its ports; `health` is `null` if its relay did not answer. */
export interface PortsOfBridge {
  readonly bridge: string;
  /** `portsInUse`: `null` while no agent reaches the bridge. `ports`: `null` if unknown or without limit. */
  readonly health: { readonly portsInUse: number | null; readonly ports: number | null } | null;
}

/** True if no agent reports what the bridge does. */
export function isSilent({ health }: PortsOfBridge): boolean {
  return health !== null && health.portsInUse === null;
}

interface Load {
  readonly conferences: number;
  readonly callers: number;
}

export function sumOfLoads(loads: readonly Load[]): Load {
  const sum = (name: keyof Load) => loads.reduce((before, load) => before + load[name], 0);
  return { conferences: sum("conferences"), callers: sum("callers") };
}

/** What the objects of a domain reported; `null`: no answer. */
export interface FigureSource {
  readonly now: EpochMs;
  readonly conferences: Load | null;
  /** `missing`: objects whose pending documents are unknown. */
  readonly documents: {
    readonly documents: number;
    readonly oldestAt: EpochMs | null;
    readonly missing: readonly string[];
  } | null;
  /** The last hour. */
  readonly minutes: readonly FoundMinute[] | null;
  readonly bridges: readonly PortsOfBridge[];
}

interface FoundMinute {
  readonly requests: { readonly confirmed: number; readonly refused: number };
  readonly hosts: readonly { readonly failed: number; readonly givenUp: number }[];
}

export const noLimit = "no limit";
type FigureValue = number | typeof noLimit | null;

const words = {
  conferences: "Conferences now",
  callers: "Callers now",
  portsInUse: "Ports in use",
  portsFree: "Ports free",
  documentsPending: "Documents pending",
  oldestDocumentSeconds: "Age of the oldest in seconds",
  requestsConfirmed: "Requests confirmed in the last hour",
  requestsRefused: "Requests refused in the last hour",
  postsFailed: "Failed attempts in the last hour",
  documentsUndelivered: "Documents undelivered in the last hour",
} as const;
export type FigureName = keyof typeof words;
export const figureNames = Object.keys(words) as readonly FigureName[];

export interface Figure {
  readonly name: FigureName;
  readonly word: string;
  /** `null`: not known. */
  readonly value: FigureValue;
  /** What did not answer: the value lacks it. */
  readonly missing: readonly string[];
}

const noAnswers: FigureSource = { now: 0, conferences: null, documents: null, minutes: null, bridges: [] };

/** The figures of a domain that users see, each from one source. */
export function figuresOf(source: Partial<FigureSource>): readonly Figure[] {
  const { now, conferences, documents, minutes, bridges } = { ...noAnswers, ...source };
  const inHour = (count: (minute: FoundMinute) => number) =>
    minutes?.reduce((sum, minute) => sum + count(minute), 0) ?? null;
  const ofHosts = (name: "failed" | "givenUp") =>
    inHour(({ hosts }) => hosts.reduce((sum, host) => sum + host[name], 0));
  const values: Readonly<Record<FigureName, FigureValue>> = {
    conferences: conferences?.conferences ?? null,
    callers: conferences?.callers ?? null,
    portsInUse: sumOf(bridges, ({ portsInUse }) => portsInUse),
    portsFree: sumOf(bridges, portsFree),
    documentsPending: documents?.documents ?? null,
    oldestDocumentSeconds: documents && secondsSince(documents.oldestAt, now),
    requestsConfirmed: inHour(({ requests }) => requests.confirmed),
    requestsRefused: inHour(({ requests }) => requests.refused),
    postsFailed: ofHosts("failed"),
    documentsUndelivered: ofHosts("givenUp"),
  };
  const unknownPorts = bridges
    .filter(({ health }) => (health?.portsInUse ?? null) === null)
    .map(({ bridge }) => bridge);
  const missing: Partial<Record<FigureName, readonly string[]>> = {
    portsInUse: unknownPorts,
    portsFree: unknownPorts,
    documentsPending: documents?.missing ?? [],
    oldestDocumentSeconds: documents?.missing ?? [],
  };
  return figureNames.map((name) => {
    return { name, word: words[name], value: values[name], missing: missing[name] ?? [] };
  });
}

/** The figure for users: "40", "at least 40, not known for east" or "not known". */
export function figureText({ value, missing }: Pick<Figure, "value" | "missing">): string {
  if (value === null) return "not known";
  if (missing.length === 0) return String(value);
  return `${value === noLimit ? value : `at least ${value}`}, not known for ${missing.join(", ")}`;
}

export function secondsSince(oldestAt: EpochMs | null, now: EpochMs): number {
  return oldestAt === null ? 0 : Math.max(0, now - oldestAt) / 1_000;
}

type Ports = NonNullable<PortsOfBridge["health"]>;

function portsFree({ ports, portsInUse }: Ports): FigureValue {
  if (portsInUse === null) return null;
  return ports === null ? noLimit : Math.max(0, ports - portsInUse);
}

function sumOf(bridges: readonly PortsOfBridge[], portsOf: (health: Ports) => FigureValue): FigureValue {
  const known = bridges.flatMap(({ health }) => (health && portsOf(health)) ?? []);
  if (known.includes(noLimit)) return noLimit;
  return known.length === 0 ? null : known.reduce((sum: number, ports) => sum + Number(ports), 0);
}
