/** One row: what is limited, by whom it is counted, and what happens beyond. `docs/security.md` has the same table. */
export interface Budget {
  readonly of: string;
  readonly limit: string;
  readonly by: string;
  readonly beyond: string;
}

const tooMany = "429 with `Retry-After`";

/** What one may use of the edge. Numbers stand here and nowhere else. */
export const budgets = {
  connections: {
    of: "connections of an edge on your own machine",
    ...connections({ ofTenFiles: 6, own: 50, most: 30_000 }),
    by: "the edge",
    beyond:
      "a stranger's is closed, the one over which nothing was asked for longest; then one over which a person who is signed in is being answered, then an idle one of WebEx; never an agent's, and none over which WebEx is being answered",
  },
  connectionsOfAddress: {
    of: "connections of one address, but this machine's and trusted proxies'",
    ...share({ ofAll: 0.5 }),
    ...{ by: "address (of IPv6, one /64)", beyond: "its own oldest one is closed, in the same order" },
  },
  requestsOfConnection: {
    of: "requests over one connection that wait for their answer, on an edge on your own machine",
    ...most(8),
    ...{ by: "connection", beyond: "it is closed" },
  },
  headersOfRequest: {
    of: "headers of a request, on an edge on your own machine",
    ...most(100),
    ...{ by: "request", beyond: "431" },
  },
  waitingRequests: {
    of: "requests that wait for their turn, on an edge on your own machine",
    ...most(2_000),
    ...{ by: "the edge", beyond: "of a network that has the most of them, the oldest one's connection is closed" },
  },
  chunksOfBody: {
    of: "parts of a body that comes in chunks, on an edge on your own machine",
    ...{ limit: "250, and one for each 64 bytes", most: 250, bytesOfOne: 64 },
    ...{ by: "request", beyond: "its connection is closed" },
  },
  signIn: {
    of: "sign-ins at the console and wrong tokens, from another machine",
    ...aMinute({ rate: 20, burst: 60 }),
    ...{ by: "address", beyond: `${tooMany}, for right tokens too` },
  },
  read: {
    of: "requests that are no post of WebEx",
    ...aSecond({ rate: 200, burst: 2_000 }),
    ...{ by: "user; from another machine, address too", beyond: tooMany },
  },
  act: {
    of: "actions: each stays in an audit for `recordsDays`",
    ...aDay({ rate: 20_000, burst: 10_000 }),
    by: "user; ends of conferences, drains, hand-overs and sign-ins are counted apart, each kind by itself",
    beyond: tooMany,
  },
  refusedSignIns: {
    of: "refused tokens in the record of sign-ins",
    ...most(100_000),
    ...{ by: "the deployment", beyond: "the oldest go; sign-ins and sign-outs go by their age alone" },
  },
} as const satisfies Readonly<Record<string, Budget & Readonly<Record<string, string | number>>>>;

interface Rate {
  readonly rate: number;
  readonly burst: number;
}

function most(count: number) {
  return { limit: spelled(count), most: count };
}

function aSecond({ rate, burst }: Rate) {
  return { limit: rateText(rate, "second", burst), burst, perSecond: rate };
}

function aMinute({ rate, burst }: Rate) {
  return { limit: rateText(rate, "minute", burst), burst, perSecond: rate / 60 };
}

function aDay({ rate, burst }: Rate) {
  return { limit: rateText(rate, "day", burst), burst, perSecond: rate / 86_400 };
}

/** `own`: files that the process itself has open. */
function connections({ ofTenFiles, own, most }: Readonly<Record<"ofTenFiles" | "own" | "most", number>>) {
  const limit = `${ofTenFiles} of 10 files that the process may have beyond ${own} of its own, at most ${spelled(most)}`;
  return { limit, ofFiles: ofTenFiles / 10, own, most };
}

function share({ ofAll }: { readonly ofAll: number }) {
  return { limit: `${100 * ofAll} % of these`, ofAll };
}

function rateText(rate: number, unit: string, burst: number): string {
  return `${spelled(rate)} a ${unit}${burst === rate ? "" : `, ${spelled(burst)} at once`}`;
}

/** With a comma before each three digits. */
function spelled(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
