import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The partner's own server, which is posted the data of clients. */
export class BackEnd {
  onPost: (body: string) => void = () => {};
  private readonly server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end();
    this.onPost(body);
  });

  /** Resolves to its address. */
  async start(): Promise<string> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/passthrough`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
