import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mergeSettings } from "../../src/settings/local-domain.ts";
import { LocalRun } from "../local-run.ts";

/** The real processes that flows are played against, and the partner's server, which gets the data of clients. */
export class FlowSystem {
  readonly run: LocalRun;
  onClientData: (body: string) => void = () => {};
  readonly #backEnd: Server;

  private constructor(run: LocalRun, backEnd: Server) {
    this.run = run;
    this.#backEnd = backEnd;
    backEnd.on("request", async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.end();
      this.onClientData(body);
    });
  }

  /** Starts with the settings of the flow, and gives a TSP server that is gone up quickly. */
  static async start(settings: object): Promise<FlowSystem> {
    const backEnd = createServer();
    await new Promise<void>((listening) => backEnd.listen(0, "127.0.0.1", listening));
    const passthroughUrl = `http://127.0.0.1:${(backEnd.address() as AddressInfo).port}/passthrough`;
    const usual = { webex: { retryDelaysMs: [0, 200] }, passthroughUrl };
    return new FlowSystem(await LocalRun.start({ domain: mergeSettings(usual, settings) }), backEnd);
  }

  async stop(): Promise<void> {
    this.#backEnd.close();
    this.#backEnd.closeAllConnections();
    await this.run.stop();
  }
}
