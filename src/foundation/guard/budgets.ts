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
    of: "connections of an edge on your own machine; the proxy limits those of a network",
    ...most(10_000),
    ...{ by: "the edge", beyond: "it is closed" },
  },
  requestsOfConnection: {
    of: "requests over one connection of an edge on your own machine",
    ...most(1_000),
    ...{ by: "connection", beyond: "it is closed behind the last answer" },
  },
  headersOfRequest: {
    of: "headers of a request, on an edge on your own machine",
    ...most(100),
    ...{ by: "request", beyond: "431" },
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

function rateText(rate: number, unit: string, burst: number): string {
  return `${spelled(rate)} a ${unit}${burst === rate ? "" : `, ${spelled(burst)} at once`}`;
}

/** With a comma before each three digits. */
function spelled(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
