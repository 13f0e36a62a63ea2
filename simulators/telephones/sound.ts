import { createSocket, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";

/** Samples of a packet, 20 ms at 8,000 a second. */
const SAMPLES = 160;
const PACKET_MS = 20;
/** A telephone that suppresses silence sends one packet of comfort noise (RFC 3389) in place of so many: every 160 ms. */
const PACKETS_OF_COMFORT_NOISE = 8;
const PCMU = 0;
const COMFORT_NOISE = 13;
/** In dB below the loudest. */
const COMFORT_NOISE_LEVEL = 60;
const TELEPHONE_EVENT = 101;
const PACKETS_OF_END = 3;
/** After that: a busy machine is late at times, and keys must not come closer than Asterisk's least gap. */
const PACKETS_OF_PAUSE = 2;
const SILENCE = 0xff;
const keys = "0123456789*#ABCD";
/** Of 32,768: a few at once can be mixed without being cut off. */
const LOUDNESS = 4_000;
/** A tone counts as heard from a quarter of the loudness with which it was sent. */
const HEARD = LOUDNESS / 4;

type Says = "tone" | "silence" | "comfort-noise" | "nothing";

interface Frame {
  /** By `performance.now()`. */
  readonly at: number;
  readonly payload: Buffer;
}

/**
 * The mouthpiece and the ear of one call: RTP at a port of its own. Each mouthpiece has a tone of its own, so that an ear can tell who
 * it hears. Frequencies are multiples of 50 Hz: one 20 ms packet tells them apart exactly.
 */
export class Sound {
  readonly frequency: number;
  /** What came, the oldest first. */
  readonly heard: Frame[] = [];
  /** The keys that the other side pressed, in order. */
  keysHeard = "";
  /** Packets without sound (RFC 3389), which tell that the call is still there. */
  signsOfLife = 0;
  /** By `performance.now()`, when the other side was first told that the last key is up. */
  keyedAt = 0;
  /** How long a key of its own is down, in whole packets of 20 ms. */
  keyMs = 100;
  /** How long its packets are held back, and then arrive all at once; 0: each arrives when it was sent. */
  bunchedMs = 0;
  readonly #socket: Socket;
  #theirPort = 0;
  #says: Says = "silence";
  readonly #keys: { readonly key: number; readonly done: () => void }[] = [];
  /** How many packets of the key were sent. */
  #ofKey = 0;
  #keyBegan = 0;
  #sequence = 1;
  #timestamp = 160_000;
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #bunch: Buffer[] = [];
  #bunchLeavesAt = 0;
  #isClosed = false;
  /** The timestamp of the last key that was heard: its end is sent three times. */
  #keyHeardAt = -1;

  private constructor(frequency: number, socket: Socket) {
    this.frequency = frequency;
    this.#socket = socket;
    socket.on("message", (packet: Buffer) => {
      const type = (packet[1] ?? 0) % 0x80;
      if (type === PCMU) this.heard.push({ at: performance.now(), payload: packet.subarray(12) });
      if (type === COMFORT_NOISE) this.signsOfLife += 1;
      if (type === TELEPHONE_EVENT) this.#hearKey(packet.readUInt32BE(4), packet.subarray(12));
    });
  }

  static async open(frequency: number): Promise<Sound> {
    const socket = createSocket("udp4");
    await new Promise<void>((bound, failed) => socket.once("error", failed).bind(0, "127.0.0.1", bound));
    return new Sound(frequency, socket);
  }

  get port(): number {
    return (this.#socket.address() as AddressInfo).port;
  }

  /** Sends from now on, as a telephone does from the answer on: silence first. */
  connect(theirPort: number): void {
    this.#theirPort = theirPort;
    this.#nextAt = performance.now();
    this.#tick();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
    for (const { done } of this.#keys.splice(0)) done();
  }

  say(what: Says): void {
    this.#says = what;
  }

  get isTalking(): boolean {
    return this.#says === "tone";
  }

  /**
   * Presses keys one after the other, 100 ms each and 100 ms apart (RFC 4733). Resolves when the last one was released, or the call ends
   * meanwhile. Throws when it is over already.
   */
  async press(digits: string): Promise<void> {
    if (this.#isClosed) throw new Error(`nobody can key ${digits}: the call is over`);
    const sent = [...digits].map(
      (digit) =>
        new Promise<void>((done) => {
          const key = keys.indexOf(digit);
          if (key < 0) throw new Error(`no telephone has the key "${digit}"`);
          this.#keys.push({ key, done });
        }),
    );
    await Promise.all(sent);
  }

  /** How loud these tones were in the packets since `from`. */
  hears(frequency: number, from: number): readonly { readonly at: number; readonly isHeard: boolean }[] {
    return this.heard
      .slice(firstSince(this.heard, from))
      .map((frame) => ({ at: frame.at, isHeard: loudnessOf(frame.payload, frequency) >= HEARD }));
  }

  /** How many packets of a conversation should have come since `from`. */
  due(from: number): number {
    return (performance.now() - from) / PACKET_MS;
  }

  /** And how many did. */
  arrived(from: number): number {
    return this.heard.length - firstSince(this.heard, from);
  }

  /** Whether there was anything but silence since `from`. */
  isLoud(from: number): boolean {
    const frames = this.heard.slice(firstSince(this.heard, from));
    return frames.some(({ payload }) => payload.some((byte) => Math.abs(fromMuLaw(byte)) >= HEARD));
  }

  #hearKey(timestamp: number, [key = 0, flags = 0]: Buffer): void {
    if ((flags & 0x80) === 0 || timestamp === this.#keyHeardAt) return;
    this.#keyHeardAt = timestamp;
    this.keysHeard += keys[key] ?? "";
  }

  /** Sends all that is due: timers may be late, a telephone's clock is not. But keys that come all at once are too short for Asterisk. */
  #tick(): void {
    for (; this.#nextAt <= performance.now(); this.#nextAt += PACKET_MS) {
      if (this.#keys.length > 0) this.#nextAt = performance.now();
      this.#sendPacket();
      this.#letGo();
    }
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#nextAt - performance.now()));
  }

  #sendPacket(): void {
    const [current] = this.#keys;
    if (current) this.#sendKey(current.key);
    else if (this.#says === "comfort-noise") this.#sendComfortNoise();
    else if (this.#says !== "nothing") this.#send(PCMU, this.#timestamp, this.#audio());
    this.#timestamp += SAMPLES;
  }

  #sendComfortNoise(): void {
    const isDue = (this.#timestamp / SAMPLES) % PACKETS_OF_COMFORT_NOISE === 0;
    if (isDue) this.#send(COMFORT_NOISE, this.#timestamp, Buffer.from([COMFORT_NOISE_LEVEL]));
  }

  /** A packet each 20 ms while the key is down, three that say that it is up, since any of them may be lost, and a pause. */
  #sendKey(key: number): void {
    const down = this.keyMs / PACKET_MS;
    if (this.#ofKey < down + PACKETS_OF_END) this.#sendKeyPacket(key, down);
    else this.#ofKey += 1;
    if (this.#ofKey < down + PACKETS_OF_END + PACKETS_OF_PAUSE) return;
    this.#ofKey = 0;
    this.#keys.shift()?.done();
  }

  #sendKeyPacket(key: number, down: number): void {
    if (this.#ofKey === 0) this.#keyBegan = this.#timestamp;
    this.#ofKey += 1;
    const isUp = this.#ofKey > down;
    if (this.#ofKey === down + 1) this.keyedAt = performance.now();
    const event = Buffer.alloc(4);
    event.writeUInt8(key, 0);
    event.writeUInt8((isUp ? 0x80 : 0) | 10, 1);
    event.writeUInt16BE(Math.min(this.#ofKey, down) * SAMPLES, 2);
    this.#send(TELEPHONE_EVENT, this.#keyBegan, event, this.#ofKey === 1);
  }

  #send(type: number, timestamp: number, payload: Buffer, isFirst = false): void {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt8(type | (isFirst ? 0x80 : 0), 1);
    header.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    header.writeUInt32BE(timestamp >>> 0, 4);
    header.writeUInt32BE(this.frequency, 8);
    this.#bunch.push(Buffer.concat([header, payload]));
  }

  #letGo(): void {
    if (performance.now() < this.#bunchLeavesAt) return;
    this.#bunchLeavesAt = performance.now() + this.bunchedMs;
    for (const packet of this.#bunch.splice(0)) this.#socket.send(packet, this.#theirPort, "127.0.0.1", () => {});
  }

  #audio(): Buffer {
    const packet = Buffer.alloc(SAMPLES, SILENCE);
    if (this.#says === "silence") return packet;
    const step = (2 * Math.PI * this.frequency) / 8_000;
    for (let index = 0; index < SAMPLES; index++) {
      packet.writeUInt8(toMuLaw(LOUDNESS * Math.sin(step * (this.#timestamp + index))), index);
    }
    return packet;
  }
}

function firstSince(frames: readonly Frame[], from: number): number {
  const found = frames.findLastIndex((frame) => frame.at < from);
  return found + 1;
}

/** The loudest that the tone alone reaches in this packet, by Goertzel's algorithm. */
function loudnessOf(payload: Buffer, frequency: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * frequency) / 8_000);
  let before = 0;
  let last = 0;
  for (const byte of payload) {
    const now = fromMuLaw(byte) + factor * last - before;
    before = last;
    last = now;
  }
  const power = last * last + before * before - factor * last * before;
  return (2 * Math.sqrt(Math.max(power, 0))) / payload.length;
}

/** G.711. */
function toMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.round(Math.abs(sample)) + 132, 32_767);
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function fromMuLaw(byte: number): number {
  return decoded[byte] ?? 0;
}

const decoded = Float64Array.from({ length: 256 }, (_, byte) => {
  const bits = ~byte & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 132) * 2 ** ((bits >> 4) & 0x07) - 132;
  return bits & 0x80 ? -magnitude : magnitude;
});
