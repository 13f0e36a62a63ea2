import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadDomains } from "../src/settings/load.ts";
import { localDomain, mergeSettings } from "../src/settings/local-domain.ts";
import { prepareEdge } from "./edge.ts";
import { localOverrides, operatorToken, portFrom, requireFreePort, stateFolder } from "./local-settings.ts";
import { Part, runUntilStopped, StartError, startGuard, tell } from "./supervise.ts";

await runUntilStopped(serve);

/** Serves the edge alone, on plain workerd (`npm run serve`): for a telco that may not use a public cloud. */
async function serve(): Promise<() => Promise<void>> {
  const port = portFrom("PORT", 8787);
  const host = process.env.HOST || "127.0.0.1";
  const domains = domainsFrom(process.env.DOMAINS);
  await requireFreePort("PORT", port, host);
  const folder = stateFolder();
  const { token, from } = operatorToken(folder);
  const launch = await prepareEdge({
    folder: join(folder, "edge"),
    host,
    port,
    variables: { DOMAINS: domains, OPERATOR_TOKEN: token },
  });
  mkdirSync(join(folder, "logs"), { recursive: true });
  const guard = startGuard();
  const edge = new Part({
    name: "edge",
    launch,
    logFile: join(folder, "logs", "edge.log"),
    onStart: (pid) => guard.watch([pid]),
  });
  edge.start();
  tell("token", `the operator's bearer token is in ${from}`);
  tell("edge", `serves http://${host}:${port}`);
  return async () => {
    await edge.stop(500);
    guard.watch([]);
  };
}

/** DOMAINS as it is, or else the domain `local`, whose bridges with their agents' keys DOMAIN_LOCAL must name. */
function domainsFrom(given: string | undefined): string {
  const domains = given || JSON.stringify({ local: mergeSettings(localDomain({ agents: [] }), localOverrides()) });
  const checked = loadDomains(domains);
  if (checked.ok) return domains;
  throw new StartError(
    given
      ? checked.error
      : `${checked.error.replaceAll("DOMAINS.local", "DOMAIN_LOCAL")} (or set DOMAINS to all domains, as JSON)`,
  );
}
