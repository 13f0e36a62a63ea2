import { randomUUID } from "node:crypto";
import type { Announcement } from "../../../src/bridge/announcements.ts";
import type { CallId } from "../../../src/foundation/ids.ts";
import type { Timers } from "../../../src/foundation/time/timers.ts";
import { type Ari, isDone } from "./ari.ts";
import { playbackId, whispererId } from "./mirror/names.ts";
import type { Pauses } from "./mirror/pauses.ts";
import { type AsteriskSettings, languageOf, soundsOf } from "./settings.ts";

interface Sentence {
  /** Of the playback. */
  readonly id: string;
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
  readonly #pauses: Pauses;
  readonly #sentences = new Map<CallId, Sentence>();

  constructor(ari: Ari, settings: AsteriskSettings, timers: Timers, pauses: Pauses) {
    this.#ari = ari;
    this.#settings = settings;
    this.#timers = timers;
    this.#pauses = pauses;
  }

  /**
   * Begins to say it; resolves when it has begun, or cannot. `aloneIn`: the bridge in which the caller is alone. `isAmongOthers`: the sentence is
   * mixed into what the caller hears. Else it is all that the caller hears, since a channel to which nobody speaks takes no whisper.
   */
  async say(
    call: CallId,
    announcement: Announcement,
    { aloneIn, isAmongOthers }: { readonly aloneIn: string | null; readonly isAmongOthers: boolean },
  ): Promise<void> {
    await this.hush(call);
    const media = soundsOf(this.#settings, announcement).map((name) => `sound:${name}`);
    if (media.length === 0) return;
    const sentence = newSentence(call, announcement, aloneIn, isAmongOthers);
    this.#sentences.set(call, sentence);
    void sentence.over.then(() => {
      if (this.#sentences.get(call) === sentence) this.#sentences.delete(call);
    });
    const { id, whisperer } = sentence;
    if (whisperer !== null && !(await this.#makeWhisperer(call, whisperer))) return sentence.end();
    const where = { channelId: whisperer ?? call, playbackId: id };
    const begun = await this.#pauses.untilReady(
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

  /** Resolves at the end of what this caller hears, or after this time. */
  async spoken(call: CallId, withinMs: number): Promise<void> {
    const sentence = this.#sentences.get(call);
    if (!sentence) return;
    const cancel = this.#timers.after(withinMs, sentence.end);
    await sentence.over;
    cancel();
  }

  /** A playback has ended by itself. */
  async finished(playback: string): Promise<void> {
    for (const sentence of this.#sentences.values()) {
      if (sentence.id !== playback) continue;
      sentence.end();
      await this.#dismiss(sentence);
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

  async #makeWhisperer(call: CallId, snoopId: string): Promise<boolean> {
    const { application } = this.#settings;
    const how = { spy: "none", whisper: "out" };
    return isDone(await this.#ari.ask("snoop", { channelId: call, snoopId, app: application, ...how }));
  }

  async #stop(sentence: Sentence): Promise<void> {
    if (sentence.whisperer === null) await this.#ari.ask("stopPlayback", { playbackId: sentence.id });
    else await this.#dismiss(sentence);
  }

  async #dismiss({ whisperer }: Sentence): Promise<void> {
    if (whisperer !== null) await this.#ari.ask("hangUp", { channelId: whisperer });
  }
}

function newSentence(
  call: CallId,
  announcement: Announcement,
  aloneIn: string | null,
  isAmongOthers: boolean,
): Sentence {
  let resolve = () => {};
  const over = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  const unique = randomUUID();
  const sentence: Sentence = {
    id: playbackId(announcement, call, unique),
    whisperer: isAmongOthers ? whispererId(unique) : null,
    aloneIn,
    over,
    end: () => {
      sentence.isOver = true;
      resolve();
    },
    isOver: false,
  };
  return sentence;
}
