import type { EpochMs } from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";

/** What the objects of a domain, or of one of its bridges, say. `null`: they did not answer. */
export interface FigureSource {
  readonly now: EpochMs;
  readonly conferences: FoundConferences | null;
  readonly documents: FoundDocuments | null;
  /** The last hour, minute by minute. */
  readonly minutes: readonly FoundMinute[] | null;
  readonly bridges: readonly PortsOfBridge[];
}

/** Of a bridge that no agent reaches, nobody knows how full it is. */
export interface PortsOfBridge {
  readonly bridge: string;
  /** `null`: its relay did not answer. Of `portsInUse`: nobody knows. Of `ports`: nobody knows, or where `portsInUse` is known: there is no limit. */
  readonly health: { readonly portsInUse: number | null; readonly ports: number | null } | null;
}

/** True if no agent reports what the bridge does. */
export function isSilent({ health }: PortsOfBridge): boolean {
  return health !== null && health.portsInUse === null;
}

interface FoundConferences {
  readonly creating?: number;
  readonly running?: number;
  readonly conferences: number;
  readonly callers: number;
}

export function sumOfLoads(bridges: readonly FoundConferences[]): FoundConferences {
  const sum = (name: "conferences" | "callers") => bridges.reduce((before, load) => before + load[name], 0);
  return { conferences: sum("conferences"), callers: sum("callers") };
}

interface FoundDocuments {
  readonly documents: number;
  readonly oldestAt: EpochMs | null;
  /** What else did not say what waits in it. */
  readonly missing?: readonly string[];
}

interface FoundMinute {
  readonly requests: { readonly confirmed: number; readonly refused: number };
  readonly hosts: readonly FoundPosts[];
}

interface FoundPosts {
  readonly confirmed: number;
  readonly failed: number;
  readonly givenUp: number;
}

/** A value, and what it lacks. `null`: nothing of it is known. */
type FoundValue = readonly [value: number | typeof noLimit | null, ...missing: readonly string[]];
export const noLimit = "no limit";
/** Clocks of machines that follow NTP differ by less. */
const clocksDifferMs = 1_000;

interface FigureRow {
  readonly word: string;
  /** What it counts, in a sentence for whoever asks. */
  readonly says: string;
  of(source: FigureSource): FoundValue;
}

/** All figures that people are shown of a domain or a bridge: each has one word and one source. */
export const figureTable = {
  conferences: {
    word: "Conferences now",
    says: "Conferences that are not over.",
    of: ({ conferences }) => [conferences?.conferences ?? null],
  },
  creating: {
    word: "Conferences being created",
    says: "Those of them that the bridge has not created yet.",
    of: ({ conferences }) => [conferences?.creating ?? null],
  },
  running: {
    word: "Conferences running",
    says: "Those of them that the bridge has created.",
    of: ({ conferences }) => [conferences?.running ?? null],
  },
  callers: {
    word: "Callers now",
    says: "Callers in conferences.",
    of: ({ conferences }) => [conferences?.callers ?? null],
  },
  portsInUse: {
    word: "Ports in use",
    says: "Ports of bridges that are in use, as their active agents say.",
    of: (source) => sumOfPorts(source, ({ portsInUse }) => portsInUse),
  },
  portsFree: {
    word: "Ports free",
    says: "Ports of bridges that are free.",
    of: (source) =>
      sumOfPorts(source, ({ ports, portsInUse }) =>
        portsInUse === null ? null : ports === null ? noLimit : Math.max(0, ports - portsInUse),
      ),
  },
  ports: {
    word: "Ports in all",
    says: "Ports of bridges, in use or free.",
    of: (source) => sumOfPorts(source, ({ ports, portsInUse }) => ports ?? (portsInUse === null ? null : noLimit)),
  },
  documentsWaiting: {
    word: "Documents that wait",
    says: "Documents that wait for their receiver: not confirmed for some seconds, or behind an attempt that failed.",
    of: ({ documents }) => [documents?.documents ?? null, ...(documents?.missing ?? [])],
  },
  oldestDocumentSeconds: {
    word: "Seconds that the oldest waits",
    says: "For how long the oldest of the documents that wait has waited; 0: none waits.",
    of: ({ documents, now }) => [documents && secondsSince(documents.oldestAt, now), ...(documents?.missing ?? [])],
  },
  requestsConfirmed: {
    word: "Requests confirmed in the last hour",
    says: "Documents of WebEx that were confirmed with 0, each once, however often it came.",
    of: ({ minutes }) => inHour(minutes, ({ requests }) => requests.confirmed),
  },
  requestsRefused: {
    word: "Requests refused in the last hour",
    says: "Documents of WebEx that were confirmed with another code, could not be stored, came too fast, were too large, or did not come whole in time, each as often as it came. A process that is killed loses what came in its last second.",
    of: ({ minutes }) => inHour(minutes, ({ requests }) => requests.refused),
  },
  postsConfirmed: {
    word: "Posts confirmed in the last hour",
    says: "Documents that their receiver confirmed, whatever the code.",
    of: ({ minutes }) => inHour(minutes, ofHosts("confirmed")),
  },
  postsFailed: {
    word: "Failed attempts in the last hour",
    says: "Attempts to post a document that its receiver did not confirm.",
    of: ({ minutes }) => inHour(minutes, ofHosts("failed")),
  },
  documentsGivenUp: {
    word: "Documents given up in the last hour",
    says: "Documents whose last attempt failed. What WebEx is still owed of them waits until its server answers.",
    of: ({ minutes }) => inHour(minutes, ofHosts("givenUp")),
  },
} as const satisfies Readonly<Record<string, FigureRow>>;

export type FigureName = keyof typeof figureTable;
declare const isMade: unique symbol;

/** A figure as people are shown it. Only `figuresOf` makes one. */
export interface Figure {
  readonly [isMade]: true;
  readonly name: FigureName;
  readonly word: string;
  readonly says: string;
  readonly value: FoundValue[0];
  /** Of what nobody knows the value. */
  readonly missing: readonly string[];
}

export type Figures = Readonly<Record<FigureName, Figure>>;

const nothing: FigureSource = { now: 0, conferences: null, documents: null, minutes: null, bridges: [] };

export function figuresOf(known: Partial<FigureSource>): Figures {
  const source = { ...nothing, ...known };
  const figures = Object.entries<FigureRow>(figureTable).map(([name, row]) => {
    const { word, says } = row;
    const [value, ...missing] = row.of(source);
    return [name, { name, word, says, value, missing }];
  });
  return Object.fromEntries(figures) as Figures;
}

/** The figure for people: "40", "at least 40, not known for east", "no limit; not known for east", "not known"; with what it counts in a sentence: "40 callers". */
export function figureText({ value, missing }: Pick<Figure, "value" | "missing">, what = ""): string {
  if (value === null) return what === "" ? "not known" : `${what}s that are not known`;
  const text = what === "" ? String(value) : counted(Number(value), what);
  if (missing.length === 0) return text;
  const known = value === noLimit ? `${text};` : `at least ${text},`;
  return `${known} not known for ${missing.join(", ")}`;
}

/** `null`: it was queued by another clock than that of now, as before the machine's was set back. */
function secondsSince(oldestAt: EpochMs | null, now: EpochMs): number | null {
  if (oldestAt === null) return 0;
  return oldestAt > now + clocksDifferMs ? null : Math.max(0, now - oldestAt) / 1_000;
}

type Ports = NonNullable<PortsOfBridge["health"]>;

function sumOfPorts({ bridges }: FigureSource, portsOf: (health: Ports) => FoundValue[0]): FoundValue {
  const found = bridges.map(({ bridge, health }) => ({ bridge, ports: health && portsOf(health) }));
  const missing = found.flatMap(({ bridge, ports }) => (ports === null ? bridge : []));
  const known = found.flatMap(({ ports }) => ports ?? []);
  if (known.length === 0) return [null, ...missing];
  return [known.includes(noLimit) ? noLimit : known.reduce((sum: number, ports) => sum + Number(ports), 0), ...missing];
}

function inHour(minutes: readonly FoundMinute[] | null, count: (minute: FoundMinute) => number): FoundValue {
  return [minutes?.reduce((sum, minute) => sum + count(minute), 0) ?? null];
}

function ofHosts(count: keyof FoundPosts): (minute: FoundMinute) => number {
  return ({ hosts }) => hosts.reduce((sum, posts) => sum + posts[count], 0);
}
