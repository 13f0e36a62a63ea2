import { singleFacts } from "../conference/facts.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { Outgoing } from "../conference/server/posts.ts";
import type { TestFact, TestRow, TestRows } from "../rpc/replay.ts";
import { bridgeNames, Stage } from "./stage.ts";
import { TestLines } from "./test-lines.ts";
import { printTranscript, type Step } from "./transcript.ts";

/** Of what a bridge's agent and its relay know. */
const times: ReadonlySet<string> = new Set(["since", "knownSince", "enteredAt", "leftAt", "endedAt"]);
/** A longer test is none that anybody reads. */
const MOST_ROWS = 3_000;

/** A journal as a transcript for `test/transcripts`, from its first create to where today's code decides otherwise; `null`: nothing can be played. */
export function asTest(pages: readonly TestRows[]): string | null {
  const [first] = pages;
  if (!first) return null;
  const writer = new TestWriter(first);
  for (const row of pages.flatMap(({ rows }) => rows)) if (!writer.add(row)) break;
  return writer.text;
}

/** A message that waits at the journal's conference, and at the played one. */
interface Waiting {
  /** As the journal names it. */
  readonly msgId: string;
  readonly played: { readonly host: string; readonly type: string; readonly msgId: string };
}

class TestWriter {
  readonly #stage = new Stage();
  readonly #text = new TestLines(this.#stage);
  readonly #steps: (Step | string)[] = [];
  readonly #bridges: string[] = [];
  /** By the journal's documents. */
  readonly #waiting = new Map<string, readonly Waiting[]>();
  /** Rows in which something was given up, in the order of their `lost` lines. */
  readonly #lostIn: number[] = [];
  #rows = 0;
  #begunAt = 0;
  #at = 0;
  #actions = 0;
  #bridge: string | null = "simulated";
  #knownSince: number | null = null;
  #cannot = "";

  constructor({ settings }: TestRows) {
    const own = this.#settings(settings as { readonly protocol?: { readonly host?: NamedHosts } });
    if (Object.keys(own).length > 0) this.#happen([`settings ${JSON.stringify(own)}`]);
  }

  get text(): string | null {
    if (this.#rows === 0) return null;
    const title = `# A conference as its journal has it, with made-up names and numbers: ${this.#rows} rows.`;
    return printTranscript([title, ...this.#steps, ""]);
  }

  /** False: the rest is left out. */
  add(row: TestRow): boolean {
    if (this.#rows === 0) {
      const begins = row.facts.some(({ kind }) => kind === "conference-requested");
      if (row.input === null || (row.seq > 1 && !begins)) return true;
      this.#begunAt = row.at;
      this.#at = row.at;
    }
    this.#rows += 1;
    this.#confirm(row);
    if (row.input && !this.#input(row, this.#inOwnTime(row.input))) {
      this.#steps.push(
        `# From row ${row.seq} on the journal says otherwise than what follows here: the rest is left out.`,
      );
      return false;
    }
    if (this.#rows < MOST_ROWS) return true;
    this.#steps.push(`# What follows behind row ${row.seq} is left out: it is too long.`);
    return false;
  }

  /** In a test time begins with its first row. */
  #inOwnTime(input: ConferenceInput): ConferenceInput {
    if (input.type !== "bridge") return input;
    return JSON.parse(JSON.stringify(input), (name, value) =>
      times.has(name) && typeof value === "number" ? Math.max(0, value - this.#begunAt) : value,
    );
  }

  #settings({ protocol, ...others }: { readonly protocol?: { readonly host?: NamedHosts } }): object {
    const { host } = protocol ?? {};
    const extCallIds = host?.extCallIds?.map((id) => this.#text.extCallIds.of(id));
    return {
      ...others,
      ...(protocol && { protocol: { ...protocol, ...(extCallIds && { host: { ...host, extCallIds } }) } }),
    };
  }

  #happen(happens: readonly string[]): void {
    this.#steps.push({ happens, follows: this.#stage.happen(happens) });
  }

  #confirm({ confirmed }: TestRow): void {
    const places = this.#places(confirmed.flatMap((transId) => this.#waiting.get(transId) ?? []));
    for (const transId of confirmed) this.#waiting.delete(transId);
    if (places.length > 0) this.#happen([`confirmed ${places.join(" ")}`]);
  }

  /** Where these wait, counted from 1. */
  #places(waiting: readonly Waiting[]): readonly number[] {
    const taken = new Set<number>();
    for (const { played } of waiting) {
      const found = this.#stage.waiting.findIndex(
        ({ host, message }, index) =>
          !taken.has(index) && host === played.host && message.type === played.type && message.msgId === played.msgId,
      );
      if (found >= 0) taken.add(found);
    }
    return [...taken].map((index) => index + 1).sort((one, other) => one - other);
  }

  /** False: what followed is not what the journal says. */
  #input(row: TestRow, input: ConferenceInput): boolean {
    this.#context(row, input);
    const later = input.at - this.#at;
    if (later > 0) this.#happen([`later ${later / 1_000} s`]);
    this.#at = Math.max(this.#at, input.at);
    const happens = this.#lines(row, input);
    // Reports that were too long to be kept.
    if (happens.length === 0) return row.facts.length === 0;
    this.#happen(happens);
    return this.#isAlike(row.facts);
  }

  #lines(row: TestRow, input: ConferenceInput): readonly string[] {
    switch (input.type) {
      case "webex":
        return this.#said(
          "W→A",
          input.messages.map((message) => this.#text.element(message)),
        );
      case "bridge": {
        const from = input.elsewhere === undefined ? "B→A" : `B${this.#bridgePlace(input.elsewhere) + 1}→A`;
        return this.#said(
          from,
          input.reports.map(({ report }) => this.#text.report(report)),
        );
      }
      case "undelivered":
        this.#lostIn.push(row.seq);
        return [`lost ${this.#places(this.#lost(input.messages, input.of?.transId)).join(" ")}`];
      case "operator": {
        this.#actions += 1;
        const { request } = input;
        if (request.type === "send-again") return [`operator send-again ${this.#lostIn.indexOf(request.row) + 1}`];
        const { withoutBridge } = input;
        const asked = { id: `a${this.#actions}`, person: "Ann", request: this.#text.named(request) };
        const action = { ...asked, ...(withoutBridge && { withoutBridge }) };
        return [`operator ${JSON.stringify(action)}`];
      }
      case "reached":
        return ["reached"];
      case "probe":
        return ["probe"];
      case "restored":
        return ["restored"];
      case "time":
        return input.overdue
          ? this.#said(
              "due",
              input.overdue.map((id) => this.#text.commandWords(id)),
            )
          : ["due"];
    }
  }

  #said(from: string, [first, ...more]: readonly string[]): readonly string[] {
    return first === undefined ? [] : [`${from} ${first}`, ...more];
  }

  #lost(messages: readonly Outgoing[], transId: string | undefined): readonly Waiting[] {
    const waiting = this.#waiting.get(transId ?? "") ?? [];
    return waiting.filter((one) => messages.some(({ type, msgId }) => type === one.played.type && msgId === one.msgId));
  }

  #context({ bridge: then, cannot: lacks }: TestRow, input: ConferenceInput): void {
    const { type } = input;
    const { knownSince = this.#knownSince } = input.type === "bridge" ? input : {};
    if (knownSince !== this.#knownSince) this.#happen([`bridge known-since ${knownSince}`]);
    this.#knownSince = knownSince;
    const isAtBridge = type !== "time" && type !== "undelivered";
    // An only bridge is chosen with the first create.
    const bridge = then === null ? "simulated" : (bridgeNames[this.#bridgePlace(then)] ?? null);
    if (isAtBridge && bridge !== this.#bridge) this.#happen([`bridge is ${bridge ?? "none"}`]);
    if (isAtBridge) this.#bridge = bridge;
    const cannot = lacks.join(" ");
    if (type === "webex" && cannot !== this.#cannot) {
      this.#happen([`bridge cannot ${cannot}`.trim()]);
      this.#cannot = cannot;
    }
  }

  #bridgePlace(name: string): number {
    if (!this.#bridges.includes(name)) this.#bridges.push(name);
    return this.#bridges.indexOf(name);
  }

  /** Whether the journal says what followed here; by that its ids are known, too. */
  #isAlike(said: readonly TestFact[]): boolean {
    const decided = (facts: readonly TestFact[]) => facts.filter(({ kind }) => !ofOutbox.has(kind));
    const journal = decided(said);
    const played = decided(this.#stage.facts.flatMap(singleFacts) as readonly object[] as readonly TestFact[]);
    if (journal.length !== played.length) return false;
    // Each host's messages are in the same order, but for those that were gathered; so are those of a type that are owed.
    const laneOf = ({ kind, host, type }: TestFact) =>
      (kind === "post-queued" && host) || (kind === "message-owed" && type);
    const lanes = [...Map.groupBy(played, laneOf).values()];
    const gathered = new Set(journal.flatMap((fact) => (fact.gathered ? [fact.type] : [])));
    const others = journal.filter((fact) => !fact.gathered);
    return [...others, ...journal.filter((fact) => fact.gathered)].every((fact) => {
      const isAlike = (own: TestFact) => own.kind === fact.kind && words.every((word) => own[word] === fact[word]);
      const own = lanes
        .flatMap((open) => open.find((one) => isAlike(one) || !gathered.has(one.type)) ?? [])
        .find(isAlike);
      if (!own) return false;
      for (const open of lanes) if (open.includes(own)) open.splice(open.indexOf(own), 1);
      for (const part of ids) {
        const [id, ownId] = [fact[part], own[part]];
        if (typeof id === "string" && typeof ownId === "string") this.#text.ids.set(id, ownId);
      }
      if (fact.kind === "post-queued") this.#queued(fact, own);
      return true;
    });
  }

  #queued({ transId, msgId }: TestFact, { host, type, msgId: own }: TestFact): void {
    const played = { host: String(host), type: String(type), msgId: String(own) };
    const before = this.#waiting.get(String(transId)) ?? [];
    this.#waiting.set(String(transId), [...before, { msgId: String(msgId), played }]);
  }
}

interface NamedHosts {
  readonly extCallIds?: readonly string[];
}

/** What was being posted is not played. */
const ofOutbox: ReadonlySet<string> = new Set([
  "document-confirmed",
  "post-confirmed",
  "post-failed",
  "post-dropped",
  "post-given-up",
]);
const words = ["type", "muted", "locked", "result", "status"] as const;
const ids = ["call", "room", "invitee", "command", "msgId"] as const;
