import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mergeSettings } from "../../src/settings/local-domain.ts";
import { BridgeControl } from "../../test/kit/bridge-control.ts";
import { LocalRun, type LocalRunOptions } from "../local-run.ts";
import type { FlowBridge } from "./telephones.ts";

type BridgeOf = (run: LocalRun) => FlowBridge | Promise<FlowBridge>;

/** The real processes that flows are played against, and the partner's server, which gets the data of clients. */
export class FlowSystem {
  readonly run: LocalRun;
  readonly bridge: FlowBridge;
  onClientData: (body: string) => void = () => {};
  readonly #backEnd: Server;

  private constructor(run: LocalRun, bridge: FlowBridge, backEnd: Server) {
    this.run = run;
    this.bridge = bridge;
    this.#backEnd = backEnd;
    backEnd.on("request", async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.end();
      this.onClientData(body);
    });
  }

  /** Starts with the settings of the flow, and gives a TSP server that is gone up quickly. `bridgeOf`: the bridge of the run, and its telephones. */
  static async start(
    settings: object,
    options: LocalRunOptions = {},
    bridgeOf: BridgeOf = ({ bridgeUrl }) => new BridgeControl(bridgeUrl),
  ): Promise<FlowSystem> {
    const backEnd = createServer();
    await new Promise<void>((listening) => backEnd.listen(0, "127.0.0.1", listening));
    const passthroughUrl = `http://127.0.0.1:${(backEnd.address() as AddressInfo).port}/passthrough`;
    const usual = { webex: { retryDelaysMs: [0, 200] }, passthroughUrl };
    let run: LocalRun | undefined;
    try {
      run = await LocalRun.start({ ...options, domain: mergeSettings(usual, settings) });
      return new FlowSystem(run, await bridgeOf(run), backEnd);
    } catch (error) {
      backEnd.close();
      await run?.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#backEnd.close();
    this.#backEnd.closeAllConnections();
    await this.bridge.stop?.();
    await this.run.stop();
  }
}
