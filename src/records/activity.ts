import * as v from "valibot";
import type { EpochMs, WebexHost } from "../foundation/ids.ts";
import { type Checked, text, time } from "../foundation/schemas.ts";
import { address, open, persons, showOf } from "../foundation/shown.ts";
import { hourMs, minuteMs } from "../foundation/time/timers.ts";
import type { PlacedFact } from "./directory-facts.ts";

/** What became of posts to one TSP server. */
const hostPosts = v.object({
  host: address(
    v.pipe(v.nullable(text<WebexHost>()), v.description("The TSP server; null: all but the 20 busiest, together.")),
  ),
  confirmed: open(v.pipe(v.number(), v.description("Documents that it confirmed, whatever the code."))),
  refused: v.exactOptional(
    open(v.pipe(v.number(), v.description("Those of them that it confirmed with another code than 0; absent: none."))),
  ),
  failed: open(v.pipe(v.number(), v.description("Attempts that it did not confirm."))),
  givenUp: open(v.pipe(v.number(), v.description("Documents that were given up."))),
  tookMs: v.pipe(
    open(v.number()),
    v.description(
      "How long the confirmed ones took, all together, in milliseconds: divide by `confirmed` for the mean.",
    ),
  ),
  lastFailure: open(v.nullable(v.object({ at: time, why: v.string() }))),
});
export type HostPosts = Checked<typeof hostPosts>;

const showPosts = showOf(hostPosts);

/** Documents that WebEx has posted to us. */
const requests = v.object({
  confirmed: v.pipe(
    v.number(),
    v.description("Documents of WebEx that were confirmed with 0, each once, however often it came."),
  ),
  refused: v.pipe(
    v.number(),
    v.description(
      "Those that were confirmed with another code, could not be stored, came too fast, were too large, or did not come whole in time.",
    ),
  ),
});
export type Requests = Checked<typeof requests>;

/** What WebEx asked, and what became of our posts, in one minute. */
export const activityMinute = v.object({
  at: v.pipe(time, v.description("When the minute began.")),
  requests,
  hosts: v.array(hostPosts),
});
export type ActivityMinute = Checked<typeof activityMinute>;

interface Minute {
  requests: Requests;
  hosts: Map<HostPosts["host"], HostPosts>;
}

/** How much of a failure's text is kept, in characters. */
const mostWhy = 200;
/** Strangers name hosts, so only the busiest ones are kept by name. */
export const mostHosts = 20;
/** Beyond so many, none but the busiest stay by name. Until then, one that comes late can still become one of them. */
const mostCandidates = 200;

/** Requests and posts of the last hour by minute, posts by TSP server, too. */
export class Activity {
  #minutes = new Map<EpochMs, Minute>();

  get isEmpty(): boolean {
    return this.#minutes.size === 0;
  }

  add(at: EpochMs, counted: HostPosts): void {
    const minute = this.#minuteOf(at);
    const posts = showPosts(counted, persons.none);
    const before = minute.hosts.get(posts.host);
    minute.hosts.set(posts.host, before ? together(before, posts) : posts);
    if (minute.hosts.size > mostCandidates) minute.hosts = new Map(busiest(minute.hosts).map((one) => [one.host, one]));
  }

  addRequests(at: EpochMs, { confirmed, refused }: Requests): void {
    if (confirmed + refused === 0) return;
    const minute = this.#minuteOf(at);
    const before = minute.requests;
    minute.requests = { confirmed: before.confirmed + confirmed, refused: before.refused + refused };
  }

  addAll(minutes: readonly ActivityMinute[]): void {
    for (const { at, hosts, requests } of minutes) {
      this.addRequests(at, requests);
      for (const posts of hosts) this.add(at, posts);
    }
  }

  #minuteOf(at: EpochMs): Minute {
    const begin = minuteOf(at);
    const minute = this.#minutes.get(begin) ?? { requests: noRequests, hosts: new Map() };
    this.#minutes.set(begin, minute);
    return minute;
  }

  /** Only the hour before this time stays, and what a wrong clock dated less than an hour after it. */
  keepHour(now: EpochMs): void {
    for (const at of this.#minutes.keys()) if (Math.abs(minuteOf(now) - at) >= hourMs) this.#minutes.delete(at);
  }

  /** The oldest minute first, each with its busiest hosts. */
  data(): readonly ActivityMinute[] {
    return [...this.#minutes]
      .sort(([one], [other]) => one - other)
      .map(([at, { requests, hosts }]) => ({ at, requests, hosts: busiest(hosts) }));
  }

  /** What facts behind this row say of posts, each in its minute. */
  addFacts(facts: readonly PlacedFact[], after: number): void {
    for (const { row, at, fact } of facts) {
      if (row <= after) continue;
      if (fact.kind === "document-confirmed") this.addRequests(at, { ...noRequests, confirmed: 1 });
      if (fact.kind === "post-confirmed" && fact.host !== undefined)
        this.add(fact.at, {
          ...{ ...noPosts, host: fact.host as WebexHost, confirmed: 1, tookMs: fact.tookMs ?? 0 },
          ...(fact.refused && { refused: 1 }),
        });
      if (fact.kind === "post-failed" && fact.host !== undefined)
        this.add(fact.at, { ...noPosts, ...failedBy(fact.host, fact.at, fact.why), failed: 1 });
      if (fact.kind === "post-given-up")
        this.add(at, { ...noPosts, ...failedBy(fact.host, at, fact.why), failed: fact.lastFailed ? 1 : 0, givenUp: 1 });
      if (fact.kind === "server-settled" && fact.expired && fact.messages)
        this.add(at, { ...noPosts, host: fact.host, givenUp: 1 });
    }
  }

  /** All that is here, which is empty then. */
  removeAll(): readonly ActivityMinute[] {
    const data = this.data();
    this.#minutes = new Map();
    return data;
  }
}

export function minuteOf(at: EpochMs): EpochMs {
  return Math.floor(at / minuteMs) * minuteMs;
}

/** Posts to several servers, or of several minutes, as those of the first of them. */
export function together(one: HostPosts, other: HostPosts): HostPosts {
  const isLater = (other.lastFailure?.at ?? 0) > (one.lastFailure?.at ?? 0);
  const refused = (one.refused ?? 0) + (other.refused ?? 0);
  return {
    host: one.host,
    confirmed: one.confirmed + other.confirmed,
    ...(refused > 0 && { refused }),
    failed: one.failed + other.failed,
    givenUp: one.givenUp + other.givenUp,
    tookMs: one.tookMs + other.tookMs,
    lastFailure: isLater ? other.lastFailure : one.lastFailure,
  };
}

function failedBy(host: string, at: EpochMs, why: string): Pick<HostPosts, "host" | "lastFailure"> {
  return { host: host as WebexHost, lastFailure: { at, why: why.slice(0, mostWhy) } };
}

function busiest(hosts: ReadonlyMap<HostPosts["host"], HostPosts>): readonly HostPosts[] {
  const named = [...hosts.values()]
    .filter(({ host }) => host !== null)
    .sort((one, other) => sizeOf(other) - sizeOf(one));
  const others = named.slice(mostHosts).reduce((sum, one) => together(sum, one), hosts.get(null) ?? noPosts);
  return sizeOf(others) > 0 ? [...named.slice(0, mostHosts), others] : named;
}

function sizeOf({ confirmed, failed, givenUp }: HostPosts): number {
  return confirmed + failed + givenUp;
}

export const noPosts: HostPosts = { host: null, confirmed: 0, failed: 0, givenUp: 0, tookMs: 0, lastFailure: null };
export const noRequests: Requests = { confirmed: 0, refused: 0 };
