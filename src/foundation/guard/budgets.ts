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
    ...{ limit: "50", by: "person; all who have the operator's token are one" },
    beyond: "on your own machine, the oldest one is closed; its page says so, and stays as it is until it is reloaded",
    most: 50,
    /** At Cloudflare, where an edge has no view of all of them, this many may be opened. */
    ...{ burst: 100, perSecond: 1 },
  },
  requestsOfOperator: {
    of: "requests with the operator's token",
    ...{ limit: "2,000 a second, 10,000 at once", by: "all who have it", beyond: "429 with `Retry-After`" },
    ...{ burst: 10_000, perSecond: 2_000 },
  },
  requestsOfPerson: {
    of: "requests of a person whom the settings name",
    ...{ limit: "50 a second, 1,000 at once", by: "person", beyond: "429 with `Retry-After`" },
    ...{ burst: 1_000, perSecond: 50 },
  },
  requestsOfAddress: {
    of: "requests that are no post of WebEx, from another machine",
    ...{ limit: "200 a second, 2,000 at once", by: "address", beyond: "429 with `Retry-After`" },
    ...{ burst: 2_000, perSecond: 200 },
  },
  wrongTokens: {
    of: "wrong tokens, from another machine",
    ...{ limit: "20 a minute", by: "address", beyond: "429 with `Retry-After`, for right ones too" },
    ...{ burst: 20, perSecond: 20 / 60 },
  },
  signIns: {
    of: "sign-ins at the console",
    ...{ limit: "20 a minute, 60 at once", by: "person, wherever from; all who have the operator's token are one" },
    beyond: "429 with `Retry-After`",
    ...{ burst: 60, perSecond: 20 / 60 },
  },
  refusals: {
    of: "refusals of one kind",
    ...{ limit: "a line of the log each 20 s, an entry of the audit each 10 minutes", by: "person and address" },
    beyond: "they are one line and one entry with their number (`count`)",
    ...{ logEveryMs: 20_000, auditEveryMs: 600_000 },
  },
  refusedEntries: {
    of: "entries of a domain's audit for which nothing was done",
    ...{ limit: "100,000", by: "the domain" },
    beyond: "who has the most of them loses the oldest; what was done stays for `recordsDays`",
    most: 100_000,
  },
  refusedSignIns: {
    of: "refused tokens in the record of sign-ins",
    ...{ limit: "100,000", by: "the deployment" },
    beyond: "the oldest go; sign-ins and sign-outs stay for 400 days",
    most: 100_000,
  },
} as const satisfies Readonly<Record<string, Budget & Readonly<Record<string, string | number>>>>;
