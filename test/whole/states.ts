import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import type { LocalRun } from "../../scripts/local-run.ts";
import { localDomain } from "../../src/settings/local-domain.ts";

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A settings file for the state folder of a local run, in a folder of its own. */
export function settingsOf(state: string, database?: string): string {
  const file = join(newFolder(), "edge.json");
  const { publicKey } = agentKey(join(state, "agent"));
  const domains = { local: localDomain({ agents: [{ name: "agent-1", publicKey }] }) };
  const own = database ? { state: database, name: "edge-1", url: "http://127.0.0.1:8787" } : { state };
  writeFileSync(file, JSON.stringify({ ...own, domains }));
  return file;
}

export async function viewOf(run: LocalRun, confKey: string) {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  const answer = await fetch(`${run.edgeUrl}/api/v1/domains/local/conferences/${confKey}`, { headers });
  return { status: answer.status, view: (await answer.json()) as Record<string, unknown> };
}
