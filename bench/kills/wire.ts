import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export type Way = "forth" | "back";

interface Flow {
  readonly way: Way;
  readonly from: Socket;
  readonly to: Socket;
}

/** Passes TCP connections on to a port of this machine; it can be cut, or fall silent. */
export class Wire {
  private readonly server: Server;
  private readonly flows = new Set<Flow>();
  private silent: readonly Way[] = [];

  constructor(target: number) {
    this.server = createServer((inner) => {
      const outer = connect(target, "127.0.0.1");
      this.carry({ way: "forth", from: inner, to: outer });
      this.carry({ way: "back", from: outer, to: inner });
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return (this.server.address() as AddressInfo).port;
  }

  /** Open connections, those included whose end is held back by silence. */
  get connections(): number {
    return this.flows.size / 2;
  }

  /** Resets every connection on both sides; what is on its way is lost. */
  cut(): void {
    for (const { from } of this.flows) from.resetAndDestroy();
  }

  /** Resets the far side of every connection. The near side does not hear of it, and nothing else either, until the silence ends. */
  cutFarSide(): void {
    this.fallSilent("forth", "back");
    for (const { way, from } of this.flows) if (way === "back") from.resetAndDestroy();
  }

  /** Holds back everything in these directions, the end of a connection included, until they are opened again. */
  fallSilent(...ways: Way[]): void {
    this.silent = ways;
    for (const flow of this.flows) this.adjust(flow);
  }

  stop(): void {
    this.server.close();
    this.fallSilent();
    this.cut();
  }

  private carry(flow: Flow): void {
    this.flows.add(flow);
    flow.from.on("error", () => {}); // `close` follows.
    flow.from.on("close", () => this.adjust(flow));
    this.adjust(flow);
  }

  private adjust(flow: Flow): void {
    const { way, from, to } = flow;
    from.unpipe(to);
    if (this.silent.includes(way)) return;
    if (!from.destroyed) return void from.pipe(to);
    to.destroy();
    this.flows.delete(flow);
  }
}

/** Several wires as one, such as those of an agent to each of its edges. */
export class Wires {
  readonly #wires: readonly Wire[];

  constructor(wires: readonly Wire[]) {
    this.#wires = wires;
  }

  get connections(): number {
    return this.#wires.reduce((sum, { connections }) => sum + connections, 0);
  }

  cut(): void {
    for (const wire of this.#wires) wire.cut();
  }

  cutFarSide(): void {
    for (const wire of this.#wires) wire.cutFarSide();
  }

  fallSilent(...ways: Way[]): void {
    for (const wire of this.#wires) wire.fallSilent(...ways);
  }

  stop(): void {
    for (const wire of this.#wires) wire.stop();
  }
}
