import type { Command } from "../../bridge/commands.ts";
import { type AccessCodes, isSameCodes } from "../../bridge/schemas.ts";
import type { Draft } from "../draft.ts";
import { type CreateRequest, type EntryRules, secretsOf } from "../head.ts";
import type { Caller } from "../state.ts";

/** The keypad takes no more digits. */
const MAX_CODE = 64;
/** How many replaced codes are kept, so that they name nobody. */
const MAX_FORMER_SECRETS = 20;
/** Pause after a bridge refused to take the rules. */
const RETRY_MS = 60_000;

/** The latest create counts (protocol 4.18). What it does not say stays as it was `before`. */
export function entryRulesOf(draft: Draft, message: CreateRequest, before: EntryRules | null = null): EntryRules {
  const { maxCallers, anonymousId } = message;
  const accessCodes = accessCodesOf(message, before?.accessCodes);
  const formerSecrets = secretsOf(draft.state.head).slice(-MAX_FORMER_SECRETS);
  return {
    maxCallers: maxCallers === undefined ? (before?.maxCallers ?? null) : maxCallers || null, // 0: WebEx sets no limit.
    anonymousId: anonymousId ?? before?.anonymousId ?? null,
    ...(accessCodes && { accessCodes }),
    ...(formerSecrets.length > 0 && { formerSecrets }),
  };
}

/** The codes of the meeting's account that callers can key (protocol 2.2.1). */
function accessCodesOf({ subscriberCode, participantCode }: CreateRequest, before?: AccessCodes): AccessCodes | null {
  const either = (code: string | undefined, former: string | null = null) =>
    code === undefined || code.length > MAX_CODE ? former : code;
  const subscriber = either(subscriberCode, before?.subscriber);
  const participant = either(participantCode, before?.participant);
  return subscriber === null && participant === null ? null : { subscriber, participant };
}

/** Marks a caller whose attendee ID leads in, or makes a silent monitor: it names nobody. */
export function secretMark({ head }: Draft, attendeeId: string | null): Pick<Caller, "keyedSecret"> {
  const secrets: readonly (string | null)[] = secretsOf(head);
  return secrets.includes(attendeeId) ? { keyedSecret: true } : {};
}

export function createCommand({ maxCallers, anonymousId, accessCodes }: EntryRules): Command<"create-conference"> {
  return { type: "create-conference", maxCallers, anonymousId, ...(accessCodes && { accessCodes }) };
}

/** Sends the bridge the rules where it has others (`held`), or has refused these: one command at a time. */
export function renewEntryRules(draft: Draft, held: EntryRules): void {
  const { running } = draft;
  if (!running || draft.pending("create-conference")) return;
  if (running.renewAt !== undefined || !isSame(running, held)) issueRenewal(draft, running);
}

/** Nobody knows which rules the bridge has: it is told these, unless it is being told. */
export function renewUnknownRules(draft: Draft): void {
  const { running } = draft;
  if (running && !draft.pending("create-conference")) issueRenewal(draft, running);
}

/** The bridge has refused them. */
export function delayRenewal(draft: Draft): void {
  draft.update({ renewAt: draft.at + RETRY_MS });
}

/** Tells the bridge once more, when the pause is over. */
export function retryRenewal(draft: Draft): void {
  const { running, at } = draft;
  if (running?.renewAt !== undefined && !running.closing && running.renewAt <= at) issueRenewal(draft, running);
}

function issueRenewal(draft: Draft, rules: EntryRules): void {
  draft.update({ renewAt: undefined });
  draft.issue({ ...createCommand(rules), renews: true });
}

function isSame(one: EntryRules, other: EntryRules): boolean {
  return (
    one.maxCallers === other.maxCallers &&
    one.anonymousId === other.anonymousId &&
    isSameCodes(one.accessCodes, other.accessCodes)
  );
}
