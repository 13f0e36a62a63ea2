import { deepStrictEqual } from "node:assert/strict";
import { abilities } from "../../src/bridge/commands.ts";
import { applyTransaction, type DecisionProgress, nextDeadline, overdueAt } from "../../src/conference/decide.ts";
import { type Decision, type Effect, isCommand } from "../../src/conference/draft.ts";
import type { Fact } from "../../src/conference/facts.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { type OperatorRequest, operatorRefusal } from "../../src/conference/operator-actions.ts";
import { afterRestart, noQueue, type Queue, type Rows } from "../../src/conference/server/queue.ts";
import { applyChanges, type ConferenceState, emptyState, entriesIn } from "../../src/conference/state.ts";
import type {
  ActionId,
  BridgeName,
  CommandId,
  DomainName,
  EpochMs,
  MsgId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import { type Domain, loadDomains } from "../../src/settings/load.ts";
import { localDomain, mergeSettings } from "../../src/settings/local-domain.ts";
import { completeText } from "../../src/tsp/codec.ts";
import { parseTranscript, printTranscript, type Step, type Transcript } from "./transcript.ts";
import { CONF_KEY, TranscriptLines } from "./transcript-lines.ts";

/** `B→A`, `B2→A` */
const bridgeNames = ["simulated", "second"];
export const BEGINNING = ["W→A W2A_CreateConference MsgID=1", "B→A done create-conference", "confirmed"];

/** Plays one transcript. */
interface Player {
  happen(happens: Step["happens"]): readonly string[] | Promise<readonly string[]>;
}

/** Plays a transcript, by default only on the rules. Returns it with the real results. */
export async function play(transcript: string, stage: Player = new Stage()): Promise<string> {
  const played: Transcript[number][] = [];
  for (const item of parseTranscript(transcript))
    played.push(typeof item === "string" ? item : { ...item, follows: await stage.happen(item.happens) });
  return printTranscript(played);
}

/** A conference of a transcript: what happens in it, line by line, and what follows. */
export class Stage {
  readonly #state = emptyState();
  /** What the words of its lines stand for. */
  readonly #lines = new TranscriptLines(() => this.#state);
  /** When the bridge was given a command. */
  readonly #begunAt = new Map<CommandId, number>();
  #domain = domainWith({});
  #progress: DecisionProgress = { bridge: "simulated" as BridgeName, serial: 0 };
  /** Each message in a document of its own. */
  #queue: Queue = noQueue;
  #now = 0;
  /** Since when the edge has lost nothing of what it knew of the bridge; `null`: nobody says. */
  #knownSince: EpochMs | null = null;
  #msgIds = 0;
  #actions = 0;
  /** Extra lines shown for each decision: `facts`, `records`. */
  readonly #shown = new Set<string>();
  #documents = 0;
  #reports = 0;

  get state(): ConferenceState {
    return this.#state;
  }

  happen([line = "", ...more]: Step["happens"]): string[] {
    const [word = "", ...words] = line.split(/\s+/);
    const rest = words.join(" ");
    switch (word) {
      case "given":
        for (const earlier of BEGINNING) this.happen([earlier]);
        return [];
      case "settings":
        this.#domain = domainWith(JSON.parse(rest));
        return [];
      case "bridge":
        if (words[0] === "known-since") this.#knownSince = Number(words[1]);
        else this.#progress = { ...this.#progress, cannot: abilities.filter((ability) => words.includes(ability)) };
        return [];
      case "confirmed":
        this.#dequeue(words);
        return [];
      case "killed":
        this.#queue = { ...this.#queue, rows: afterRestart(this.#queue.rows, this.#now) };
        return [];
      case "reached":
      case "probe": {
        const [host] = this.#state.outages.keys();
        if (host === undefined) throw new Error(`no server is behind: ${line}`);
        if (word === "reached") return this.#decide({ type: word, at: this.#now, host });
        return this.#decide({ type: "probe", at: this.#now, id: "probe" as ActionId, person: "Ann", host });
      }
      case "restored":
        return this.#decide({ type: "restored", at: this.#now });
      case "W→A":
        return this.#decide(this.#posted([rest, ...more]));
      case "B→A":
        return words[0] === "begun" ? this.#begun([rest, ...more]) : this.#reported([rest, ...more]);
      case "operator":
        return this.#operate(words);
      case "lost":
        return this.#lose(words);
      case "show":
        this.#shown.add(rest);
        return [];
      case "later":
        this.#now += secondsIn(rest);
        return [];
      case "time":
        return this.#pass(this.#now + secondsIn(rest));
      default: {
        const [, bridge] = /^B(\d)→A$/.exec(word) ?? [];
        if (bridge === undefined) throw new Error(`no such line in a transcript: ${line}`);
        return this.#reported([rest, ...more], bridgeNames[Number(bridge) - 1] as BridgeName);
      }
    }
  }

  #reported(texts: readonly string[], other?: BridgeName): string[] {
    return this.#decide({
      type: "bridge",
      at: this.#now,
      ...(other !== undefined && { elsewhere: other }),
      ...(this.#knownSince !== null && { knownSince: this.#knownSince }),
      reports: texts.map((text) => ({ number: ++this.#reports, report: this.#lines.report(text) })),
    });
  }

  /** Takes these of the messages that wait, counted from 1, out of the queue; all, where none is named. */
  #dequeue(places: readonly string[]): Rows {
    const isMeant = (_: unknown, index: number) => places.length === 0 || places.includes(String(index + 1));
    const taken = this.#queue.rows.filter(isMeant);
    this.#queue = { ...this.#queue, rows: this.#queue.rows.filter((row) => !taken.includes(row)) };
    return taken;
  }

  /** Makes these undelivered, after three attempts or because they cannot be written (`unpostable`). */
  #lose([first = "", ...more]: readonly string[]): string[] {
    const unpostable = first === "unpostable";
    const lost = this.#dequeue(unpostable || first === "" ? more : [first, ...more]);
    const messages = lost.flatMap((row) => row.messages);
    const [row] = lost;
    if (!row) return [];
    const { host, oneAttempt, probe } = row;
    const of = {
      host,
      transId: "",
      attempts: 3,
      why: "",
      ...(oneAttempt && { oneAttempt }),
      ...(probe && { probe }),
      ...(unpostable && { unpostable: true as const }),
    };
    return this.#decide({ type: "undelivered", at: this.#now, messages, of });
  }

  /** The bridge is given these commands. */
  #begun(texts: readonly string[]): string[] {
    for (const text of texts) {
      const [word, ...words] = text.split(" ");
      if (word !== "begun") throw new Error(`what is begun has a line of its own: ${text}`);
      this.#begunAt.set(this.#lines.pending(words).id, this.#now);
    }
    return [];
  }

  /** Time goes on to `until` and stops at each moment when something is due. */
  #pass(until: number): string[] {
    const follows: string[] = [];
    for (let due = this.#nextDue; due !== null && due <= until; due = this.#nextDue) {
      this.#now = Math.max(this.#now, due);
      const happened = this.#due([...this.#overdueTimes].flatMap(([id, at]) => (at <= this.#now ? [id] : [])));
      if (happened.length > 0) follows.push(`at ${this.#now / 1_000} s:`, ...happened);
      if (this.#nextDue === due) throw new Error(`the deadline ${due} was not met`);
    }
    this.#now = Math.max(this.#now, until);
    return follows;
  }

  #due(overdue: readonly CommandId[]): string[] {
    return this.#decide({ type: "time", at: this.#now, ...(overdue.length > 0 && { overdue }) });
  }

  get #nextDue(): number | null {
    const times = [nextDeadline(this.#state), ...this.#overdueTimes.values()].filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When the bridge has been at work on each command for too long. */
  get #overdueTimes(): ReadonlyMap<CommandId, number> {
    const times = [...this.#begunAt].flatMap(([id, begunAt]) => {
      const pending = this.#state.commands.get(id);
      const at = pending ? overdueAt(this.#state, pending, begunAt) : null;
      return at === null ? [] : [[id, at] as const];
    });
    return new Map(times);
  }

  /** Decides a `TranscriptLines.request`. */
  #operate([type = "", ...words]: readonly string[]): string[] {
    const request = this.#lines.request(type, words);
    const refusal = operatorRefusal(this.#state, request, {
      settings: this.#domain.settings,
      cannot: this.#progress.cannot ?? [],
    });
    return refusal === null ? this.#act(request) : [`refused: ${refusal}`];
  }

  #act(request: OperatorRequest): string[] {
    const id = `a${++this.#actions}` as ActionId;
    return this.#decide({ type: "operator", at: this.#now, id, person: "Ann", request });
  }

  #posted(texts: readonly string[]): ConferenceInput {
    const messages = this.#lines.posted(texts, this.#domain);
    return { type: "webex", at: this.#now, transId: "1" as TransId, messages };
  }

  #decide(input: ConferenceInput): string[] {
    const situation = { state: this.#state, queue: this.#queue, progress: this.#progress };
    const { decision, facts, queue, progress } = applyTransaction(situation, input, {
      confKey: CONF_KEY,
      domain: this.#domain,
      row: 1,
      mostMessages: 1,
      msgId: () => {
        const msgId = String(900_000 + ++this.#msgIds) as MsgId;
        this.#lines.names.give(msgId, `n${this.#msgIds}`);
        return msgId;
      },
      transId: () => `t${this.#documents}` as TransId,
      documentSeq: () => ++this.#documents,
      nonce: () => "n",
    });
    // A restart reads only what is stored.
    for (const stored of [[...entriesIn(decision.changes)], facts, queue.rows])
      deepStrictEqual(JSON.parse(JSON.stringify(stored)), stored);
    applyChanges(this.#state, decision.changes);
    this.#queue = queue;
    // Which bridge it is, and what that cannot do, a transcript says.
    const { movedTo: bridge = this.#progress.bridge } = decision;
    this.#progress = { ...this.#progress, bridge, serial: progress.serial };
    return this.#follows(decision, facts).map((line) => this.#lines.names.shorten(line));
  }

  #follows({ effects, dropQueued, facts }: Decision, stored: readonly Fact[]): string[] {
    return [
      ...dropQueued.map(({ host, keepsAnswers }) =>
        keepsAnswers ? `notifications queued for ${host} are dropped` : `what is queued for ${host} is withdrawn`,
      ),
      ...effects.flatMap((effect) => this.#line(effect) ?? []),
      ...facts.flatMap((fact) => (fact.kind === "noted" ? [`note: ${fact.text}`] : [])),
      ...(this.#shown.has("facts") ? stored.flatMap(factLine) : []),
      ...(this.#shown.has("records") ? facts.flatMap(recordLine) : []),
    ];
  }

  #line(effect: Effect): string | null {
    if (isCommand(effect)) return this.#lines.command(effect.command);
    if (effect.message.type === "client-data") {
      const { confKey, extConfId, extCallId, data } = effect.message;
      return `A→client ${JSON.stringify({ confKey, extConfId, extCallId, data })}`;
    }
    if (!this.#domain.codec.sends(effect.message)) return null;
    const { host } = effect;
    const document = completeText(this.#domain.codec.encode("1", [effect.message], host as WebexHost));
    return this.#lines.document(host as WebexHost, document).join();
  }
}

/** Omits empty fields. */
function wordsOf(fields: object): readonly string[] {
  const said = Object.entries(fields).filter(([, value]) => !["", "0", "false", "null"].includes(String(value)));
  const textOf = (value: unknown) => (/\[object/.test(String(value)) ? JSON.stringify(value) : String(value));
  return said.map(([name, value]) => `${name}=${textOf(value)}`);
}

/** A record without its fixed and empty fields. */
function recordLine(fact: Fact): readonly string[] {
  if (!("record" in fact)) return [];
  const { kind, conference: _, bridge: __, ...columns } = fact.record;
  return [[`record: ${kind}`, ...wordsOf(columns)].join(" ")];
}

/** A fact that no other line shows, with its cause: `by=report caller-left, action Ann`. */
function factLine(fact: Fact): readonly string[] {
  if (fact.kind === "noted") return [];
  if (fact.kind === "post-queued" && !fact.messages.some(({ actions, call }) => actions ?? call)) return [];
  const { kind, by = [], record: _, ...fields } = { by: undefined, record: undefined, ...fact };
  const causes = by.map((cause) => Object.values(cause).join(" "));
  return [[`fact: ${kind}`, ...wordsOf(fields), ...(causes.length > 0 ? [`by=${causes.join(", ")}`] : [])].join(" ")];
}

/** `1.5 s` in ms. */
export function secondsIn(text: string): number {
  return Math.round(Number(/^([\d.]+) s$/.exec(text)?.[1]) * 1_000);
}

/** That of a local run, with these settings laid over it; the servers of transcripts may be posted to. */
export function domainWith(overrides: object): Domain {
  const agents = [{ name: "agent-1", publicKey: "A".repeat(43) }];
  const domains = loadDomains(JSON.stringify({ local: mergeSettings(localDomain({ agents }), overrides) }));
  const domain = domains.ok ? domains.value.get("local" as DomainName) : undefined;
  if (!domain) throw new Error(domains.ok ? "there is no domain local" : domains.error);
  const { settings } = domain;
  return { ...domain, settings: { ...settings, webex: { ...settings.webex, hosts: ["*.example.com"] } } };
}
