import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";

/** A bridge and its ports; `health` is `null` if its relay did not answer. */
interface PortsOfBridge {
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
  return { conferences: sum(loads, ({ conferences }) => conferences), callers: sum(loads, ({ callers }) => callers) };
}

/** What the objects of a domain reported; `null`: no answer. */
export interface FigureSource {
  readonly now: EpochMs;
  readonly conferences: Load | null;
  readonly documents: { readonly documents: number; readonly oldestAt: EpochMs | null } | null;
  /** The last hour. */
  readonly minutes: readonly Minute[] | null;
  readonly bridges: readonly PortsOfBridge[];
}

interface Minute {
  readonly requests: { readonly confirmed: number; readonly refused: number };
  readonly hosts: readonly { readonly failed: number; readonly givenUp: number }[];
}

const noLimit = "no limit";

type Value = number | typeof noLimit | null;

interface Row {
  readonly word: string;
  of(source: FigureSource): Value;
}

function row(word: string, of: Row["of"]): Row {
  return { word, of };
}

function ofHour(what: string, count: (minute: Minute) => number): Row {
  return row(`${what} in the last hour`, ({ minutes }) => minutes && sum(minutes, count));
}

function ofPorts(word: string, count: (ports: number | null, inUse: number) => number | typeof noLimit): Row {
  const known = ({ health }: PortsOfBridge) =>
    health === null || health.portsInUse === null ? [] : count(health.ports, health.portsInUse);
  return row(word, ({ bridges }) => {
    const all = bridges.flatMap(known);
    if (all.includes(noLimit)) return noLimit;
    return all.length === 0 ? null : sum(all, Number);
  });
}

/** The stats of a domain that users see, each from one source. */
const rows = {
  conferences: row("Conferences now", ({ conferences }) => conferences?.conferences ?? null),
  callers: row("Callers now", ({ conferences }) => conferences?.callers ?? null),
  portsInUse: ofPorts("Ports in use", (_, inUse) => inUse),
  portsFree: ofPorts("Ports free", (ports, inUse) => (ports === null ? noLimit : Math.max(0, ports - inUse))),
  documentsPending: row("Documents pending", ({ documents }) => documents?.documents ?? null),
  oldestDocumentSeconds: row(
    "Age of the oldest in seconds",
    ({ documents, now }) => documents && secondsSince(documents.oldestAt, now),
  ),
  requestsConfirmed: ofHour("Requests confirmed", ({ requests }) => requests.confirmed),
  requestsRefused: ofHour("Requests refused", ({ requests }) => requests.refused),
  postsFailed: ofHour("Failed attempts", ({ hosts }) => sum(hosts, ({ failed }) => failed)),
  documentsUndelivered: ofHour("Documents undelivered", ({ hosts }) => sum(hosts, ({ givenUp }) => givenUp)),
};
export type FigureName = keyof typeof rows;

export const figure = v.object({
  name: v.picklist(Object.keys(rows) as readonly FigureName[]),
  word: v.pipe(v.string(), v.description("Its label.")),
  value: v.pipe(v.nullable(v.union([v.number(), v.literal(noLimit)])), v.description("null: not known.")),
});
export type Figure = Checked<typeof figure>;

export function figuresOf(source: FigureSource): readonly Figure[] {
  return Object.entries<Row>(rows).map(([name, { word, of }]) => {
    return { name: name as FigureName, word, value: of(source) };
  });
}

/** The figure for users: "40" or "not known". */
export function figureText({ value }: Pick<Figure, "value">): string {
  return String(value ?? "not known");
}

export function secondsSince(oldestAt: EpochMs | null, now: EpochMs): number {
  return oldestAt === null ? 0 : Math.max(0, now - oldestAt) / 1_000;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
