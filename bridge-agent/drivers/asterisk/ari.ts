import * as v from "valibot";
import { err, ok, type Result } from "../../../src/foundation/result.ts";
import type { Timers } from "../../../src/foundation/time/timers.ts";

/** How one kind of request is made: the names in the path, and beside it, are Asterisk's. */
interface Operation {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly parameters: readonly string[];
}

/** All that the driver asks of Asterisk. A test compares it with Asterisk's own description of its interface. */
export const operations = {
  getInfo: { method: "GET", path: "/asterisk/info", parameters: ["only"] },
  listModules: { method: "GET", path: "/asterisk/modules", parameters: [] },
  getGlobalVar: { method: "GET", path: "/asterisk/variable", parameters: ["variable"] },
  setGlobalVar: { method: "POST", path: "/asterisk/variable", parameters: ["variable", "value"] },
  listByTech: { method: "GET", path: "/endpoints/{tech}", parameters: [] },
  getEndpoint: { method: "GET", path: "/endpoints/{tech}/{resource}", parameters: [] },
  getObject: {
    method: "GET",
    path: "/asterisk/config/dynamic/{configClass}/{objectType}/{id}",
    parameters: [],
  },
  getSound: { method: "GET", path: "/sounds/{soundId}", parameters: [] },
  getApplication: { method: "GET", path: "/applications/{applicationName}", parameters: [] },
  subscribe: { method: "POST", path: "/applications/{applicationName}/subscription", parameters: ["eventSource"] },
  userEvent: { method: "POST", path: "/events/user/{eventName}", parameters: ["application"] },
  listBridges: { method: "GET", path: "/bridges", parameters: [] },
  getBridge: { method: "GET", path: "/bridges/{bridgeId}", parameters: [] },
  createBridge: { method: "POST", path: "/bridges", parameters: ["type", "bridgeId", "name"] },
  destroyBridge: { method: "DELETE", path: "/bridges/{bridgeId}", parameters: [] },
  addChannel: { method: "POST", path: "/bridges/{bridgeId}/addChannel", parameters: ["channel", "absorbDTMF"] },
  playToBridge: { method: "POST", path: "/bridges/{bridgeId}/play", parameters: ["media"] },
  listChannels: { method: "GET", path: "/channels", parameters: [] },
  getChannel: { method: "GET", path: "/channels/{channelId}", parameters: [] },
  createChannel: {
    method: "POST",
    path: "/channels/create",
    parameters: ["endpoint", "app", "channelId", "variables"],
  },
  dial: { method: "POST", path: "/channels/{channelId}/dial", parameters: ["timeout"] },
  answer: { method: "POST", path: "/channels/{channelId}/answer", parameters: [] },
  hangUp: { method: "DELETE", path: "/channels/{channelId}", parameters: ["reason"] },
  mute: { method: "POST", path: "/channels/{channelId}/mute", parameters: ["direction"] },
  unmute: { method: "DELETE", path: "/channels/{channelId}/mute", parameters: ["direction"] },
  sendDtmf: { method: "POST", path: "/channels/{channelId}/dtmf", parameters: ["dtmf", "before"] },
  getRtpStatistics: { method: "GET", path: "/channels/{channelId}/rtp_statistics", parameters: [] },
  getChannelVar: { method: "GET", path: "/channels/{channelId}/variable", parameters: ["variable"] },
  play: {
    method: "POST",
    path: "/channels/{channelId}/play",
    parameters: ["media", "lang", "playbackId"],
  },
  snoop: {
    method: "POST",
    path: "/channels/{channelId}/snoop",
    parameters: ["spy", "whisper", "app", "snoopId"],
  },
  stopPlayback: { method: "DELETE", path: "/playbacks/{playbackId}", parameters: [] },
  listSounds: { method: "GET", path: "/sounds", parameters: [] },
  setChannelVar: { method: "POST", path: "/channels/{channelId}/variable", parameters: ["variable", "value"] },
} as const satisfies Readonly<Record<string, Operation>>;

type Operations = typeof operations;
type OperationName = keyof Operations;

type InPath<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | InPath<Rest> : never;
type Value = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;
type Parameters<Name extends OperationName> = {
  readonly [Key in InPath<Operations[Name]["path"]>]: string;
} & { readonly [Key in Operations[Name]["parameters"][number]]?: Value };

/** `status`: of HTTP; 2xx is success. `body`: what stood there, if it was JSON. */
export interface AriAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Asterisk did not answer, or what it answered is not what it says of itself. */
export class AriFailure extends Error {}

/** Asterisk serves 100 connections in all. */
const REQUESTS_AT_ONCE = 16;

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
  /** Nobody waits for an answer any more. */
  readonly #over = new AbortController();
  /** What was sent is broken off. */
  readonly #brokenOff = new AbortController();
  readonly #sent = new Set<Promise<AriAnswer>>();
  readonly #queue: (() => void)[] = [];
  #running = 0;
  /** Awaited before each request that changes something. Throws `AriFailure` where that may not be sent. */
  guard: () => Promise<void> = async () => {};

  constructor(address: AriAddress, timers: Timers) {
    this.#address = address;
    this.#timers = timers;
  }

  get headers(): Readonly<Record<string, string>> {
    const { user, password } = this.#address;
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  }

  /** Where the events of an application are. */
  eventsUrl(application: string): string {
    return `${this.#address.url.replace("http", "ws")}/events?app=${encodeURIComponent(application)}`;
  }

  /**
   * Asks once. Throws `AriFailure` when there is no answer within `withinMs` of this call, or after `close`: then nobody knows whether it was done.
   */
  async ask<Name extends OperationName>(
    name: Name,
    parameters: Parameters<Name>,
    withinMs = 30_000,
  ): Promise<AriAnswer> {
    const late = new AbortController();
    const cancel = this.#timers.after(withinMs, () => late.abort());
    const given = AbortSignal.any([this.#over.signal, late.signal]);
    try {
      if (urgent.has(name)) return await unless(given, this.#send(name, parameters, late.signal));
      await this.#begin(given);
      try {
        if (operations[name].method !== "GET") await unless(given, this.guard());
        return await unless(given, this.#send(name, parameters, late.signal));
      } finally {
        this.#end();
      }
    } catch (error) {
      if (error instanceof AriFailure) throw error;
      if (this.#over.signal.aborted) throw new AriFailure("the link is closed");
      throw new AriFailure(late.signal.aborted ? `it has not answered for ${withinMs / 1_000} s` : why(error));
    } finally {
      cancel();
    }
  }

  /** What is still unanswered fails now, and is broken off. */
  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#brokenOff.abort();
  }

  /**
   * What is still unanswered fails now, and nothing new is sent. Asterisk carries out what it was sent, whether or not that is broken off:
   * so it is not, and once Asterisk has answered all of it, within `withinMs`, the event `farewell` says so.
   */
  async retire(farewell: Parameters<"userEvent">, withinMs: number): Promise<void> {
    this.#over.abort();
    const cancel = this.#timers.after(withinMs, () => this.#brokenOff.abort());
    await Promise.allSettled(this.#sent);
    // Nobody waits for it.
    await this.#send("userEvent", farewell, this.#brokenOff.signal).catch(() => {});
    cancel();
  }

  #send<Name extends OperationName>(name: Name, parameters: Parameters<Name>, late: AbortSignal): Promise<AriAnswer> {
    const { method, path } = operations[name];
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
    }).then(async (answer) => ({ status: answer.status, body: parsed(await answer.text()) }));
    this.#sent.add(sent);
    const forget = () => this.#sent.delete(sent);
    sent.then(forget, forget);
    return sent;
  }

  async #begin(given: AbortSignal): Promise<void> {
    given.throwIfAborted();
    if (this.#running < REQUESTS_AT_ONCE) {
      this.#running += 1;
      return;
    }
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    this.#queue.push(begin);
    try {
      await unless(given, begun);
    } catch (error) {
      const place = this.#queue.indexOf(begin);
      if (place >= 0) this.#queue.splice(place, 1);
      else this.#end(); // It was just given the place.
      throw error;
    }
  }

  #end(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#running -= 1;
  }
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
  StasisStart: v.object({ type: v.literal("StasisStart"), args: v.array(v.string()), ...ofChannel }),
  StasisEnd: v.object({ type: v.literal("StasisEnd"), ...ofChannel }),
  ChannelStateChange: v.object({ type: v.literal("ChannelStateChange"), ...ofChannel }),
  ChannelDestroyed: v.object({ type: v.literal("ChannelDestroyed"), cause: v.number(), ...ofChannel }),
  ChannelDtmfReceived: v.object({
    type: v.literal("ChannelDtmfReceived"),
    digit: v.string(),
    duration_ms: v.number(),
    timestamp: v.string(),
    ...ofChannel,
  }),
  ChannelTalkingStarted: v.object({ type: v.literal("ChannelTalkingStarted"), ...ofChannel }),
  ChannelTalkingFinished: v.object({ type: v.literal("ChannelTalkingFinished"), ...ofChannel }),
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
