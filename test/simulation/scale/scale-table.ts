import { combine, microDollars, type Units } from "../../../bench/cost/units.ts";
import type { ObjectName } from "../../../src/rpc/objects.ts";
import { type Evening, eveningsOfMonth, meetingMs, type Phase, phases } from "./evening.ts";
import type { Busiest } from "./object-counts.ts";
import { callers } from "./scale-conference.ts";

/** In the order of the table, with what people call them. */
const kinds: ReadonlyMap<ObjectName, string> = new Map([
  ["handles", "handle index"],
  ["directory", "directory"],
  ["idAllocator", "id allocator"],
  ["relay", "relay"],
  ["mailbox", "mailbox"],
  ["conference", "conference"],
]);
/** Of these there is one in a domain, or for each bridge: they do not spread. */
const once: ReadonlySet<ObjectName> = new Set<ObjectName>(["handles", "directory", "idAllocator", "relay"]);
const nameWidth = 16;

/** What an evening asked of the busiest object of each kind. */
export function busiestLines(evening: Evening): readonly string[] {
  const { options } = evening;
  const head = `${grouped(options.conferences)} conferences of ${callers}, ${options.bridges} ${options.bridges === 1 ? "bridge" : "bridges"}`;
  const columns = [
    ...phases.map((phase) => phase.padStart(14)),
    "rows".padStart(7),
    "late".padStart(9),
    "held".padStart(10),
  ];
  const rows = Array.from(kinds, ([kind, name]) => {
    const of = (phase: Phase) => evening.phases[phase].busiest.get(kind) ?? idle;
    const all = phases.map(of);
    const lateMs = Math.max(...all.map((phase) => phase.lateMs));
    return [
      name.padEnd(nameWidth),
      ...all.map(({ mean, peak }) => `${mean.toFixed(mean < 10 ? 1 : 0)} ${grouped(peak).padStart(6)}`.padStart(14)),
      grouped(Math.max(...all.map(({ peakRows }) => peakRows))).padStart(7),
      seconds(lateMs).padStart(9),
      size(Math.max(...all.map(({ bytes }) => bytes))).padStart(10),
    ].join("");
  });
  const confirmed = phases.map((phase) => `${phase} ${seconds(evening.confirmMs[phase])}`).join(", ");
  return [
    head,
    "".padEnd(nameWidth) + columns.join(""),
    ...rows,
    `Each document of WebEx was confirmed within: ${confirmed}.`,
    `After the failover the new servers had the last caller after ${seconds(evening.told.serversMs)}, the list the last server after ${seconds(evening.told.listMs)}.`,
  ];
}

/** With how many conferences each object that does not spread is at work all the time, in proportion to this evening: extrapolated. */
export function endLines(evening: Evening): readonly string[] {
  const { conferences } = evening.options;
  const shown = ["begin", "steady"] as const;
  const rows = [...kinds].flatMap(([kind, name]) => {
    if (!once.has(kind)) return [];
    const cells = shown.map((phase) => rounded(conferences / (evening.phases[phase].busiest.get(kind) ?? idle).load));
    return [name.padEnd(nameWidth) + cells.map((cell) => cell.padStart(12)).join("")];
  });
  return ["".padEnd(nameWidth) + shown.map((phase) => phase.padStart(12)).join(""), ...rows];
}

/** What a month of such evenings costs. */
export function costLine(evening: Evening): string {
  const { conferences, bridges } = evening.options;
  const units = unitsOf(evening);
  const month = (microDollars(units) * eveningsOfMonth) / 1e6;
  const thousand = microDollars(units) / 1_000 / conferences;
  const share = (part: Partial<Units>) =>
    `${((100 * microDollars({ ...noUnits, ...part })) / microDollars(units)).toFixed(0)} %`;
  const { rowsWritten, activeMs } = units;
  return [
    `${grouped(conferences)} conferences, ${bridges} ${bridges === 1 ? "bridge" : "bridges"}:`,
    `${dollars(month)} a month, ${dollars(thousand)} for 1,000 meetings`,
    `(rows ${share({ rowsWritten })}, active time ${share({ activeMs })})`,
  ].join(" ");
}

/** Of one evening in which each meeting lasts an hour: the steady stretch counts as often as it fits in. */
export function unitsOf({ phases, options }: Evening): Units {
  const { begin, steady, failover, end } = phases;
  const all = (units: Omit<Units, "rowsRead">): Units => ({ ...units, rowsRead: 0 });
  const hour = combine([all(steady.units)], (value) => (value * meetingMs) / options.steadyMs);
  return combine([hour, ...[begin, failover, end].map(({ units }) => all(units))]);
}

const noUnits: Units = {
  workerRequests: 0,
  objectRequests: 0,
  socketMessages: 0,
  rowsRead: 0,
  rowsWritten: 0,
  alarms: 0,
  activeMs: 0,
};

const idle: Busiest = {
  mean: 0,
  peak: 0,
  peakRows: 0,
  bytes: 0,
  load: 0,
  lateMs: 0,
};

function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Two digits: more would promise too much. */
function rounded(value: number): string {
  if (!Number.isFinite(value)) return "∞";
  return grouped(Number(value.toPrecision(2)));
}

function seconds(ms: number): string {
  return ms < 100 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function dollars(value: number): string {
  return `$${value.toFixed(value < 100 ? 2 : 0)}`;
}
