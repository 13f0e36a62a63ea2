import type { Draws } from "../../simulators/draws.ts";
import type { WorldContext } from "./context.ts";

/** The end of a connection that nobody holds. */
export const nowhere = { heard: () => {}, closed: () => {} };

/** One end of a connection, as its owner hears it. */
export interface End<Heard> {
  heard(message: Heard): void;
  closed(code: number, why?: string): void;
}

/**
 * A connection such as a WebSocket: messages come in order and each once, until it breaks. What is under way then is
 * lost, or still arrives; each end learns of the break in its own time, and of a silent break not at all.
 */
export class Wire<ToNear, ToFar> {
  near: End<ToNear> | null;
  far: End<ToFar> | null;
  /** A half-open connection: what is sent to this end, or to both, vanishes. */
  silent: "near" | "far" | "both" | null = null;
  readonly #context: WorldContext;
  readonly #draws: Draws;
  readonly #lastAt = { near: 0, far: 0 };
  #cutAt = Number.POSITIVE_INFINITY;

  constructor(context: WorldContext, draws: Draws, near: End<ToNear>, far: End<ToFar>) {
    this.#context = context;
    this.#draws = draws;
    this.near = near;
    this.far = far;
  }

  toNear(message: ToNear): void {
    this.#send("near", () => this.near?.heard(message));
  }

  toFar(message: ToFar): void {
    this.#send("far", () => this.far?.heard(message));
  }

  /** One end closes; the other one hears it as the last thing. */
  close(by: "near" | "far", code: number): void {
    const end = by === "near" ? "far" : "near";
    if (by === "near") this.near = null;
    else this.far = null;
    this.#send(end, () => this.#over(end, code));
  }

  /** The network breaks. With `arrives`, what is under way still gets there; `unheard` is the end that does not notice. */
  cut(arrives: boolean, unheard: "near" | null = null): void {
    const { now } = this.#context.clock;
    this.silent = "both";
    this.#cutAt = arrives ? now + 500 : now;
    for (const end of ["near", "far"] as const) {
      const noticedMs = this.#draws.between(0, 600);
      if (end !== unheard) this.#context.clock.after(noticedMs, () => this.#over(end, 1006));
    }
  }

  #send(end: "near" | "far", arrive: () => void): void {
    if (this.silent === end || this.silent === "both") return;
    const { clock } = this.#context;
    this.#lastAt[end] = Math.max(this.#lastAt[end], clock.now + this.#draws.between(1, 12));
    const sentAt = clock.now;
    clock.after(this.#lastAt[end] - clock.now, () => {
      if (this.silent === "both" && sentAt <= this.#cutAt && clock.now > this.#cutAt) return;
      arrive();
    });
  }

  #over(end: "near" | "far", code: number): void {
    const owner = this[end];
    this[end] = null;
    owner?.closed(code);
  }
}
