import type { IssuedCommand } from "../bridge/commands.ts";
import { isAnswer } from "../conference/debts.ts";
import { type ConferenceInput, decide } from "../conference/decide.ts";
import { type Decision, isCommand, isPost, type Outgoing, type Post, withoutDropped } from "../conference/draft.ts";
import {
  applyChanges,
  type Changes,
  type ConferenceState,
  emptyState,
  entryKinds,
  type OwnState,
  type PendingCommand,
} from "../conference/state.ts";
import type { BridgeName, EpochMs, MsgId } from "../foundation/ids.ts";
import { type About, type HistoryRow, isPosted, type KeptDocument, settingsIn, versionIn } from "./history.ts";
import { UnknownIds } from "./unknown-ids.ts";

/** Whether today's code decides as the journal says. */
export type Verdict =
  | { readonly is: "same" }
  /** `where`: the entry that differs first. */
  | { readonly is: "differs"; readonly where: string }
  | { readonly is: "may differ"; readonly why: string };

/** Messages of one document, and what became of them. */
export interface Posted extends Pick<KeptDocument, "host" | "transId" | "messages"> {
  /** When it was confirmed, or the attempt failed. */
  readonly at: EpochMs;
}

export interface Step {
  readonly seq: number;
  readonly at: EpochMs;
  /** The code version that decided; `null`: the row does not say. */
  readonly version: string | null;
  readonly input: ConferenceInput | null;
  /** Read it before the next step is asked for: it is changed in place then. */
  readonly before: ConferenceState;
  readonly changes: Changes;
  readonly commands: readonly IssuedCommand[];
  /** In order; each in the document that carries it, where the journal has that. */
  readonly messages: readonly (Post & { readonly transId: string | null })[];
  /** Documents whose server was replaced before it had confirmed them, or that waited behind one that was given up. */
  readonly dropped: readonly Posted[];
  readonly givenUp: readonly Posted[];
  readonly confirmed: readonly Posted[];
  readonly failed: readonly (Posted & { readonly why: string; readonly attempts: number; readonly nextAt: EpochMs })[];
  /** Today's decision, with the ids of the journal where they are known; `null`: there was nothing to decide. */
  readonly decision: Decision | null;
  readonly verdict: Verdict;
  /** What the decision was handed, besides the state and the settings. */
  readonly context: { readonly bridge: BridgeName | null; readonly cannot: readonly string[]; readonly serial: number };
  /** MsgIDs that the decision used, in order; `null`: nothing in the journal shows which one it was. */
  readonly msgIds: readonly (MsgId | null)[];
  /** The documents that waited when it was decided. */
  readonly queue: readonly KeptDocument[];
}

export const confirmedKey = "confirmed";

type Row = Pick<KeptDocument, "host" | "messages" | "oneAttempt"> & { readonly seq?: number };

/**
 * Steps through a conference's journal: the state before each row, what the row changed and caused, and whether today's code decides the
 * same. What the journal says always counts; decisions are only compared with it. Where several inputs share a transaction, the journal
 * has their changes together, so the states between them are today's.
 */
export function* replay(rows: Iterable<HistoryRow>, about: About): Generator<Step> {
  const replayed = new Replay(about);
  for (const transaction of transactionsOf(rows)) yield* replayed.transaction(transaction);
}

export function* transactionsOf(rows: Iterable<HistoryRow>): Generator<readonly [HistoryRow, ...HistoryRow[]]> {
  let open: [HistoryRow, ...HistoryRow[]] | null = null;
  for (const row of rows) {
    // Where the changes were too long, a row ends its transaction without them.
    if (open && (open[0].at !== row.at || !isSame(open[0].progress, row.progress))) {
      yield open;
      open = null;
    }
    if (open) open.push(row);
    else open = [row];
    if (row.changes === null) continue;
    yield open;
    open = null;
  }
  if (open) yield open;
}

class Replay {
  readonly #about: About;
  readonly #state: OwnState = emptyState();
  #queue: readonly KeptDocument[] = [];
  #progress: HistoryRow["progress"] | null = null;
  /** Why the state is not all that there was. */
  #gap: string | null = null;
  #begun = false;

  constructor(about: About) {
    this.#about = about;
  }

  *transaction(rows: readonly [HistoryRow, ...HistoryRow[]]): Generator<Step> {
    const [first] = rows;
    const last = rows.at(-1) ?? first;
    if (!this.#begun && first.seq > 1) this.#gap = "the rows before are no longer kept";
    this.#begun = true;
    const recorded = last.changes && new Map(last.changes);
    const posts = this.#posts(last);
    const confirmed = posts.confirmed.map(({ seq }) => seq);
    const queue: Row[] = this.#queue.filter(({ seq }) => !confirmed.includes(seq));
    const begin = {
      bridge: this.#progress?.bridge ?? null,
      cannot: this.#progress?.cannot ?? [],
      serial: this.#progress?.serial ?? 0,
    };
    let decided = this.#decide(rows, queue, begin);
    if (this.#gap !== null && this.#progress === null && typeof decided !== "string") {
      const drawn = decided.serial;
      decided = this.#decide(rows, queue, { ...begin, serial: last.progress.serial - drawn });
    }
    const verdict = this.#verdict(rows, recorded, posts.after, decided);
    const ownChanges = recorded ? changesIn(recorded) : null;
    const isKnown = verdict.is === "same" && typeof decided !== "string";
    const shared = { version: versionOf(last), verdict };
    const results = typeof decided === "string" ? [] : decided.results;
    let waiting: readonly KeptDocument[] = this.#queue.filter(({ seq }) => !confirmed.includes(seq));
    for (const [index, row] of rows.entries()) {
      const isLast = index === rows.length - 1;
      const one = results[index];
      const filled = one?.decision && typeof decided !== "string" ? decided.ids.filled(plain(one.decision)) : null;
      const decision = filled && revived(filled);
      const own = isKnown || recorded === null ? (decision?.changes ?? noChanges) : noChanges;
      const changes = isLast && ownChanges ? ownChanges : own;
      const isByDecision = isKnown || recorded === null;
      const commands = isByDecision
        ? (decision?.effects.filter(isCommand) ?? [])
        : isLast
          ? newCommands(this.#state, changes)
          : [];
      const messages: readonly Post[] = isByDecision
        ? (decision?.effects.filter(isPost).filter((post) => isPosted(this.#about.domain, post)) ?? [])
        : isLast
          ? posts.added
          : [];
      const givenUp = row.input?.type === "undelivered" ? givenUpIn(waiting, row.input.messages) : [];
      const { dropQueued = [] } = decision ?? {};
      const dropped = isByDecision
        ? waiting.filter((one) => isGone(one, dropQueued) && !givenUp.some((gone) => gone.seq === one.seq))
        : isLast
          ? posts.gone.filter(({ seq }) => !givenUp.some((gone) => gone.seq === seq))
          : [];
      yield {
        ...shared,
        ...{ seq: row.seq, at: row.at, input: row.input, before: this.#state, changes, commands, decision },
        messages: messages.map((post) => ({ ...post, transId: transIdOf(posts.after, post) })),
        dropped: dropped.map((document) => ({ ...document, at: row.at })),
        givenUp: givenUp.map((document) => ({ ...document, at: row.at })),
        confirmed: index === 0 ? posts.confirmed : [],
        failed: isLast ? posts.failed : [],
        context: one?.context ?? begin,
        msgIds: (one?.msgIds ?? []).map((mark) => {
          const found = typeof decided === "string" ? mark : decided.ids.found(mark);
          return found === mark ? null : (found as MsgId);
        }),
        queue: waiting,
      };
      if (isLast && last.changes) this.#apply(last.changes);
      else applyChanges(this.#state, changes);
      const gone = new Set([...givenUp, ...dropped].map(({ seq }) => seq));
      waiting = waiting.filter(({ seq }) => !gone.has(seq));
    }
    if (recorded === null) this.#gap ??= `what followed from row ${last.seq} was too long to be kept`;
    this.#queue = recorded ? posts.after : waiting;
    this.#progress = last.progress;
  }

  /** One by one: an entry that was deleted and is set again comes last. */
  #apply(changes: NonNullable<HistoryRow["changes"]>): void {
    for (const [key, value] of changes) applyChanges(this.#state, changesIn(new Map([[key, value]])));
  }

  /** What today's code decides on each input of a transaction; a text says why it cannot. */
  #decide(rows: readonly HistoryRow[], queued: readonly Row[], begin: Step["context"]): Decided | string {
    const { confKey, domain } = this.#about;
    const { settings } = domain;
    const ids = new UnknownIds();
    const state: OwnState = rows.length === 1 ? this.#state : copyOf(this.#state);
    const merged = new Map<string, unknown>();
    const results: Decided["results"][number][] = [];
    let queue = queued;
    let { bridge, serial } = begin;
    let { cannot } = begin as { cannot: HistoryRow["progress"]["cannot"] };
    for (const { input, progress, seq } of rows) {
      if (input === null) {
        results.push({ decision: null, msgIds: [], context: { bridge, cannot: cannot ?? [], serial } });
        continue;
      }
      if (input.type === "undelivered") queue = withoutMessages(queue, input.messages);
      if (input.type === "bridge" && state.head.phase === "absent") bridge ??= input.elsewhere ?? progress.bridge;
      if (input.type === "bridge" && input.elsewhere === undefined) cannot = progress.cannot;
      const msgIds: string[] = [];
      const context = { bridge, cannot: cannot ?? [], serial };
      let decision: Decision;
      try {
        decision = decide(state, input, {
          ...{ confKey, settings, bridge, cannot: cannot ?? [], row: seq },
          msgId: () => {
            const mark = ids.next();
            msgIds.push(mark);
            return mark as MsgId;
          },
          serial: () => ++serial,
          nonce: () => ids.next(),
          unconfirmed: () => queue.flatMap(({ messages, ...to }) => messages.map((message) => ({ ...to, message }))),
          sends: domain.codec.sends,
        });
      } catch (error) {
        return `this version cannot decide on it: ${error instanceof Error ? error.message : String(error)}`;
      }
      results.push({ decision, msgIds, context });
      queue = queue.flatMap((row) => keptOf(row, decision.dropQueued));
      const posts = decision.effects.filter(isPost).filter((post) => isPosted(domain, post));
      queue = [...queue, ...posts.map(({ message, ...to }) => ({ ...to, messages: [message] }))];
      if (decision.changes.head?.phase === "creating" && state.head.phase !== "creating") {
        const [only, ...others] = settings.bridges;
        bridge = only && others.length === 0 ? (only.name as BridgeName) : null;
        cannot = undefined;
      }
      for (const [key, value] of entriesIn(decision.changes)) merged.set(key, value);
      if (rows.length > 1) applyChanges(state, decision.changes);
    }
    return { ids, results, merged, queue, serial };
  }

  #verdict(
    rows: readonly [HistoryRow, ...HistoryRow[]],
    recorded: ReadonlyMap<string, unknown> | null,
    after: readonly KeptDocument[],
    decided: Decided | string,
  ): Verdict {
    const last = rows.at(-1) ?? rows[0];
    if (typeof decided === "string") return { is: "may differ", why: decided };
    if (recorded === null) return { is: "may differ", why: "what followed was too long to be kept" };
    const where = this.#difference(recorded, after, last, decided);
    if (where === null) return { is: "same" };
    const { decidedBy } = last.progress;
    const own = this.#about.decidedBy;
    if (rows.some(({ input }) => input && "tooLong" in input))
      return { is: "may differ", why: "the input was too long to be kept" };
    if (this.#gap !== null) return { is: "may differ", why: this.#gap };
    if (decidedBy !== undefined && settingsIn(decidedBy) !== settingsIn(own))
      return { is: "may differ", why: "the settings of the domain have changed since" };
    if (decidedBy === undefined) return { is: "may differ", why: "the row does not say which version decided" };
    return { is: "differs", where };
  }

  /** Where today's decisions and the journal differ. */
  #difference(
    recorded: ReadonlyMap<string, unknown>,
    after: readonly KeptDocument[],
    { progress }: HistoryRow,
    { ids, merged, queue, serial }: Decided,
  ): string | null {
    const open = new Map([...recorded].filter(([key]) => kindOf(key) !== null));
    for (const [key, value] of merged) {
      const found = open.has(key) ? key : [...open.keys()].find((other) => ids.isSameText(key, other));
      const known = found === undefined ? this.#entry(key) : open.get(found);
      const where = ids.difference(value ?? null, known ?? null, key);
      if (where !== null) return UnknownIds.readable(where);
      if (found !== undefined) open.delete(found);
    }
    for (const [key, value] of open) {
      const where = ids.difference(this.#entry(key) ?? null, value, key);
      if (where !== null) return UnknownIds.readable(where);
    }
    const hosts = new Set([...queue, ...after].map(({ host }) => host));
    for (const host of hosts) {
      // Which answers to a replaced server are left depends on what was being posted, which the journal does not say.
      if ([...queue, ...after].some((row) => row.host === host && row.oneAttempt)) continue;
      const of = (rows: readonly Row[]) =>
        comparable(rows.filter((row) => row.host === host).flatMap(({ messages }) => messages));
      const where = ids.difference(of(queue), of(after), `messages to ${host}`);
      if (where !== null) return UnknownIds.readable(where);
    }
    return serial === progress.serial ? null : "serial";
  }

  #entry(key: string): unknown {
    const kind = kindOf(key);
    if (kind === null) return undefined;
    return kind === "head" ? this.#state.head : this.#state[entryKinds[kind]].get(idIn(key) as never);
  }

  /** What became of documents in a transaction, and those that wait behind it. */
  #posts({ at, changes }: HistoryRow) {
    const recorded = changes ?? [];
    const confirmations = (recorded.find(([key]) => key === confirmedKey)?.[1] ?? []) as readonly (readonly [
      seq: number,
      at: EpochMs,
    ])[];
    const documents = new Map(this.#queue.map((document) => [document.seq, document]));
    const confirmed: (Posted & Pick<KeptDocument, "seq">)[] = [];
    for (const [seq, confirmedAt] of confirmations) {
      const document = documents.get(seq);
      if (document) confirmed.push({ ...document, at: confirmedAt });
      documents.delete(seq);
    }
    const added: Post[] = [];
    const gone: KeptDocument[] = [];
    const failed: Step["failed"][number][] = [];
    for (const [key, value] of recorded) {
      if (!key.startsWith("outbox/")) continue;
      const seq = Number(idIn(key));
      const before = documents.get(seq);
      if (value === null) {
        if (before) gone.push(before);
        documents.delete(seq);
        continue;
      }
      const document = value as KeptDocument;
      const isKnown = before?.transId === document.transId;
      const earlier = isKnown ? before.messages.length : 0;
      for (const message of document.messages.slice(earlier)) added.push({ host: document.host, message });
      documents.set(seq, document);
      const { failure, failedAt, attempts, dueAt } = document;
      if (failure === undefined || (isKnown && before.failure === failure && before.dueAt === dueAt)) continue;
      failed.push({ ...document, at: failedAt ?? at, why: failure, attempts, nextAt: dueAt });
    }
    const after = [...documents.values()].sort((one, other) => one.seq - other.seq);
    return { confirmed, added, gone, failed, after };
  }
}

/** An answer that joins those to the same document overtakes what waits behind them; notifications keep their order. */
function comparable(messages: readonly Outgoing[]): readonly Outgoing[] {
  const { answers = [], others = [] } = Object.groupBy(messages, (one) => (isAnswer(one) ? "answers" : "others"));
  return [...answers.sort((one, other) => (one.msgId < other.msgId ? -1 : 1)), ...others];
}

interface Decided {
  readonly ids: UnknownIds;
  readonly results: readonly {
    readonly decision: Decision | null;
    readonly msgIds: readonly string[];
    readonly context: Step["context"];
  }[];
  readonly merged: ReadonlyMap<string, unknown>;
  readonly queue: readonly Row[];
  readonly serial: number;
}

const { head: _, ...noChanges } = emptyState();

/** The state of its own that a reader may keep. */
export function copyOf({ head, callers, callOuts, commands, rooms, outages, debts }: ConferenceState): OwnState {
  return {
    ...{ head, callers: new Map(callers), callOuts: new Map(callOuts) },
    ...{ commands: new Map(commands), rooms: new Map(rooms), outages: new Map(outages), debts: new Map(debts) },
  };
}

function versionOf({ progress: { decidedBy } }: HistoryRow): string | null {
  return decidedBy === undefined ? null : versionIn(decidedBy);
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

type Kind = keyof typeof entryKinds | "head";

function kindOf(key: string): Kind | null {
  const [kind = ""] = key.split("/", 1);
  return kind === "head" || Object.hasOwn(entryKinds, kind) ? (kind as Kind) : null;
}

function isGone(row: Row, dropped: Decision["dropQueued"]): boolean {
  return keptOf(row, dropped).length === 0;
}

/** The row without what is dropped of it; none where nothing is left. */
function keptOf({ messages, ...to }: Row, dropped: Decision["dropQueued"]): readonly Row[] {
  const kept = withoutDropped(
    messages.map((message) => ({ ...to, message })),
    dropped,
  );
  const [first] = kept;
  if (!first) return [];
  const { message: _, ...of } = first;
  return [{ ...of, messages: kept.map(({ message }) => message) }];
}

function idIn(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}

function* entriesIn(changes: Changes): Generator<readonly [key: string, value: unknown]> {
  if (changes.head) yield ["head", changes.head];
  for (const [kind, plural] of Object.entries(entryKinds)) {
    for (const [id, value] of changes[plural]) yield [`${kind}/${id}`, value];
  }
}

function changesIn(recorded: ReadonlyMap<string, unknown>): Changes {
  const { head: _, ...changes } = emptyState();
  for (const [key, value] of recorded) {
    const kind = kindOf(key);
    if (kind !== null && kind !== "head") (changes[entryKinds[kind]] as Map<string, unknown>).set(idIn(key), value);
  }
  const head = recorded.get("head") as Changes["head"];
  return { ...changes, ...(head && { head }) };
}

/** A decision without maps, in whose keys and values ids can be replaced. */
function plain({ changes: { head, ...entries }, ...decision }: Decision) {
  const listed = Object.fromEntries(Object.entries(entries).map(([kind, map]) => [kind, [...map]]));
  return { ...decision, head, entries: listed };
}

function revived({ head, entries, ...decision }: ReturnType<typeof plain>): Decision {
  const maps = Object.fromEntries(Object.entries(entries).map(([kind, list]) => [kind, new Map(list as [])]));
  return { ...decision, changes: { ...(maps as object as Changes), ...(head && { head }) } };
}

function newCommands({ commands }: ConferenceState, changes: Changes): IssuedCommand[] {
  const isNew = (pending: PendingCommand | null): pending is PendingCommand =>
    pending !== null && !commands.has(pending.id);
  return [...changes.commands.values()].filter(isNew).map(({ id, command }) => ({ id, command }));
}

/** The first row that has them all, since it is not recorded which one it was. */
function withoutMessages(rows: readonly Row[], messages: readonly Outgoing[]): readonly Row[] {
  const texts = messages.map((message) => JSON.stringify(message));
  const at = rows.findIndex((row) => row.messages.some((message) => texts.includes(JSON.stringify(message))));
  return rows.flatMap((row, index) => {
    if (index !== at) return row;
    const left = row.messages.filter((message) => !texts.includes(JSON.stringify(message)));
    return left.length > 0 ? { ...row, messages: left } : [];
  });
}

function givenUpIn(documents: readonly KeptDocument[], messages: readonly Outgoing[]): KeptDocument[] {
  const texts = messages.map((message) => JSON.stringify(message));
  const found = documents.find((one) => one.messages.some((message) => texts.includes(JSON.stringify(message))));
  return found ? [{ ...found, messages }] : [];
}

function transIdOf(documents: readonly KeptDocument[], { host, message }: Post): string | null {
  const text = JSON.stringify(message);
  const found = documents.find(
    (one) => one.host === host && one.messages.some((each) => JSON.stringify(each) === text),
  );
  return found?.transId ?? null;
}
