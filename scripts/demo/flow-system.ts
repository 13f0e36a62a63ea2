import { mergeSettings } from "../../src/settings/local-domain.ts";
import { LocalRun } from "../local-run.ts";
import { BackEnd } from "./back-end.ts";
import type { FlowSystem } from "./flow-stage.ts";

export interface StartedFlowSystem extends FlowSystem {
  stop(): Promise<number>;
}

/** The real processes, with the settings that a flow asks for. A TSP server that is gone is given up on quickly. */
export async function startFlowSystem(settings: object): Promise<StartedFlowSystem> {
  const backEnd = new BackEnd();
  const usual = { webex: { retryDelaysMs: [0, 200] }, passthroughUrl: await backEnd.start() };
  const run = await LocalRun.start({ domain: mergeSettings(usual, settings) });
  return {
    edgeUrl: run.edgeUrl,
    adapterUrl: run.adapterUrl,
    bridgeUrl: run.bridgeUrl,
    agentUrl: run.agentUrl,
    token: run.operatorToken(),
    backEnd,
    stop() {
      backEnd.stop();
      return run.stop();
    },
  };
}
