import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import { sentence } from "../../src/foundation/text/sentence.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import type { ProvisioningState } from "../../src/rpc/webex-site.ts";
import type { WebexSiteSettings } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import {
  type AccessCode,
  aboutUser,
  type Difference,
  distinct,
  type Expected,
  noRecordId,
  sharedCodeDifference,
  siteDifferences,
  userFindings,
  userReads,
} from "../../webex-interfaces/doors/edge.ts";
import { earliest } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import { checkTurnWithinMs, expectedNumbers, mostNumbers, type WebexNumbers } from "./webex-numbers.ts";
import type { Connection, SiteFailure, WebexSiteClient } from "./webex-site-client.ts";
import type { Check, WebexSiteStore } from "./webex-site-store.ts";

/** Users of one turn of a check. With their list these are 180 requests a minute: others find room in the site's rate limit. */
const usersPerTurn = 20;
/** From the begin of a turn to that of the next, and after one that failed. */
const turnPauseMs = 7_000;
const mostUsers = 20_000;
const mostDifferences = 500;
/** A check that has not come to its end by then ends with what was compared; without any, it has failed. */
const checkWithinMs = 4 * hourMs;
/** A site that answers others, but has no proper answer about itself or its list of users, is asked again so often. */
const mostFailedTurns = 5;
const failedTurnBackoff = doubling(30_000, 240_000);
/** So many users in a row without a proper answer are no broken users: the site has none for this check. */
const mostUnread = 20;

/** How far a turn came; with `failure` not to its end. */
interface Progress {
  readonly check: Check;
  readonly codes: readonly AccessCode[];
  readonly failure?: SiteFailure;
}

export interface ProvisioningPorts extends Pick<Platform, "now" | "log" | "measures"> {
  /** `null` when the settings do not have the domain; throws when they cannot be read. */
  domain(name: DomainName): Domain | null;
}

/** Compares the site's accounts with the domain's settings: each night, and when operators ask for it. */
export class ProvisioningCheck {
  readonly #ports: ProvisioningPorts;
  readonly #store: WebexSiteStore;
  readonly #client: WebexSiteClient;
  readonly #numbers: WebexNumbers;

  constructor(ports: ProvisioningPorts, store: WebexSiteStore, client: WebexSiteClient, numbers: WebexNumbers) {
    this.#ports = ports;
    this.#store = store;
    this.#client = client;
    this.#numbers = numbers;
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
    this.#store.deleteCodes();
    this.#store.write("check", {
      ...{
        begunAt: now,
        isUrgent,
        due: now,
        dueSetAt: now,
        tookMs: 0,
        waits: null,
        next: null,
        pageBegan: null,
        left: [],
        isListed: false,
        failedTurns: 0,
        unread: 0,
        codesUnder: null,
        codesLostOf: 0,
        isShifted: false,
      },
      ...{ users: 0, of: null, differences: [], more: 0, numbers: [] },
    });
  }

  /** The site, or some of its users; what cannot be asked now is asked again later, from the same place on. */
  async #turn(connection: Connection, before: Check): Promise<void> {
    const turnBegunAt = this.#ports.now();
    const digest = this.#client.codeDigest(before.begunAt);
    const codesUnder = await digest("");
    const begun = codesUnder === before.codesUnder ? before : { ...before, codesUnder, codesLostOf: before.users };
    const { check, codes, failure } =
      begun.next === null ? await this.#compareSite(connection, begun) : await this.#compareUsers(connection, begun);
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
      else if (isLate)
        this.#endLate(connection, check, { ok: false, why: "unreadable", says: "the site was too slow" });
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

  /** Until the next try; `null`: there is none. */
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

  async #compareSite(connection: Connection, check: Check): Promise<Progress> {
    const asked = await this.#numbers.askSite(connection, { isUrgent: check.isUrgent, isOfCheck: true });
    if (!asked.ok) return { check, codes: [], failure: asked };
    const differences = siteDifferences(asked.value, this.#expected());
    return { check: withDifferences({ ...check, isUrgent: false, next: 1 }, differences), codes: [] };
  }

  /** The rest of a page, or the next page. */
  async #compareUsers(connection: Connection, begun: Check): Promise<Progress> {
    const codes: AccessCode[] = [];
    const listed = begun.left.length > 0 ? { check: begun } : await this.#list(connection, begun);
    if ("failure" in listed) return { check: begun, codes, failure: listed.failure };
    let { check } = listed;
    // A site may answer with a longer page than it was asked for.
    for (const [at, webExId] of check.left.slice(0, usersPerTurn).entries()) {
      const asked = await this.#client.ask(
        connection,
        () => connection.api.call("getUser", { webExId }, { reads: userReads }),
        { isUrgent: check.isUrgent, isOfCheck: true, waitsMs: checkTurnWithinMs },
      );
      if (!asked.ok && asked.why !== "refused" && asked.why !== "unreadable")
        return { check: { ...check, left: check.left.slice(at) }, codes, failure: asked };
      check = { ...check, isUrgent: false };
      if (asked.ok) {
        const { differences, numbers, codes: own } = userFindings(asked.value.value, this.#expected());
        codes.push(...own);
        check = withDifferences(
          {
            ...check,
            users: check.users + 1,
            unread: 0,
            numbers: distinct([...check.numbers, ...numbers]).slice(0, mostNumbers),
          },
          differences,
        );
        continue;
      }
      // This one alone: perhaps it was deleted meanwhile, or is broken at the site.
      const unread = asked.why === "unreadable" ? check.unread + 1 : 0;
      if (unread === mostUnread) {
        const says = `${mostUnread} users in a row could not be read, the last for this: ${asked.says}`;
        return { check, codes, failure: { ok: false, why: "refused", says } };
      }
      const says = `It was not compared: ${asked.says}.`;
      check = withDifferences({ ...check, unread }, [{ about: aboutUser(webExId), says }]);
    }
    return { check: { ...check, left: check.left.slice(usersPerTurn) }, codes };
  }

  async #list(
    connection: Connection,
    check: Check,
  ): Promise<{ readonly check: Check } | { readonly failure: SiteFailure }> {
    const startFrom = check.next ?? 1;
    const listed = await this.#client.ask(
      connection,
      async () => {
        const answer = await connection.api.call(
          "lstsummaryUser",
          {
            active: "ACTIVATED",
            listControl: { startFrom, maximumNum: usersPerTurn, listMethod: "AND" },
            order: { orderBy: ["UID"], orderAD: ["ASC"] },
          },
          { reads: ["user.webExId", "matchingRecords"] },
        );
        // A list without items is refused.
        const isEmpty = !answer.ok && answer.error.kind === "refused" && answer.error.exceptionId === noRecordId;
        return isEmpty ? ok({ value: {}, wrong: [] }) : answer;
      },
      { isUrgent: check.isUrgent, isOfCheck: true, waitsMs: checkTurnWithinMs },
    );
    if (!listed.ok) return { failure: { ...listed, says: `the site's users cannot be listed: ${listed.says}` } };
    const { user: users = [], matchingRecords } = listed.value.value;
    const [first = null] = users.map(({ webExId }) => webExId);
    if (first !== null && first === check.pageBegan) {
      const says = `the site's users cannot be listed: it answers the page from user ${startFrom} on with the one before`;
      return { failure: { ok: false, why: "refused", says } };
    }
    const next = startFrom + users.length;
    const total = matchingRecords?.total ?? (users.length === 0 ? startFrom - 1 : null);
    return {
      check: {
        ...check,
        isUrgent: false,
        of: total,
        isShifted: check.isShifted || (check.of !== null && total !== null && total < check.of),
        next,
        pageBegan: first,
        left: users.map(({ webExId }) => webExId),
        isListed: users.length === 0 || next > Math.min(total ?? next, mostUsers),
      },
    };
  }

  #endLate(connection: Connection, check: Check, { why, says }: SiteFailure): void {
    const { users, of } = check;
    const late = `after ${checkWithinMs / hourMs} hours ${users} of ${of ?? "its"} users were compared: ${says}`;
    if (users > 0) this.#end(connection, check, late);
    else this.#fail({ ok: false, why, says: late });
  }

  /** `late`: why not all users were compared. */
  #end({ settings }: Connection, check: Check, late?: string): void {
    // Codes that one account has twice are told with the account.
    const shared = this.#store
      .sharedCodes()
      .filter(({ one, other }) => accountOf(one) !== accountOf(other))
      .map(({ one, other }) => sharedCodeDifference(one, other));
    const { begunAt, users, of, differences, more, numbers, codesLostOf, isShifted } = withDifferences(check, shared);
    const endedAt = this.#ports.now();
    const expected = this.#expected();
    const notCompared = [
      ...(late === undefined ? [] : [`${sentence(late)} The others were not.`]),
      ...(expected.numbers.length === 0
        ? ["The settings name no numbers, so those of the accounts were not compared: set webexSite.expects.numbers."]
        : []),
      ...(expected.edge === undefined
        ? [
            "The settings do not say how WebEx reaches the edge, so adaptor URLs were compared by their path alone: set webexSite.expects.edge.",
          ]
        : []),
      ...(codesLostOf > 0
        ? [
            `The secret of webexSite or the edge's operator token was changed during the check, so that access codes of the first ${codesLostOf} users were not compared with those of the others: have the check made again.`,
          ]
        : []),
      ...(isShifted
        ? [
            "Users were deleted at the site during the check, so that some of the others may not have been listed: have the check made again.",
          ]
        : []),
      ...(of !== null && of > mostUsers ? [`Only the first ${mostUsers} of ${of} users were compared.`] : []),
    ];
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

  #fail({ says, why }: SiteFailure): void {
    this.#store.write("checkFailure", { at: this.#ports.now(), says });
    this.#store.delete("check");
    this.#store.deleteCodes();
    this.#ports.measures.checks.count({ domain: this.#store.domain ?? "", outcome: "failed" });
    // What is wrong with the site as a whole was told when that began.
    if (why !== "site") this.#ports.log({ level: "warn", event: "provisioning-not-checked", msg: says });
  }

  #expected(): Expected {
    const domain = this.#store.domain && this.#ports.domain(this.#store.domain);
    if (!domain?.settings.webexSite)
      throw new Error(`the settings have no site for the domain "${this.#store.domain}"`);
    const { webexSite, globalNumbers, adapterSecrets, webex } = domain.settings;
    const { edge, labels = {} } = webexSite.expects;
    return {
      domain: domain.name,
      edge,
      adapterSecrets,
      numbers: expectedNumbers(domain),
      labels,
      hosts: webex.hosts,
      hasNumbersPage: globalNumbers !== undefined || webexSite.globalNumbers,
    };
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

function withDifferences(check: Check, found: readonly Difference[]): Check {
  const room = Math.max(0, mostDifferences - check.differences.length);
  return {
    ...check,
    differences: [...check.differences, ...found.slice(0, room)],
    more: check.more + Math.max(0, found.length - room),
  };
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
