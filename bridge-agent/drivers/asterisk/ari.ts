import * as v from "valibot";
import { textWithin } from "../../../src/foundation/limits.ts";
import { err, ok, type Result } from "../../../src/foundation/result.ts";
import type { Timers } from "../../../src/foundation/time/timers.ts";
import { Turns } from "../../../src/foundation/time/turns.ts";

/** Every ARI operation of the driver, by Asterisk's names. At connect, the driver compares them with Asterisk's description. */
export const operations = {
  getDescription: "GET /api-docs/{file}",
  getInfo: "GET /asterisk/info?only",
  listModules: "GET /asterisk/modules",
  getGlobalVar: "GET /asterisk/variable?variable",
  setGlobalVar: "POST /asterisk/variable?variable&value",
  listByTech: "GET /endpoints/{tech}",
  getEndpoint: "GET /endpoints/{tech}/{resource}",
  getObject: "GET /asterisk/config/dynamic/{configClass}/{objectType}/{id}",
  getSound: "GET /sounds/{soundId}",
  getApplication: "GET /applications/{applicationName}",
  subscribe: "POST /applications/{applicationName}/subscription?eventSource",
  userEvent: "POST /events/user/{eventName}?application",
  listBridges: "GET /bridges",
  getBridge: "GET /bridges/{bridgeId}",
  createBridge: "POST /bridges?type&bridgeId&name",
  destroyBridge: "DELETE /bridges/{bridgeId}",
  addChannel: "POST /bridges/{bridgeId}/addChannel?channel&absorbDTMF",
  playToBridge: "POST /bridges/{bridgeId}/play?media",
  listChannels: "GET /channels",
  getChannel: "GET /channels/{channelId}",
  createChannel: "POST /channels/create?endpoint&app&channelId&variables",
  dial: "POST /channels/{channelId}/dial?timeout",
  answer: "POST /channels/{channelId}/answer",
  hangUp: "DELETE /channels/{channelId}?reason",
  mute: "POST /channels/{channelId}/mute?direction",
  unmute: "DELETE /channels/{channelId}/mute?direction",
  sendDtmf: "POST /channels/{channelId}/dtmf?dtmf&before",
  getRtpStatistics: "GET /channels/{channelId}/rtp_statistics",
  getChannelVar: "GET /channels/{channelId}/variable?variable",
  play: "POST /channels/{channelId}/play?media&lang&playbackId",
  snoop: "POST /channels/{channelId}/snoop?spy&whisper&app&snoopId",
  stopPlayback: "DELETE /playbacks/{playbackId}",
  listSounds: "GET /sounds",
  setChannelVar: "POST /channels/{channelId}/variable?variable&value",
} as const;

type Operations = typeof operations;
type OperationName = keyof Operations;

type InPath<Operation> = Operation extends `${string}{${infer Name}}${infer Rest}` ? Name | InPath<Rest> : never;
type Listed<Names> = Names extends `${infer Name}&${infer Rest}` ? Name | Listed<Rest> : Names;
type BesidePath<Operation> = Operation extends `${string}?${infer Names}` ? Listed<Names> : never;
type Value = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;
type Parameters<Name extends OperationName> = {
  readonly [Key in InPath<Operations[Name]>]: string;
} & { readonly [Key in BesidePath<Operations[Name]> & string]?: Value };

/** Method and path of an operation. */
export function requestOf(operation: string): readonly [method: string, path: string] {
  const [method = "", path = ""] = operation.split(/[ ?]/);
  return [method, path];
}

/** `status`: of HTTP; 2xx is success. `body`: what stood there, if it was JSON. */
export interface AriAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Asterisk did not answer, or what it answered is not what it says of itself. */
export class AriFailure extends Error {}

/** Ten times what an honest Asterisk has to say. */
const MAX_MIB = 1;
/** 10,000 channels of some 1,000 bytes, and more. */
const MAX_MIB_OF_LIST = 16;

/** A bridge that is alive answers a simple question by then. */
export const ANSWER_WITHIN_MS = 2_000;
/** Asterisk serves 100 connections in all. */
const REQUESTS_AT_ONCE = 16;
/** A channel that was just made, or answered, is not ready at once. */
const TRIES = 100;
const TRY_EVERY_MS = 20;

interface AriAddress {
  /** As `http://127.0.0.1:8088/ari`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** These wait for no other request: they find out whether Asterisk is there. */
const urgent: ReadonlySet<OperationName> = new Set(["getInfo", "userEvent"]);

/** One user of Asterisk's REST interface. All its requests are over when `close` is called. */
export class Ari {
  readonly #address: AriAddress;
  readonly #timers: Timers;
  /** Nobody waits any more, for an answer or for time to pass. */
  readonly #over = new AbortController();
  /** What was sent is broken off. */
  readonly #brokenOff = new AbortController();
  readonly #sent = new Set<Promise<AriAnswer>>();
  readonly #turns: Turns;
  /** Awaited before each request that changes something. Throws `AriFailure` where that may not be sent. */
  guard: () => Promise<void> = async () => {};

  constructor(address: AriAddress, timers: Timers) {
    this.#address = address;
    this.#timers = timers;
    this.#turns = new Turns(timers, () => REQUESTS_AT_ONCE);
  }

  get headers(): Readonly<Record<string, string>> {
    const { user, password } = this.#address;
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  }

  /** Where the events of an application are. */
  eventsUrl(application: string): string {
    return `${this.#address.url.replace("http", "ws")}/events?app=${encodeURIComponent(application)}`;
  }

  /** Asks once. Throws `AriFailure` without an answer in time, or after `close`: then nobody knows whether it was done. */
  async ask<Name extends OperationName>(
    name: Name,
    parameters: Parameters<Name>,
    withinMs = 30_000,
  ): Promise<AriAnswer> {
    const late = new AbortController();
    const failure = new AriFailure(`it has not answered for ${withinMs / 1_000} s`);
    const cancel = this.#timers.after(withinMs, () => late.abort(failure));
    const given = AbortSignal.any([this.#over.signal, late.signal]);
    try {
      if (urgent.has(name)) return await unless(given, this.#send(name, parameters, late.signal));
      await unless(given, this.#turns.begin(withinMs));
      try {
        if (!operations[name].startsWith("GET")) await unless(given, this.guard());
        return await unless(given, this.#send(name, parameters, late.signal));
      } finally {
        this.#turns.end();
      }
    } catch (error) {
      throw error instanceof AriFailure ? error : new AriFailure(why(error));
    } finally {
      cancel();
    }
  }

  /** Resolves after this time. Throws `AriFailure` when the link is closed before. */
  pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#timers.after(ms, resolve);
    return unless(this.#over.signal, promise).finally(cancel);
  }

  /** Asks again while that is too early, for 2 s at most; the last answer. */
  async untilReady(
    ask: () => Promise<AriAnswer>,
    isTooEarly: (answer: AriAnswer) => boolean = ({ status }) => status === 409,
  ): Promise<AriAnswer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await ask();
      if (!isTooEarly(answer) || tries >= TRIES) return answer;
      await this.pause(TRY_EVERY_MS);
    }
  }

  /** What Asterisk says of itself. */
  async info(): Promise<v.InferOutput<typeof info>> {
    return read("getInfo", info, await this.ask("getInfo", { only: "system,status" }, ANSWER_WITHIN_MS));
  }

  /** Empty where there is no such variable. */
  async globalVar(name: string, withinMs?: number): Promise<string> {
    return read("getGlobalVar", variable, await this.ask("getGlobalVar", { variable: name }, withinMs)).value;
  }

  /** What is still unanswered fails now, and is broken off; after `retire`, it is not. */
  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new AriFailure("the link is closed"));
    this.#brokenOff.abort();
  }

  /** Fails what is unanswered without breaking it off, since Asterisk carries it out anyway; `farewell` says when it is answered. */
  async retire(farewell: Parameters<"userEvent">, withinMs: number): Promise<void> {
    this.#over.abort(new AriFailure("the link is closed"));
    const cancel = this.#timers.after(withinMs, () => this.#brokenOff.abort());
    await Promise.allSettled(this.#sent);
    // Nobody waits for it.
    await this.#send("userEvent", farewell, this.#brokenOff.signal).catch(() => {});
    cancel();
  }

  #send<Name extends OperationName>(name: Name, parameters: Parameters<Name>, late: AbortSignal): Promise<AriAnswer> {
    const [method, path] = requestOf(operations[name]);
    const rest: Record<string, Value> = { ...parameters };
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
      const value = String(rest[key]);
      delete rest[key];
      return encodeURIComponent(value);
    });
    const body = method === "POST" ? JSON.stringify(rest) : null;
    const query = method === "POST" ? "" : `?${new URLSearchParams(rest as Record<string, string>)}`;
    const sent = fetch(`${this.#address.url}${filled}${query}`, {
      method,
      headers: { ...this.headers, ...(body !== null && { "content-type": "application/json" }) },
      body,
      redirect: "error",
      signal: AbortSignal.any([this.#brokenOff.signal, late]),
    }).then(async (answer) => ({ status: answer.status, body: parsed(await textOf(answer, name)) }));
    this.#sent.add(sent);
    void sent.catch(() => {}).finally(() => this.#sent.delete(sent));
    return sent;
  }
}

/** What never ends must not fill the memory of the agent. */
async function textOf(answer: Response, name: OperationName): Promise<string> {
  const mib = name.startsWith("list") ? MAX_MIB_OF_LIST : MAX_MIB;
  const text = await textWithin(answer, mib * 1024 * 1024);
  if (text === null) throw new AriFailure(`its answer to ${name} is longer than ${mib} MiB`);
  return text;
}

/** Fails as soon as the signal says so, whatever becomes of the promise. */
function unless<Value>(given: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(given.reason);
    if (given.aborted) fail();
    given.addEventListener("abort", fail, { once: true });
    promise.then(resolve, reject).finally(() => given.removeEventListener("abort", fail));
  });
}

function why(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function isDone({ status }: AriAnswer): boolean {
  return status >= 200 && status < 300;
}

const callerId = v.object({ number: v.string() });
const dialplan = v.object({
  exten: v.string(),
  /** Not before Asterisk 18: the application with its arguments, separated by commas. */
  app_name: v.optional(v.string()),
  app_data: v.optional(v.string()),
});

export const channel = v.object({
  id: v.string(),
  name: v.string(),
  /** `Down`, `Rsrvd`, `OffHook`, `Dialing`, `Ring`, `Ringing`, `Up`, … */
  state: v.string(),
  caller: callerId,
  dialplan,
});
export type AriChannel = v.InferOutput<typeof channel>;
/** `creationtime`: as `2026-11-20T10:00:00.000+0000`. */
export const channelInfo = v.object({ state: v.string(), creationtime: v.string() });

export const bridge = v.object({ id: v.string(), name: v.string(), channels: v.array(v.string()) });
export type AriBridge = v.InferOutput<typeof bridge>;

export const info = v.object({
  system: v.object({ version: v.string() }),
  status: v.object({ startup_time: v.string(), last_reload_time: v.optional(v.string()) }),
});
export const modules = v.array(v.object({ name: v.string(), status: v.string() }));
export const variable = v.object({ value: v.string() });
/** `rxcount`: how many packets came. */
export const rtpStatistics = v.object({ rxcount: v.number() });
export const endpoint = v.object({ state: v.optional(v.string()) });
/** A section of pjsip.conf as Asterisk has read it. */
export const configTuples = v.array(v.object({ attribute: v.string(), value: v.string() }));
export const application = v.object({ channel_ids: v.array(v.string()) });

/** Reads the body of an answer. Throws `AriFailure` where the answer is no success, or not what Asterisk says of itself. */
export function read<Body>(what: string, schema: v.GenericSchema<unknown, Body>, answer: AriAnswer): Body {
  if (!isDone(answer)) throw new AriFailure(`it answered ${what} with status ${answer.status}`);
  const body = v.safeParse(schema, answer.body);
  if (body.success) return body.output;
  throw new AriFailure(
    `it answered ${what} with something else: ${v.getDotPath(body.issues[0]) ?? "the whole"} is wrong`,
  );
}

const ofChannel = { channel };
/** `target_uri`: as `channel:1700000000.1`. */
const playback = v.object({ id: v.string(), target_uri: v.string() });

/** The events that the driver heeds, by their type; others are dropped. `timestamp`: as `creationtime`. */
export const events = {
  /** `replace_channel`: the channel that this one replaces in an attended transfer. */
  StasisStart: v.object({
    type: v.literal("StasisStart"),
    args: v.array(v.string()),
    replace_channel: v.exactOptional(v.object({ id: v.string() })),
    ...ofChannel,
  }),
  StasisEnd: v.object({ type: v.literal("StasisEnd"), ...ofChannel }),
  ChannelStateChange: v.object({ type: v.literal("ChannelStateChange"), ...ofChannel }),
  /** `tech_cause`: the SIP status, from 20.17, 22.7 and 23.1 on. */
  ChannelDestroyed: v.object({
    type: v.literal("ChannelDestroyed"),
    cause: v.number(),
    tech_cause: v.optional(v.number()),
    ...ofChannel,
  }),
  ChannelDtmfReceived: v.object({
    type: v.literal("ChannelDtmfReceived"),
    digit: v.string(),
    duration_ms: v.number(),
    timestamp: v.string(),
    ...ofChannel,
  }),
  ChannelTalkingStarted: v.object({ type: v.literal("ChannelTalkingStarted"), ...ofChannel }),
  ChannelTalkingFinished: v.object({ type: v.literal("ChannelTalkingFinished"), ...ofChannel }),
  ChannelHold: v.object({ type: v.literal("ChannelHold"), ...ofChannel }),
  ChannelUnhold: v.object({ type: v.literal("ChannelUnhold"), ...ofChannel }),
  Dial: v.object({ type: v.literal("Dial"), dialstatus: v.string(), peer: channel }),
  BridgeDestroyed: v.object({ type: v.literal("BridgeDestroyed"), bridge }),
  PlaybackStarted: v.object({ type: v.literal("PlaybackStarted"), playback }),
  PlaybackFinished: v.object({ type: v.literal("PlaybackFinished"), playback }),
  ChannelUserevent: v.object({ type: v.literal("ChannelUserevent"), eventname: v.string() }),
  ApplicationReplaced: v.object({ type: v.literal("ApplicationReplaced") }),
};

type Events = typeof events;
export type AriEvent = { [Type in keyof Events]: v.InferOutput<Events[Type]> }[keyof Events];

/** An event that the driver does not heed. */
export interface OtherEvent {
  readonly type: "other";
}

export const sounds = v.array(v.object({ id: v.string(), formats: v.array(v.object({ language: v.string() })) }));

const anyEvent = v.object({ type: v.string() });

/** The only door for what Asterisk says by itself; the failure is a sentence. */
export function decodeEvent(text: string): Result<AriEvent | OtherEvent, string> {
  const any = v.safeParse(anyEvent, parsed(text));
  if (!any.success) return err("it sent what is no event of ARI");
  const { type } = any.output;
  if (!Object.hasOwn(events, type)) return ok({ type: "other" });
  const event = v.safeParse(events[type as keyof Events] as v.GenericSchema<unknown, AriEvent>, parsed(text));
  if (event.success) return ok(event.output);
  return err(
    `it sent ${type} with something else than ARI has: ${v.getDotPath(event.issues[0]) ?? "the whole"} is wrong`,
  );
}
