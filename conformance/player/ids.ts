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

export function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
