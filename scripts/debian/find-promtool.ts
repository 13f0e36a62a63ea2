import type { Result } from "../../src/foundation/result.ts";
import { findTool, type Tool } from "./find-tool.ts";

/** Prometheus' checker of metrics, alerts and rules. `PROMTOOL` names one. */
export function findPromtool(): Promise<Result<Tool, string>> {
  return findTool({ name: "promtool", what: "promtool", installedAs: ["promtool"], variable: "PROMTOOL" });
}
