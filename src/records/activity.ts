import * as v from "valibot";
import type { EpochMs, WebexHost } from "../foundation/ids.ts";
import { type Checked, described, text, time } from "../foundation/schemas.ts";
import { minuteMs } from "../foundation/time/timers.ts";

/** What became of posts to one TSP server. */
const hostPosts = v.object({
  host: described(v.nullable(text<WebexHost>()), "The TSP server; null: all beyond the first 50 together."),
  confirmed: described(v.number(), "Documents that it confirmed, with any code."),
  refused: v.exactOptional(
    described(v.number(), "Of these, documents confirmed with a code other than 0; absent: none."),
  ),
  failed: described(v.number(), "Attempts that it did not confirm."),
  givenUp: described(v.number(), "Undelivered documents."),
  tookMs: described(
    v.number(),
    "Total time of the confirmed ones, in milliseconds. Divide by `confirmed` for the mean.",
  ),
  lastFailure: v.nullable(v.object({ at: time, why: v.string() })),
});
export type HostPosts = Checked<typeof hostPosts>;

/** Documents that WebEx has posted to us. */
const requests = v.object({
  confirmed: described(v.number(), "Documents of WebEx that were confirmed with 0. A repeated document counts once."),
  refused: described(
    v.number(),
    "Documents that were confirmed with another code, not stored, too fast, too large, or not complete in time.",
  ),
});
export type Requests = Checked<typeof requests>;

/** What WebEx asked, and what became of our posts, in one minute. */
export const activityMinute = v.object({
  at: described(time, "When the minute began."),
  requests,
  hosts: v.array(hostPosts),
});
export type ActivityMinute = Checked<typeof activityMinute>;

/** When the minute of this time began. */
export function minuteOf(at: EpochMs): EpochMs {
  return Math.floor(at / minuteMs) * minuteMs;
}

/** Adds counts by their names; a sign of -1 subtracts. */
export function plus<Counts extends Readonly<Partial<Record<string, number>>>>(one: Counts, other: Counts, sign = 1) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  const sums = Array.from(names, (name) => [name, (one[name] ?? 0) + sign * (other[name] ?? 0)]);
  return Object.fromEntries(sums) as Counts;
}

/** Sums posts to several servers or of several minutes, under the first server. */
export function together(
  { host, lastFailure, ...one }: HostPosts,
  { host: _, lastFailure: failure, ...other }: HostPosts,
): HostPosts {
  const isLater = (failure?.at ?? 0) > (lastFailure?.at ?? 0);
  return { ...plus(one, other), host, lastFailure: isLater ? failure : lastFailure };
}

export const noPosts: HostPosts = { host: null, confirmed: 0, failed: 0, givenUp: 0, tookMs: 0, lastFailure: null };
export const noRequests: Requests = { confirmed: 0, refused: 0 };
