/** The units that the platform counts. */
export interface Units {
  readonly workerRequests: number;
  /** Calls and alarms of objects. */
  readonly objectRequests: number;
  /** Received; those that are sent cost nothing. */
  readonly socketMessages: number;
  readonly rowsRead: number;
  /** Alarms that are set are rows, too. */
  readonly rowsWritten: number;
  /** Among the object requests. */
  readonly alarms: number;
  /** Time in which an object could not hibernate. */
  readonly activeMs: number;
}

/** US dollars for a million, by Cloudflare's list of November 2026, beyond what the plan includes. */
const dollars = { workerRequest: 0.3, objectRequest: 0.15, rowRead: 0.001, rowWritten: 1, gigabyteSecond: 12.5 };
/** Twenty received messages are billed as one request. */
const messagesForRequest = 20;
/** Each object is billed with the same memory, however little it uses. */
const objectGigabytes = 0.128;

export const unitNames = [
  ...(["workerRequests", "objectRequests", "socketMessages"] as const),
  ...(["rowsRead", "rowsWritten", "alarms", "activeMs"] as const),
];

/** Dollars for so many units a million times over, and so micro-dollars for them once. */
export function microDollars(units: Units): number {
  return (
    units.workerRequests * dollars.workerRequest +
    (units.objectRequests + units.socketMessages / messagesForRequest) * dollars.objectRequest +
    units.rowsRead * dollars.rowRead +
    units.rowsWritten * dollars.rowWritten +
    (units.activeMs / 1000) * objectGigabytes * dollars.gigabyteSecond
  );
}

export function combine(units: readonly Units[], scaled: (value: number) => number = (value) => value): Units {
  const sum = (unit: keyof Units) => units.reduce((total, one) => total + scaled(one[unit]), 0);
  return Object.fromEntries(unitNames.map((unit) => [unit, sum(unit)])) as unknown as Units;
}

export function difference(after: Units, before: Units): Units {
  return Object.fromEntries(unitNames.map((unit) => [unit, after[unit] - before[unit]])) as unknown as Units;
}
