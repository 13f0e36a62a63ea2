/** One row: what is limited, by whom it is counted, and what happens beyond. `docs/security.md` has the same table. */
export interface Budget {
  readonly of: string;
  readonly limit: string;
  readonly by: string;
  readonly beyond: string;
}

/** What one may use of the edge. Numbers stand here and nowhere else. */
export const budgets = {
  connections: {
    of: "connections of an edge on your own machine",
    ...{ limit: "6 of 10 files that the process may have, at most 30,000", by: "the edge" },
    beyond:
      "a stranger's is closed, the one over which nothing was asked for longest; then an idle one of WebEx, then a WebSocket of the console; never an agent's, and none over which WebEx is being answered",
    ...{ most: 30_000, ofFiles: 0.6 },
  },
  connectionsOfAddress: {
    of: "connections of one address, but this machine's and trusted proxies'",
    ...{ limit: "half of these", by: "address (of IPv6, one /64)" },
    beyond: "its own oldest one is closed, in the same order",
    ofAll: 0.5,
  },
  liveViews: {
    of: "WebSockets of the console",
    ...{ limit: "50", by: "person" },
    beyond: "on your own machine, the person's oldest one is closed",
    most: 50,
  },
} as const satisfies Readonly<Record<string, Budget & Readonly<Record<string, string | number>>>>;
