import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A wire that can be cut: passes TCP connections on to a port of this machine. */
export class CutProxy {
  /** Where connections go; set before the first one comes. */
  target = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor() {
    this.server = createServer((inner) => {
      const outer = connect(this.target, "127.0.0.1");
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.sockets.add(one);
        one.on("error", () => {}); // `close` follows.
        one.on("close", () => {
          this.sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return (this.server.address() as AddressInfo).port;
  }

  /** Whatever was under way is lost, on both sides at once. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  stop(): void {
    this.server.close();
    this.cut();
  }
}
