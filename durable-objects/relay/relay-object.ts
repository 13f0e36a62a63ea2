import { DurableObject } from "cloudflare:workers";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { BridgeName, CommandId, ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { decodeHello, HELLO_HEADER, refusal } from "../../src/link/hello.ts";
import {
  CLOSE_CODES,
  type CloseReason,
  decodeAgentToEdge,
  type EdgeToAgent,
  encodeMessage,
} from "../../src/link/messages.ts";
import {
  activeLink,
  type Link,
  nextSilence,
  type RelayEffect,
  type RelayInput,
  type RelayState,
  restore,
  step,
  type WasActive,
} from "../../src/link/relay.ts";
import type { BridgeHealth, RelayRpc } from "../../src/rpc.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { loadDomains } from "../../src/settings/load.ts";
import type { Env } from "../env.ts";
import { logOf } from "../log.ts";
import { type Batch, type Held, Lanes } from "./lanes.ts";

/** What stays with a socket while the object sleeps; `null` once the socket no longer counts. */
type Attachment = { readonly identity: Identity; readonly link: Link } | null;

/** Far below the silence after which an agent counts as gone. */
const KEEP_SEEN_MS = 1_000;

type ConferenceStub = ReturnType<Env["CONFERENCE"]["getByName"]>;

interface Identity {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
}

/**
 * The edge's end of the agents of one bridge, named `domain/bridge`. Only the epoch and who is active are on disk: the object may
 * be evicted at any time, and woken with nothing but the sockets. What it does is `step`'s matter; here it is carried out.
 */
export class RelayObject extends DurableObject<Env> implements RelayRpc {
  #state: RelayState;
  #identity: Identity | undefined;
  /** What each agent is to sign, by name. Forgotten, it is as good as used: the agent is given another one. */
  readonly #challenges = new Map<string, string>();
  /** By link id, which is also the socket's tag. */
  readonly #sockets = new Map<string, WebSocket>();
  /** What each socket's attachment says, by link id. */
  readonly #kept = new Map<string, Link>();
  readonly #lanes = new Lanes({
    ackCommands: (confKey, ids) => this.#reach(confKey, (conference) => this.#ack(conference, ids)),
    report: (confKey, batch) => this.#reach(confKey, (conference) => this.#report(conference, confKey, batch)),
    compare: (confKey, held) => this.#reach(confKey, (conference) => this.#compare(conference, confKey, held)),
  });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const links: Link[] = [];
    for (const socket of ctx.getWebSockets()) {
      const attachment: Attachment = socket.deserializeAttachment();
      if (!attachment) continue;
      this.#identity = attachment.identity;
      this.#sockets.set(attachment.link.id, socket);
      links.push(attachment.link);
    }
    const { kv } = ctx.storage;
    const state = { epoch: kv.get<number>("epoch") ?? 0, links };
    this.#state = restore(state, kv.get<WasActive | null>("active") ?? null, Date.now());
    const active = activeLink(this.#state);
    if (active && !this.#sockets.has(active.id)) {
      const { id, agent, lastSeen } = active;
      kv.put<WasActive>("active", { id, agent, lastSeen });
    }
  }

  /** An agent's request for its socket; its signature was verified on the way here. */
  override async fetch(request: Request): Promise<Response> {
    const hello = decodeHello(request.headers.get(HELLO_HEADER));
    if (!hello.ok) return refuse(hello.error);
    const { domain, bridge, agent } = hello.value;
    const challenge = this.#challenges.get(agent) ?? crypto.randomUUID();
    this.#challenges.set(agent, challenge);
    if (hello.value.challenge !== challenge) return refuse("replayed", challenge);
    this.#challenges.delete(agent);

    this.#identity = { domain: domain as DomainName, bridge: bridge as BridgeName };
    const settings = this.#settings();
    const agents = settings?.bridges.find(({ name }) => name === bridge)?.agents;
    if (!settings || !agents) return refuse("unknownBridge");
    const { 0: client, 1: server } = new WebSocketPair();
    const id = crypto.randomUUID();
    this.ctx.acceptWebSocket(server, [id]);
    this.#sockets.set(id, server);
    const { keypad } = settings;
    this.#take({ type: "opened", id, agent, alone: agents.length === 1, keypad, at: Date.now() });
    this.#log("agent-connected", { agent, epoch: this.#state.epoch });
    await this.#wakeForSilence();
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Tells the active agent; whether there is one to tell. */
  async sendCommands(told: {
    readonly conference: ConfKey;
    readonly commands: readonly IssuedCommand[];
  }): Promise<boolean> {
    const { conference, commands } = told;
    const sent = this.#take({ type: "commands", conference, commands, at: Date.now() });
    return sent.some((effect) => effect.type === "send" && effect.message.type === "commands");
  }

  async askForSnapshot(conference: ConfKey): Promise<void> {
    this.#take({ type: "time", at: Date.now() });
    const active = activeLink(this.#state);
    if (active) this.#send(active.id, { type: "snapshot-wanted", conference });
  }

  async health(): Promise<BridgeHealth> {
    this.#take({ type: "time", at: Date.now() });
    const active = activeLink(this.#state);
    return {
      agentConnected: active !== undefined && this.#sockets.has(active.id),
      ...(active?.health ?? { bridgeUp: false, portsInUse: 0, ports: null }),
    };
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const id = this.#idOf(socket);
    const decoded = typeof data === "string" ? decodeAgentToEdge(data) : null;
    const at = Date.now();
    if (decoded?.ok) {
      this.#take({ type: "message", id, message: decoded.value, at });
    } else {
      this.#log("agent-message-refused", decoded?.error ?? { kind: "no-text" });
      this.#take({ type: "bad-message", id, at });
    }
  }

  override webSocketClose(socket: WebSocket): void {
    // Without a close from here the other end would wait for it.
    socket.close(1000);
    this.#gone(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#gone(socket);
  }

  override async alarm(): Promise<void> {
    this.#take({ type: "time", at: Date.now() });
    await this.#wakeForSilence();
  }

  /** What was carried out. */
  #take(input: RelayInput): readonly RelayEffect[] {
    const before = this.#state;
    const { state, effects } = step(before, input);
    this.#state = state;
    if (state.epoch !== before.epoch) this.ctx.storage.kv.put("epoch", state.epoch);
    const active = activeLink(state);
    if (active?.id !== activeLink(before)?.id) {
      this.ctx.storage.kv.put("active", active ? { id: active.id, agent: active.agent } : null);
    }
    for (const link of state.links) this.#keep(link);
    return effects.filter((effect) => this.#carryOut(effect));
  }

  /** With its socket; that it was seen again is kept once a second. */
  #keep(link: Link): void {
    const kept = this.#kept.get(link.id);
    if (kept && (kept === link || sameButSeen(kept, link))) return;
    this.#kept.set(link.id, link);
    this.#sockets.get(link.id)?.serializeAttachment({ identity: this.#identity, link });
  }

  #carryOut(effect: RelayEffect): boolean {
    switch (effect.type) {
      case "send":
        return this.#send(effect.id, effect.message);
      case "close":
        this.#close(effect.id, effect.why);
        return true;
      case "commands-ack":
        this.#lanes.ackCommands(effect.conference, effect.ids);
        return true;
      case "reports":
        this.#lanes.report(effect.conference, effect);
        return true;
      case "digest":
        this.#lanes.compare(effect.conference, effect);
        return true;
    }
  }

  async #ack(conference: ConferenceStub, ids: readonly CommandId[]): Promise<void> {
    if (this.#identity) await conference.ackCommands(this.#identity.bridge, ids);
  }

  async #report(conference: ConferenceStub, confKey: ConfKey, { id, stream, reports }: Batch): Promise<void> {
    if (!this.#identity) return;
    const upTo = await conference.report({ ...this.#identity, confKey, stream, reports });
    this.#send(id, { type: "reports-ack", conference: confKey, stream, upTo });
  }

  async #compare(conference: ConferenceStub, confKey: ConfKey, { id, digest }: Held): Promise<void> {
    if (!this.#identity || (await conference.matchesBridge(this.#identity.bridge, digest))) return;
    this.#log("conference-differs", { conference: confKey });
    this.#send(id, { type: "snapshot-wanted", conference: confKey });
  }

  /** Nobody waits for it: a failure is made good when the agent repeats. */
  async #reach(confKey: ConfKey, tell: (conference: ConferenceStub) => Promise<void>): Promise<void> {
    try {
      await tell(this.env.CONFERENCE.getByName(`${this.#identity?.domain}/${confKey}`));
    } catch (error) {
      this.#log("conference-not-told", { conference: confKey, error: String(error) });
    }
  }

  #send(id: string, message: EdgeToAgent): boolean {
    try {
      const socket = this.#sockets.get(id);
      socket?.send(encodeMessage(message));
      return socket !== undefined;
    } catch {
      // The socket is closed, and its close event on its way.
      return false;
    }
  }

  #close(id: string, why: CloseReason): void {
    this.#log("agent-closed", { why });
    const socket = this.#sockets.get(id);
    if (!socket) return;
    this.#forget(id, socket);
    socket.close(CLOSE_CODES[why], why);
  }

  #gone(socket: WebSocket): void {
    const id = this.#idOf(socket);
    this.#forget(id, socket);
    this.#take({ type: "closed", id, at: Date.now() });
  }

  /** A socket on its way out is still listed after a sleep; it must not count again. */
  #forget(id: string, socket: WebSocket): void {
    socket.serializeAttachment(null);
    this.#sockets.delete(id);
    this.#kept.delete(id);
  }

  #idOf(socket: WebSocket): string {
    return this.ctx.getTags(socket)[0] ?? "";
  }

  #settings(): DomainSettings | undefined {
    const domains = loadDomains(this.env.DOMAINS);
    return domains.ok && this.#identity ? domains.value.get(this.#identity.domain) : undefined;
  }

  /** Silence is found even when nothing else happens here. An alarm that comes too early sets the next one. */
  async #wakeForSilence(): Promise<void> {
    const at = nextSilence(this.#state);
    if (at === null) return;
    const alarm = await this.ctx.storage.getAlarm();
    // One that was set before the clock was set back comes too late.
    if (alarm === null || alarm > at) await this.ctx.storage.setAlarm(at);
  }

  #log(event: string, facts: Readonly<Record<string, unknown>>): void {
    logOf(this.env)({ level: "info", event, ...this.#identity, ...facts });
  }
}

function sameButSeen(kept: Link, link: Link): boolean {
  const same = kept.role === link.role && kept.health === link.health;
  return same && link.lastSeen - kept.lastSeen < KEEP_SEEN_MS;
}

function refuse(why: CloseReason, said?: string): Response {
  return new Response(null, { status: 403, headers: refusal(why, said) });
}
