import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mergeSettings } from "../../src/settings/local-domain.ts";
import { BridgeControl } from "../bridge-control.ts";
import { LocalRun } from "../local-run.ts";
import { AsteriskFlowBridge } from "./asterisk-flow-bridge.ts";
import type { FlowBridge } from "./flow-bridge.ts";

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

  /** Starts with the settings of the flow, and gives a TSP server that is gone up quickly. With `sipp`: on a real Asterisk, with its telephones. */
  static async start(settings: object, sipp: string | null = null): Promise<FlowSystem> {
    const backEnd = createServer();
    await new Promise<void>((listening) => backEnd.listen(0, "127.0.0.1", listening));
    const passthroughUrl = `http://127.0.0.1:${(backEnd.address() as AddressInfo).port}/passthrough`;
    const usual = { webex: { retryDelaysMs: [0, 200] }, passthroughUrl };
    let run: LocalRun | undefined;
    try {
      run = await LocalRun.start({
        domain: mergeSettings(usual, settings),
        ...(sipp !== null && { bridge: "asterisk" }),
      });
      const bridge = sipp === null ? new BridgeControl(run.bridgeUrl) : await AsteriskFlowBridge.start(run, sipp);
      return new FlowSystem(run, bridge, backEnd);
    } catch (error) {
      backEnd.close();
      await run?.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#backEnd.close();
    this.#backEnd.closeAllConnections();
    if (this.bridge instanceof AsteriskFlowBridge) await this.bridge.stop();
    await this.run.stop();
  }
}
