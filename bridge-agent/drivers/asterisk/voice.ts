import { randomUUID } from "node:crypto";
import { type Announcement, lastWords } from "../../../src/bridge/announcements.ts";
import type { CallId } from "../../../src/foundation/ids.ts";
import type { Timers } from "../../../src/foundation/time/timers.ts";
import { type Ari, isDone } from "./ari.ts";
import { helperId, playbackId } from "./mirror/names.ts";
import { type AsteriskSettings, languageOf, soundsOf } from "./settings.ts";

interface Sentence {
  /** Of the playback. */
  readonly id: string;
  readonly announcement: Announcement;
  /** The channel that whispers to a caller who is not to miss the others, nor they it. */
  readonly whisperer: string | null;
  /** The bridge in which its caller is alone. */
  readonly aloneIn: string | null;
  readonly over: Promise<void>;
  readonly end: () => void;
  isOver: boolean;
}

/** Says to callers what they are to hear, one sentence at a time for each. */
export class Voice {
  readonly #ari: Ari;
  readonly #settings: AsteriskSettings;
  readonly #timers: Timers;
  readonly #sentences = new Map<CallId, Sentence>();

  constructor(ari: Ari, settings: AsteriskSettings, timers: Timers) {
    this.#ari = ari;
    this.#settings = settings;
    this.#timers = timers;
  }

  /**
   * Resolves when it has begun, or cannot. `isAmongOthers`: it is mixed into what the caller hears; else it is all that the caller hears, since a
   * channel to which nobody speaks takes no whisper. `aloneIn`: the bridge in which the caller is alone.
   */
  async say(
    call: CallId,
    announcement: Announcement,
    { aloneIn, isAmongOthers }: { readonly aloneIn: string | null; readonly isAmongOthers: boolean },
  ): Promise<void> {
    await this.hush(call);
    const media = soundsOf(this.#settings, announcement).map((name) => `sound:${name}`);
    if (media.length === 0) return;
    const unique = randomUUID();
    const id = playbackId(announcement, call, unique);
    const whisperer = isAmongOthers ? helperId("whisperer", unique) : null;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const end = () => {
      sentence.isOver = true;
      resolve();
    };
    const sentence: Sentence = { id, announcement, whisperer, aloneIn, over, end, isOver: false };
    this.#sentences.set(call, sentence);
    void over.then(() => {
      if (this.#sentences.get(call) === sentence) this.#sentences.delete(call);
    });
    if (whisperer !== null) {
      const how = { app: this.#settings.application, spy: "none", whisper: "out" };
      const made = await this.#ari.ask("snoop", { channelId: call, snoopId: whisperer, ...how });
      if (!isDone(made)) return sentence.end();
    }
    const where = { channelId: whisperer ?? call, playbackId: id };
    const begun = await this.#ari.untilReady(
      () => this.#ari.ask("play", { ...where, media, lang: languageOf(this.#settings) }),
      ({ status }) => status === 409 && !sentence.isOver,
    );
    if (isDone(begun) && !sentence.isOver) return;
    sentence.end();
    await this.#stop(sentence);
  }

  /** Ends what this caller hears. */
  async hush(call: CallId): Promise<void> {
    const sentence = this.#sentences.get(call);
    if (!sentence) return;
    sentence.end();
    await this.#stop(sentence);
  }

  /** Ends a sentence that is no whisper: until its end, the channel neither moves nor takes a variable. */
  async free(call: CallId): Promise<void> {
    if (this.#sentences.get(call)?.whisperer === null) await this.hush(call);
  }

  /** Before a caller goes into a bridge. Who was alone there is not any more. */
  async makeWay(call: CallId, bridge: string): Promise<void> {
    const alone = [...this.#sentences].filter(([, { aloneIn }]) => aloneIn === bridge).map(([each]) => each);
    await Promise.all([call, ...alone].map((each) => this.free(each)));
  }

  /** Resolves once this caller has heard that the call ends, or after this time; at once, if something else is said. */
  async spoken(call: CallId, withinMs: number): Promise<void> {
    const sentence = this.#sentences.get(call);
    if (!sentence || !lastWords.has(sentence.announcement)) return;
    const cancel = this.#timers.after(withinMs, sentence.end);
    await sentence.over;
    cancel();
  }

  /** A playback has ended by itself. */
  async finished(playback: string): Promise<void> {
    for (const sentence of this.#sentences.values()) {
      if (sentence.id !== playback) continue;
      sentence.end();
      if (sentence.whisperer !== null) await this.#stop(sentence);
    }
  }

  /** The call is over. */
  gone(call: CallId): void {
    this.#sentences.get(call)?.end();
  }

  /** Nothing more can be said. */
  close(): void {
    for (const { end } of this.#sentences.values()) end();
  }

  /** A whisper ends with its channel. */
  async #stop({ id, whisperer }: Sentence): Promise<void> {
    if (whisperer === null) await this.#ari.ask("stopPlayback", { playbackId: id });
    else await this.#ari.ask("hangUp", { channelId: whisperer });
  }
}
