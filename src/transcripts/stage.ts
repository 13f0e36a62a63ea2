import { type Ability, abilities, type BridgeCommand } from "../bridge/commands.ts";
import { applyTransaction, type DecisionProgress } from "../conference/decide.ts";
import { type Decision, type Effect, isCommand } from "../conference/draft.ts";
import type { Fact } from "../conference/facts.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { OperatorRequest } from "../conference/operator-actions.ts";
import type { Outgoing, Post } from "../conference/server/posts.ts";
import { noQueue, type Queue, type Rows } from "../conference/server/queue.ts";
import type { GivenUpDocument } from "../conference/server/send-again.ts";
import { applyChanges, type ConferenceState, emptyState } from "../conference/state.ts";
import type {
  ActionId,
  BridgeName,
  CommandId,
  ConfKey,
  DomainName,
  EpochMs,
  MsgId,
  TransId,
  WebexHost,
} from "../foundation/ids.ts";
import { type Domain, loadDomains } from "../settings/load.ts";
import { localDomain, mergeSettings } from "../settings/local-domain.ts";
import { completeText } from "../tsp/codec.ts";
import { ShortNames } from "./short-names.ts";
import { commandLine, documentOf, elementOf, postedLine, type Step } from "./transcript.ts";
import { TranscriptLines } from "./transcript-lines.ts";

/** The conference of each transcript. */
const CONF_KEY = "987654321" as ConfKey;
/** `B→A`, `B2→A`, `B3→A` … */
export const bridgeNames = ["simulated", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];

type OperatorFields = Omit<Extract<ConferenceInput, { type: "operator" }>, "type" | "at">;

/** A conference of a transcript: what happens in it, line by line, and what follows. */
export class Stage {
  readonly #state = emptyState();
  readonly #names = new ShortNames();
  /** What the words of its lines stand for. */
  readonly lines = new TranscriptLines(this.#names, this.#state);
  #domain = domainWith({});
  #progress: DecisionProgress = { bridge: "simulated" as BridgeName, serial: 0 };
  /** Each message in a document of its own. */
  #queue: Queue = noQueue;
  #facts: readonly Fact[] = [];
  /** What each `lost` gave up. */
  readonly #lost: GivenUpDocument[] = [];
  #now = 0;
  /** Since when the edge has lost nothing of what it knew of the bridge; `null`: nobody says. */
  #knownSince: EpochMs | null = null;
  #msgIds = 0;
  #actions = 0;
  #documents = 0;
  #reports = 0;

  constructor() {
    this.#names.give(CONF_KEY, "KEY");
  }

  get domain(): Domain {
    return this.#domain;
  }

  get now(): EpochMs {
    return this.#now;
  }

  /** What the conference's bridge cannot do. */
  get cannot(): readonly Ability[] {
    return this.#progress.cannot ?? [];
  }

  get state(): ConferenceState {
    return this.#state;
  }

  /** What was posted and not confirmed. */
  get rows(): Rows {
    return this.#queue.rows;
  }

  /** What waits for its Confirmation. */
  get waiting(): readonly { readonly host: Post["host"]; readonly message: Outgoing }[] {
    return this.rows.flatMap(({ host, messages }) => messages.map((message) => ({ host, message })));
  }

  /** What the last line that decided something led to. */
  get facts(): readonly Fact[] {
    return this.#facts;
  }

  nameOf(id: string): string {
    return this.#names.nameOf(id);
  }

  happen([line = "", ...more]: Step["happens"]): string[] {
    const [word = "", ...words] = line.split(/\s+/);
    const rest = words.join(" ");
    switch (word) {
      case "settings":
        this.#domain = domainWith(JSON.parse(rest));
        return [];
      case "bridge":
        if (words[0] === "is") {
          this.#progress = { ...this.#progress, bridge: words[1] === "none" ? null : (words[1] as BridgeName) };
          return [];
        }
        if (words[0] === "known-since") {
          this.#knownSince = Number(words[1]);
          return [];
        }
        this.#progress = { ...this.#progress, cannot: abilities.filter((ability) => words.includes(ability)) };
        return [];
      case "confirmed":
        this.#dequeue(words);
        return [];
      case "reached":
      case "probe": {
        const [host] = this.#state.outages.keys();
        if (host === undefined) throw new Error(`no server is behind: ${line}`);
        if (word === "reached") return this.decide({ type: word, at: this.#now, host });
        return this.decide({ type: "probe", at: this.#now, id: "probe" as ActionId, person: "Ann", host });
      }
      case "restored":
        return this.decide({ type: "restored", at: this.#now });
      case "W→A":
        return this.decide(this.#posted([rest, ...more]));
      case "B→A":
        return this.#reported([rest, ...more]);
      case "operator":
        return words[0] === "send-again"
          ? this.act(this.sendAgain(Number(words[1])))
          : this.decide({ type: "operator", at: this.#now, ...(this.lines.real(JSON.parse(rest)) as OperatorFields) });
      case "lost": {
        const lost = this.#dequeue(words);
        const messages = lost.flatMap((row) => row.messages);
        const [first] = lost;
        if (first) this.#lost.push({ host: first.host, messages });
        const of = first && {
          host: first.host,
          transId: "",
          attempts: 3,
          why: "",
          ...(first.oneAttempt && { oneAttempt: true as const }),
        };
        return this.decide({ type: "undelivered", at: this.#now, messages, ...(of && { of }) });
      }
      case "later":
        this.#now += Math.round(Number(/^([\d.]+) s$/.exec(rest)?.[1]) * 1_000);
        return [];
      case "due":
        return this.due(rest === "" ? [] : [rest, ...more].map((text) => this.lines.pending(text.split(" ")).id));
      default: {
        const [, bridge] = /^B(\d)→A$/.exec(word) ?? [];
        if (bridge === undefined) throw new Error(`no such line in a transcript: ${line}`);
        return this.#reported([rest, ...more], bridgeNames[Number(bridge) - 1] as BridgeName);
      }
    }
  }

  #reported(texts: readonly string[], other?: BridgeName): string[] {
    return this.decide({
      type: "bridge",
      at: this.#now,
      ...(other !== undefined && { elsewhere: other }),
      ...(this.#knownSince !== null && { knownSince: this.#knownSince }),
      reports: texts.map((text) => ({ number: ++this.#reports, report: this.lines.report(text) })),
    });
  }

  /** Takes these of the messages that wait, counted from 1, out of the queue; all, where none is named. */
  #dequeue(places: readonly string[]): Rows {
    const isMeant = (_: unknown, index: number) => places.length === 0 || places.includes(String(index + 1));
    const taken = this.#queue.rows.filter(isMeant);
    this.#queue = { ...this.#queue, rows: this.#queue.rows.filter((row) => !taken.includes(row)) };
    return taken;
  }

  /** Time comes, and with it these commands are late. */
  due(overdue: readonly CommandId[]): string[] {
    return this.decide({ type: "time", at: this.#now, ...(overdue.length > 0 && { overdue }) });
  }

  act(request: OperatorRequest): string[] {
    const id = `a${++this.#actions}` as ActionId;
    return this.decide({ type: "operator", at: this.#now, id, person: "Ann", request });
  }

  /** What was given up by the first `lost`, or a later one. */
  sendAgain(place: number): OperatorRequest {
    const lost = this.#lost[place - 1];
    if (!lost) throw new Error(`nothing was given up by a ${place}. "lost"`);
    return { type: "send-again", row: place, ...lost };
  }

  #posted(texts: readonly string[]): ConferenceInput {
    const document = documentOf(
      "1",
      texts.map((text) => elementOf(text, (_, value) => this.#named(value))),
    );
    const decoded = this.#domain.codec.decode(new TextEncoder().encode(document));
    if (!decoded.ok) throw new Error(`${document}: ${decoded.result}`);
    return { type: "webex", at: this.#now, transId: "1" as TransId, messages: decoded.messages };
  }

  decide(input: ConferenceInput): string[] {
    const situation = { state: this.#state, queue: this.#queue, progress: this.#progress };
    const { decision, facts, queue, progress } = applyTransaction(situation, input, {
      confKey: CONF_KEY,
      domain: this.#domain,
      row: 1,
      mostMessages: 1,
      msgId: () => {
        const msgId = String(900_000 + ++this.#msgIds) as MsgId;
        this.#names.give(msgId, `n${this.#msgIds}`);
        return msgId;
      },
      transId: () => `t${this.#documents}` as TransId,
      documentSeq: () => ++this.#documents,
      nonce: () => "n",
    });
    applyChanges(this.#state, decision.changes);
    this.#facts = facts;
    this.#queue = queue;
    // Which bridge it is, and what that cannot do, a transcript says.
    const { movedTo: bridge = this.#progress.bridge } = decision;
    this.#progress = { ...this.#progress, bridge, serial: progress.serial };
    return this.#follows(decision).map((line) => this.#names.shorten(line));
  }

  #follows({ effects, dropQueued, facts }: Decision): string[] {
    return [
      ...dropQueued.map(({ host, keepsAnswers }) =>
        keepsAnswers ? `notifications queued for ${host} are dropped` : `what is queued for ${host} is withdrawn`,
      ),
      ...effects.flatMap((effect) => this.#line(effect) ?? []),
      ...facts.flatMap((fact) => (fact.kind === "noted" ? [`note: ${fact.text}`] : [])),
    ];
  }

  #line(effect: Effect): string | null {
    if (isCommand(effect)) return this.#commandLine(effect.command);
    if (effect.message.type === "client-data") {
      const { confKey, extConfId, extCallId, data } = effect.message;
      return `A→client ${JSON.stringify({ confKey, extConfId, extCallId, data })}`;
    }
    if (!this.#domain.codec.sends(effect.message)) return null;
    const document = completeText(this.#domain.codec.encode("1", [effect.message], effect.host as WebexHost));
    const [, element = "", attributes = ""] = /<\/TransID><(\w+)([^>]*)>/.exec(document) ?? [];
    return postedLine(effect.host, element, attributes);
  }

  #commandLine({ type, ...fields }: BridgeCommand): string {
    if ("call" in fields && fields.call.startsWith(`${CONF_KEY}.`)) this.#names.giveNext(fields.call, "o");
    if ("room" in fields && fields.room !== "main") this.#names.giveNext(fields.room, "r");
    return commandLine(type, fields);
  }

  /** What a name stands for; a server has it from its first message on. */
  #named(name: string): string {
    if (/^tsp\d+$/.test(name) && this.#names.idOf(name) === undefined) this.#names.give(`${name}.example.com:80`, name);
    return this.#names.idOf(name) ?? name;
  }
}

/** That of a local run, with these settings laid over it; the servers of transcripts may be posted to. */
function domainWith(overrides: object): Domain {
  const agents = [{ name: "agent-1", publicKey: "A".repeat(43) }];
  const domains = loadDomains(JSON.stringify({ local: mergeSettings(localDomain({ agents }), overrides) }));
  const domain = domains.ok ? domains.value.get("local" as DomainName) : undefined;
  if (!domain) throw new Error(domains.ok ? "there is no domain local" : domains.error);
  const { settings } = domain;
  return { ...domain, settings: { ...settings, webex: { ...settings.webex, hosts: ["*.example.com"] } } };
}
