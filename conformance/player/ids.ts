/** Ids of a TSP server: two digits of the server, five of the second of the day, four that count up. */
export interface ServerIds {
  transId(): string;
  msgId(): string;
}

/** `server`: 0 to 99, different for each server of a pool. */
export function serverIds(server: number): ServerIds {
  const sequence = () => {
    let next = 0;
    return () => {
      const second = Math.floor((Date.now() % 86_400_000) / 1000);
      const id = digits(server, 2) + digits(second, 5) + digits(next, 4);
      next = (next + 1) % 10_000;
      return id;
    };
  };
  return { transId: sequence(), msgId: sequence() };
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
