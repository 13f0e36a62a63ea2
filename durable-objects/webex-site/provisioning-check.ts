import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { sentence } from "../../src/foundation/text/sentence.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import type { ProvisioningState } from "../../src/rpc/webex-site.ts";
import type { WebexSiteSettings } from "../../src/settings/domain-settings.ts";
import { sharedCodeDifference } from "../../webex-interfaces/doors/edge.ts";
import type { DomainPorts, Platform } from "../platform/platform.ts";
import { type ComparisonParts, compareTurn, expectedOf, mostUsers, withDifferences } from "./site-comparison.ts";
import type { WebexNumbers } from "./webex-numbers.ts";
import type { Connection, SiteFailure, WebexSiteClient } from "./webex-site-client.ts";
import type { Check, WebexSiteStore } from "./webex-site-store.ts";

/** From the start of a turn to that of the next, and after one that failed. */
const turnPauseMs = 7_000;
/** A check that has not come to its end by then ends with what was compared; without any, it has failed. */
const checkWithinMs = 4 * hourMs;
/** A site that answers others, but has no proper answer about itself or its list of users, is asked again so often. */
const mostFailedTurns = 5;
const failedTurnBackoff = doubling(30_000, 240_000);
type Failure = Pick<SiteFailure, "why" | "says">;
type ProvisioningPorts = Pick<Platform & DomainPorts, "domain" | "now" | "log" | "measures">;

/** Compares the site's accounts with the domain's settings: each night, and when operators ask for it. */
export class ProvisioningCheck {
  readonly #ports: ProvisioningPorts;
  readonly #store: WebexSiteStore;
  readonly #client: WebexSiteClient;
  readonly #numbers: WebexNumbers;
  readonly #comparison: ComparisonParts;

  constructor(ports: ProvisioningPorts, store: WebexSiteStore, client: WebexSiteClient, numbers: WebexNumbers) {
    this.#ports = ports;
    this.#store = store;
    this.#client = client;
    this.#numbers = numbers;
    this.#comparison = { ports, store, client, numbers };
  }

  /** Begins a check for an operator. One that waits for a site that is left alone goes on at once; one that runs keeps its pace. */
  beginByHand(): void {
    const check = this.#store.read("check");
    if (!check) this.#begin(true);
    else if (check.waits !== null) this.#goOnAt(this.#ports.now(), { ...check, isUrgent: true });
  }

  /** Begins the nightly check when it is its time. */
  beginByNight(settings: WebexSiteSettings): void {
    const now = this.#ports.now();
    // The clock was set back: from a time that is still to come, the next night would be tomorrow's for ever.
    if ((this.#store.read("nightsFrom") ?? now) > now) this.#store.write("nightsFrom", now);
    const nightAt = this.#nightAt(settings);
    if (nightAt === null || nightAt > now) return;
    this.#store.write("nightsFrom", now);
    if (!this.#store.read("check")) this.#begin(false);
  }

  /** The next turn of the check, if it is due. */
  async continue(connection: Connection): Promise<void> {
    const check = this.#store.read("check");
    if (check && this.#dueOf(check) <= this.#ports.now()) await this.#turn(connection, check);
  }

  /** When the check goes on, or the next one begins; `null`: not by itself. */
  dueAt(settings: WebexSiteSettings): EpochMs | null {
    const check = this.#store.read("check");
    return earliest(check ? this.#dueOf(check) : null, this.#nightAt(settings));
  }

  state(connection: Connection | null): ProvisioningState {
    if (!connection) return { last: null, running: null, failure: null, nextAt: null };
    const check = this.#store.read("check") ?? null;
    return {
      last: this.#store.read("lastCheck") ?? null,
      running: check && {
        ...{ begunAt: check.begunAt, users: check.users, of: check.of },
        waits:
          check.waits !== null && this.#dueOf(check) > this.#ports.now()
            ? { says: check.waits, until: check.due }
            : null,
      },
      failure: this.#store.read("checkFailure") ?? null,
      nextAt: this.#nightAt(connection.settings),
    };
  }

  #dueOf({ due, dueSetAt }: Check): EpochMs {
    const now = this.#ports.now();
    return dueSetAt > now ? now : due;
  }

  #begin(isUrgent: boolean): void {
    const now = this.#ports.now();
    this.#store.write("check", {
      ...{ begunAt: now, isUrgent, due: now, dueSetAt: now, tookMs: 0, waits: null, failedTurns: 0 },
      ...{ next: null, pageBegan: null, left: [], isListed: false, isShifted: false, unread: 0 },
      ...{ codesUnder: null, codesLostOf: 0, users: 0, of: null, differences: [], more: 0, numbers: [] },
    });
  }

  /** The site, or some of its users; what cannot be asked now is asked again later, from the same place on. */
  async #turn(connection: Connection, before: Check): Promise<void> {
    const turnBegunAt = this.#ports.now();
    const digest = this.#client.codeDigest(before.begunAt);
    const codesUnder = await digest("");
    const begun = codesUnder === before.codesUnder ? before : { ...before, codesUnder, codesLostOf: before.users };
    const { check, codes, failure } = await compareTurn(this.#comparison, connection, begun);
    const digests = await Promise.all(codes.map(async ({ code, owner }) => ({ code: await digest(code), owner })));
    const now = this.#ports.now();
    // Meanwhile the settings may have come to name another site or user: then the check is gone, or another one is there.
    if (this.#store.read("check")?.begunAt !== begun.begunAt) return;
    // Without a key no codes are told apart.
    this.#store.addCodes(digests.filter(({ code }) => code !== ""));
    const isLate = tookMs(check, now) >= checkWithinMs;
    if (!failure) {
      const pauseMs = begun.next === null ? 0 : turnPauseMs - Math.max(0, now - turnBegunAt);
      if (check.isListed && check.left.length === 0) this.#end(connection, check);
      else if (isLate) this.#endLate(connection, check, { why: "unreadable", says: "the site was too slow" });
      else this.#goOnAt(now + Math.max(0, pauseMs), { ...check, failedTurns: 0, waits: null });
      return;
    }
    const pauseMs = this.#pauseAfter(failure, check);
    if (pauseMs === null) this.#fail(failure);
    else if (isLate) this.#endLate(connection, check, failure);
    else
      this.#goOnAt(now + pauseMs, {
        ...check,
        isUrgent: false,
        failedTurns: failure.why === "unreadable" ? check.failedTurns + 1 : check.failedTurns,
        waits: failure.why === "not-sent" ? null : failure.says,
      });
  }

  #goOnAt(due: EpochMs, check: Check): void {
    const now = this.#ports.now();
    this.#store.write("check", { ...check, due, dueSetAt: now, tookMs: tookMs(check, now) });
  }

  /** The pause before the next try, in milliseconds; `null`: there is none. */
  #pauseAfter({ why, until = 0 }: SiteFailure, { failedTurns }: Check): number | null {
    switch (why) {
      case "refused":
        return null;
      case "not-sent":
        return turnPauseMs;
      case "unreadable":
        return failedTurns + 1 < mostFailedTurns ? pauseAfter(failedTurns + 1, failedTurnBackoff) : null;
      case "rate-limit":
        return Math.max(turnPauseMs, until - this.#ports.now());
      case "site": {
        const kind = this.#store.read("trouble")?.kind;
        const isForPeople = kind === "no-secret" || kind === "wrong-credentials";
        return isForPeople ? null : Math.max(turnPauseMs, until - this.#ports.now());
      }
    }
  }

  #endLate(connection: Connection, check: Check, { why, says }: Failure): void {
    const { users, of } = check;
    const late = `after ${checkWithinMs / hourMs} hours ${users} of ${of ?? "its"} users were compared: ${says}`;
    if (users > 0) this.#end(connection, check, late);
    else this.#fail({ why, says: late });
  }

  /** `late`: why not all users were compared. */
  #end({ settings }: Connection, check: Check, late?: string): void {
    // Codes that one account has twice stand with the account.
    const shared = this.#store
      .sharedCodes()
      .filter(({ one, other }) => accountOf(one) !== accountOf(other))
      .map(({ one, other }) => sharedCodeDifference(one, other));
    const { begunAt, users, of, differences, more, numbers, codesLostOf, isShifted } = withDifferences(check, shared);
    const endedAt = this.#ports.now();
    const expected = expectedOf(this.#comparison);
    const notCompared = [
      late !== undefined && `${sentence(late)} The others were not.`,
      expected.numbers.length === 0 &&
        "The settings name no numbers, so those of the accounts were not compared: set webexSite.expects.numbers.",
      expected.edge === undefined &&
        "The settings do not say how WebEx reaches the edge, so adaptor URLs were compared by their path alone: set webexSite.expects.edge.",
      codesLostOf > 0 &&
        `The secret of webexSite or the edge's operator token was changed during the check, so that access codes of the first ${codesLostOf} users were not compared with those of the others: have the check made again.`,
      isShifted &&
        "Users were deleted at the site during the check, so that some of the others may not have been listed: have the check made again.",
      of !== null && of > mostUsers && `Only the first ${mostUsers} of ${of} users were compared.`,
    ].filter((says) => says !== false);
    const count = differences.length + more;
    this.#store.transaction(() => {
      this.#store.write("lastCheck", { begunAt, endedAt, users, differences, more, notCompared });
      this.#numbers.keepOfAccounts(settings.globalNumbers ? numbers : [], { areAll: late === undefined });
      this.#store.delete("check");
      this.#store.delete("checkFailure");
      this.#store.deleteCodes();
    });
    this.#ports.measures.checks.count({ domain: this.#store.domain ?? "", outcome: "done" });
    const facts = {
      differences: count,
      users,
      tookMs: tookMs(check, endedAt),
      ...(late !== undefined && { msg: late }),
    };
    const isFine = count === 0 && late === undefined;
    this.#ports.log({ level: isFine ? "info" : "warn", event: "provisioning-checked", ...facts });
  }

  #fail({ says, why }: Failure): void {
    this.#store.write("checkFailure", { at: this.#ports.now(), says });
    this.#store.delete("check");
    this.#store.deleteCodes();
    this.#ports.measures.checks.count({ domain: this.#store.domain ?? "", outcome: "failed" });
    // What is wrong with the site as a whole is in the log since that began.
    if (why !== "site") this.#ports.log({ level: "warn", event: "provisioning-not-checked", msg: says });
  }

  /** Once a day, in the hour of the settings; at which minute, the domain's name decides, so that not all sites are asked at once. */
  #nightAt({ nightlyCheck, checkHour }: WebexSiteSettings): EpochMs | null {
    const from = this.#store.read("nightsFrom");
    if (!nightlyCheck || from === undefined) return null;
    const after = Math.min(from, this.#ports.now());
    const at = Math.floor(after / dayMs) * dayMs + checkHour * hourMs + minuteOf(this.#store.domain ?? "") * 60_000;
    return at > after ? at : at + dayMs;
  }
}

/** How long the check has taken. Where the clock was set back since it was last due, that time is not known, and counts for nothing. */
function tookMs(check: Check, now: EpochMs): number {
  return check.tookMs + Math.max(0, now - check.dueSetAt);
}

/** `user anna.berg, account 1` of `user anna.berg, account 1, participant access code`. */
function accountOf(owner: string): string {
  return owner.replace(/, \w+ access code$/, "");
}

function minuteOf(domain: string): number {
  let hash = 0;
  for (const character of domain) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 60_013;
  return hash % 60;
}
