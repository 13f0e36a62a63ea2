import { counted } from "../../foundation/text/counted.ts";
import type { Answers } from "../../http/api/routes.ts";
import type { Alert } from "../../operators/alert-kinds.ts";
import { activeOf, agentsOf, bridgeAgents, bridgeState } from "../../views/bridges.ts";
import { Page } from "../page.tsx";
import { List, Mark, Question, useFrame } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { AlertLine } from "./alerts.tsx";
import { loadText } from "./lists.tsx";

type BridgesAnswer = Answers["GET /domains/{domain}/agents"];
type ShownBridge = BridgesAnswer["bridges"][number];

interface BridgesProps extends Pick<BridgesAnswer, "bridges"> {
  readonly alerts: readonly Alert[];
}

/** The bridges of a domain and their agents. */
export function BridgesPage({ bridges, alerts }: BridgesProps) {
  const { person } = useFrame();
  return (
    <Page title="Bridges" here="bridges">
      <div id="answer" role="status" aria-label="Answer" />
      {bridges.map((bridge) => (
        <section class="card" id={`bridge-${bridge.bridge}`}>
          <div class="line">
            <h2>{bridge.bridge}</h2>
            <BridgeMark of={bridge} />
          </div>
          <ul class="part">
            {alerts
              .filter((one) => one.bridge === bridge.bridge)
              .map((one) => (
                <AlertLine alert={one} isOnBridges />
              ))}
          </ul>
          <BridgeLoad of={bridge} />
          <List view={bridgeAgents} rows={agentsOf(bridge)} />
          <Lacks of={bridge} />
          {person.role === "operator" && <BridgeActions of={bridge} />}
        </section>
      ))}
    </Page>
  );
}

function Lacks({ of: { agents } }: { readonly of: ShownBridge }) {
  const cannot = [...new Set(agents?.flatMap(({ health }) => health?.cannot ?? []))];
  if (cannot.length === 0) return null;
  return <p class="dim">{`This bridge cannot do: ${cannot.join(", ")}. WebEx gets the answer "not supported".`}</p>;
}

export function BridgeMark({ of }: { readonly of: ShownBridge }) {
  const { text, tone = "plain" } = bridgeState(of);
  return <Mark is={tone === "dim" ? "plain" : tone}>{text}</Mark>;
}

/** Ports and load of a bridge. */
export function BridgeLoad({ of: bridge }: { readonly of: ShownBridge }) {
  const health = activeOf(bridge)?.health;
  const inUse = health?.portsInUse ?? null;
  const ports = health?.ports ?? null;
  return (
    <>
      {inUse !== null && ports !== null && (
        <meter
          aria-label="Ports in use"
          min={0}
          max={Math.max(ports, 1)}
          low={ports * 0.7}
          high={ports * 0.9}
          optimum={0}
          value={inUse}
        />
      )}
      <p>
        {inUse === null
          ? "Ports in use: not known"
          : ports === null
            ? `${counted(inUse, "port")} in use, no limit`
            : `${inUse} of ${counted(ports, "port")} in use, ${Math.max(0, ports - inUse)} free`}
      </p>
      <p class="dim">{bridge.load ? loadText([bridge.load]) : "Conferences: not known"}</p>
    </>
  );
}

/** Planned work on the bridge. */
function BridgeActions({ of }: { readonly of: ShownBridge }) {
  const { domain } = useFrame();
  const { bridge, agents, drainedSince } = of;
  const active = activeOf(of);
  const standby = agents?.find(({ role, health }) => role === "standby" && health?.bridgeUp);
  const button = (what: string, title: string, from?: string) => (
    <form method="post" action={pathOf(domain, "bridges", bridge, what)} data-stay="">
      {from !== undefined && <input type="hidden" name="from" value={from} />}
      <button type="submit">{title}</button>
    </form>
  );
  if (agents === null) return null;
  const others = `New ones go to other bridges of ${domain}; without one, WebEx gets the answer that there is no room.`;
  return (
    <div class="actions whole">
      {drainedSince === null ? (
        <Question
          id={`drain-${bridge}`}
          title="Drain"
          asks={`Stop new conferences on ${bridge}? Running ones continue. ${others}`}
        >
          {button("drain", "Stop new conferences")}
        </Question>
      ) : (
        button("undrain", "Resume: accept new conferences")
      )}
      {active && standby && (
        <Question
          id={`hand-over-${bridge}`}
          title="Hand over"
          asks={
            <>
              Make <bdi>{standby.agent}</bdi> active instead of <bdi>{active.agent}</bdi>? Calls are not interrupted.{" "}
              <bdi>{active.agent}</bdi> becomes the standby.
            </>
          }
        >
          {button("hand-over", "Hand over now", active.agent)}
        </Question>
      )}
    </div>
  );
}
