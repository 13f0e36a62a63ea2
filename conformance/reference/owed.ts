import type { Ports } from "../ports.ts";
import type { Message } from "../xml.ts";
import type { Defects } from "./defects.ts";

/** Between two probes; the last one for good. */
const PROBE_MS = [5_000, 15_000, 60_000, 300_000];

/** What a conference's server has not confirmed, though it was posted as often as may be. */
export class Owed {
  #messages: readonly Message[] = [];
  #isProbing = false;
  #isCatchingUp = false;
  /** The post that shows whether the server is there. */
  #probe: Promise<void> | null = null;
  readonly #ports: Ports;
  readonly #has: Defects;
  readonly #post: (messages: readonly Message[]) => Promise<boolean>;
  /** Whether an entry is of a call that is there, and has no name yet. */
  readonly #isUnnamed: (entry: Message) => boolean;

  readonly #newMsgId: () => string;

  constructor(
    ports: Ports,
    has: Defects,
    post: (messages: readonly Message[]) => Promise<boolean>,
    isUnnamed: (entry: Message) => boolean,
    newMsgId: () => string,
  ) {
    this.#ports = ports;
    this.#has = has;
    this.#post = post;
    this.#isUnnamed = isUnnamed;
    this.#newMsgId = newMsgId;
  }

  /** Whatever is told now is owed, too. */
  get isBehind(): boolean {
    return this.#messages.length > 0 || this.#isCatchingUp || this.#probe !== null;
  }

  add(messages: readonly Message[]): void {
    // Who speaks is soon not so any more.
    const lasting = messages.filter(({ name }) => name !== "A2W_NotifySpeakingStatus");
    if (lasting.length === 0 || this.#has("no-repeat")) return;
    this.#messages = [...this.#messages, ...lasting];
    if (this.#isCatchingUp || this.#has("no-probe")) return;
    if (this.#isProbing) void this.#probeNow();
    else void this.#probeFromTimeToTime();
  }

  clear(): void {
    this.#messages = [];
  }

  /** The server is there again: answers first, then the state of what it missed. */
  async catchUp(): Promise<void> {
    await this.#probe;
    return this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    let isThere = true;
    while (this.#messages.length > 0 && isThere) {
      const owed = this.#current().filter((message) => !this.#isLost(message));
      this.clear();
      const [answers, state] = [owed.filter(isAnswer), owed.filter((message) => !isAnswer(message))];
      const parts = this.#has("answers-caught-up-last") ? [state, answers] : [answers, state];
      if (this.#has("caught-up-twice")) parts.push(state.map((message) => this.#anew(message)));
      for (const part of parts) {
        if (isThere && part.length > 0) isThere = await this.#post(part);
        if (!isThere) this.#messages = [...this.#messages, ...part];
      }
    }
    this.#isCatchingUp = false;
  }

  /** What is still so, and each thing once. */
  #current(): readonly Message[] {
    const isSo = (message: Message) =>
      !isEntry(message) || this.#isUnnamed(message) || this.#has("named-entry-caught-up");
    const left = this.#messages.filter(isSo);
    const last = new Map(left.map((message) => [subjectOf(message), message]));
    const once = left.filter((message) => last.get(subjectOf(message)) === message);
    return this.#has("entry-caught-up-anew") ? once.map((one) => (isEntry(one) ? this.#anew(one) : one)) : once;
  }

  /** With a defect. */
  readonly #isLost = (message: Message): boolean =>
    (isAnswer(message) && this.#has("answers-not-caught-up")) ||
    (isEntry(message) && this.#has("entries-not-caught-up")) ||
    (message.name === "A2W_NotifyUserChange" && this.#has("changes-not-caught-up")) ||
    (message.name === "A2W_NotifyConferenceChange" && this.#has("lock-not-caught-up"));

  #anew(message: Message): Message {
    return { ...message, attributes: { ...message.attributes, MsgID: this.#newMsgId() } };
  }

  /** Without a sign of life the first thing owed shows whether the server is there. */
  #probeNow(): Promise<void> {
    this.#probe ??= this.#postFirst().finally(() => {
      this.#probe = null;
    });
    return this.#probe;
  }

  async #postFirst(): Promise<void> {
    const current = this.#current();
    if (current.length === 0) this.clear();
    const owed = current.filter((message) => !this.#isLost(message));
    const isFirst = (message: Message) => isAnswer(message) !== this.#has("answers-caught-up-last");
    const first = owed.find(isFirst) ?? owed[0];
    if (!first) return;
    this.#messages = this.#messages.filter((message) => message !== first);
    if (await this.#post([first])) await this.#catchUp();
    else this.#messages = [first, ...this.#messages];
  }

  async #probeFromTimeToTime(): Promise<void> {
    this.#isProbing = true;
    for (let n = 0; this.isBehind; n++) {
      await this.#ports.sleep(PROBE_MS[Math.min(n, PROBE_MS.length - 1)] ?? 0);
      if (this.isBehind) await this.#probeNow();
    }
    this.#isProbing = false;
  }
}

function isAnswer({ name }: Message): boolean {
  return name.startsWith("A2W_Rsp");
}

function isEntry({ name }: Message): boolean {
  return name === "A2W_NotifyUserEnter";
}

/** Of two messages with the same subject only the later one counts. */
function subjectOf({ name, attributes: { MsgID, ExtCallID, SubConfID, Status } }: Message): string {
  if (name === "A2W_NotifyUserChange") return `${name} ${ExtCallID}`;
  if (name === "A2W_NotifySubConfCallChange") return `${name} ${ExtCallID} ${SubConfID}`;
  if (name === "A2W_NotifyConferenceChange" && Status !== "4") return name;
  return `${name} ${MsgID}`;
}
