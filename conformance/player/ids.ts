/** Ids as a TSP server makes them: two digits of the server, five of the second of the day, four that count up. */
export interface ServerIds {
  transId(): string;
  msgId(): string;
}

/** `server`: 0 to 99, another for each server of a pool. `now`: milliseconds since 1970. */
export function serverIds(server: number, now: () => number): ServerIds {
  const sequence = () => {
    let next = 0;
    return () => {
      const second = Math.floor((now() % 86_400_000) / 1000);
      const id = digits(server, 2) + digits(second, 5) + digits(next, 4);
      next = (next + 1) % 10_000;
      return id;
    };
  };
  return { transId: sequence(), msgId: sequence() };
}

/** The five digits that begin an adapter's ids on this day (UTC): the last five of its Julian date at midnight. */
export function julianDigits(now: number): string {
  const julianDate = Math.floor(now / 86_400_000) + 2_440_587;
  return digits(julianDate % 100_000, 5);
}

/** Five digits that begin the keys of a run: seconds, so that no run meets what another one left. */
export function runDigits(now: number): string {
  return digits(10_000 + (Math.floor(now / 1000) % 90_000), 5);
}

/** So long after a run an adapter may still send what was for it. */
const MAIL_S = 3 * 3_600;

/** Whether this ExtConfID is of a run that began in the hours before this one. */
export function isConferenceOfEarlierRun(extConfId: string, startedAt: number): boolean {
  if (!/^\d{8,10}$/.test(extConfId)) return false;
  return isShortlyBefore(Number(extConfId.slice(0, 5)), Number(runDigits(startedAt)), 90_000);
}

/** Whether this MsgID was made by a TSP server in the hours before this run. */
export function isRequestOfEarlierRun(msgId: string, startedAt: number): boolean {
  const second = Number(msgId.slice(2, 7));
  if (!/^\d{11}$/.test(msgId) || second >= 86_400) return false;
  return isShortlyBefore(second, Math.floor((startedAt % 86_400_000) / 1000), 86_400);
}

function isShortlyBefore(second: number, start: number, cycle: number): boolean {
  const ago = (start - second + cycle) % cycle;
  return ago > 0 && ago <= MAIL_S;
}

export function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
