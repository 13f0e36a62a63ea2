import { ok } from "../../src/foundation/result.ts";
import {
  type AccessCode,
  aboutUser,
  type Difference,
  distinct,
  type Expected,
  noRecordId,
  siteDifferences,
  userFindings,
  userReads,
} from "../../webex-interfaces/doors/edge.ts";
import type { DomainPorts } from "../platform/platform.ts";
import { checkTurnWithinMs, expectedNumbers, mostNumbers, type WebexNumbers } from "./webex-numbers.ts";
import type { Connection, SiteFailure, WebexSiteClient } from "./webex-site-client.ts";
import type { Check, WebexSiteStore } from "./webex-site-store.ts";

/** Users of one turn of a check. With their list these are 180 requests a minute: others find room in the site's rate limit. */
const usersPerTurn = 20;
export const mostUsers = 20_000;
const mostDifferences = 500;
/** So many users in a row without a proper answer are no broken users: the site has none for this check. */
const mostUnread = 20;

/** How far a turn came; with `failure` not to its end. */
interface ComparisonProgress {
  readonly check: Check;
  readonly codes: readonly AccessCode[];
  readonly failure?: SiteFailure;
}

export interface ComparisonParts {
  readonly ports: Pick<DomainPorts, "domain">;
  readonly store: WebexSiteStore;
  readonly client: WebexSiteClient;
  readonly numbers: WebexNumbers;
}

/** One turn of a check: the site, or some of its users, compared with the domain's settings. */
export function compareTurn(parts: ComparisonParts, connection: Connection, check: Check): Promise<ComparisonProgress> {
  return check.next === null ? compareSite(parts, connection, check) : compareUsers(parts, connection, check);
}

export function expectedOf({ ports, store }: ComparisonParts): Expected {
  const domain = store.domain && ports.domain(store.domain);
  if (!domain?.settings.webexSite) throw new Error(`the settings have no site for the domain "${store.domain}"`);
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

async function compareSite(parts: ComparisonParts, connection: Connection, check: Check): Promise<ComparisonProgress> {
  const asked = await parts.numbers.askSite(connection, { isUrgent: check.isUrgent, isOfCheck: true });
  if (!asked.ok) return { check, codes: [], failure: asked };
  const differences = siteDifferences(asked.value, expectedOf(parts));
  return { check: withDifferences({ ...check, isUrgent: false, next: 1 }, differences), codes: [] };
}

/** The rest of a page, or the next page. */
async function compareUsers(parts: ComparisonParts, connection: Connection, begun: Check): Promise<ComparisonProgress> {
  const codes: AccessCode[] = [];
  const listed = begun.left.length > 0 ? { check: begun } : await listUsers(parts, connection, begun);
  if ("failure" in listed) return { check: begun, codes, failure: listed.failure };
  let { check } = listed;
  // A site may answer with a longer page than it was asked for.
  for (const [at, webExId] of check.left.slice(0, usersPerTurn).entries()) {
    const asked = await parts.client.ask(
      connection,
      () => connection.api.call("getUser", { webExId }, { reads: userReads }),
      { isUrgent: check.isUrgent, isOfCheck: true, waitsMs: checkTurnWithinMs },
    );
    if (!asked.ok && asked.why !== "refused" && asked.why !== "unreadable")
      return { check: { ...check, left: check.left.slice(at) }, codes, failure: asked };
    check = { ...check, isUrgent: false };
    if (asked.ok) {
      const { differences, numbers, codes: own } = userFindings(asked.value.value, expectedOf(parts));
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

async function listUsers(
  parts: ComparisonParts,
  connection: Connection,
  check: Check,
): Promise<{ readonly check: Check } | { readonly failure: SiteFailure }> {
  const startFrom = check.next ?? 1;
  const listed = await parts.client.ask(
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

export function withDifferences(check: Check, found: readonly Difference[]): Check {
  const room = Math.max(0, mostDifferences - check.differences.length);
  return {
    ...check,
    differences: [...check.differences, ...found.slice(0, room)],
    more: check.more + Math.max(0, found.length - room),
  };
}
