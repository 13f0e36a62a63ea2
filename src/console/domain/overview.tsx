import type { PairView } from "../../operators/edge-pair.ts";
import { type Figure, type Figures, figuresOf, figureText, noLimit, sumOfLoads } from "../../operators/figures.ts";
import type { FoundBridge } from "../../operators/trouble.ts";
import type { DomainTrouble, TroubleKind } from "../../operators/trouble-kinds.ts";
import type { BridgeLoad, DomainActivity, RunningPage } from "../../rpc/directory.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Facts, Mark } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { Edges } from "./edges.tsx";
import { hourOf, MinuteTable, Plots } from "./plot.tsx";
import { TroublePart } from "./trouble.tsx";

interface OverviewProps extends DomainFrame {
  /** All that run; its own page is that of the troubled ones. `null`: the directory does not answer. */
  readonly running: RunningPage | null;
  readonly figures: Figures;
  readonly bridges: readonly FoundBridge[];
  readonly trouble: readonly DomainTrouble[];
  /** Kinds of trouble of which there may be more. */
  readonly unknown: readonly TroubleKind[];
  /** `null` as before. */
  readonly activity: DomainActivity | null;
  /** Absent: this edge shares its state with no other one; `null`: it is not known. */
  readonly edges?: PairView | null;
}

const shown = ["conferences", "callers", "portsInUse", "portsFree", "documentsWaiting", "documentsGivenUp"] as const;

/** A domain at a glance: how much there is, what is wrong, and how much room is left. */
export function OverviewPage({
  running,
  figures,
  bridges,
  trouble,
  unknown,
  activity,
  edges,
  ...frame
}: OverviewProps) {
  const { domain } = frame;
  const hour = activity && hourOf(activity.minutes, frame.now);
  return (
    <Page {...frame} title="Overview">
      <Facts id="figures" kind="figures" of={figureFacts(shown.map((name) => figures[name]))} />
      <section id="wrong" class="part">
        <h2>What is wrong</h2>
        <TroublePart {...{ running, trouble, unknown, domain, person: frame.person, now: frame.now }} />
      </section>
      <section id="bridges" class="part">
        <h2>Bridges</h2>
        <div class="cards">
          {bridges.map((found) => (
            <BridgeCard found={found} load={loadOf(running, found.bridge)} domain={domain} />
          ))}
        </div>
      </section>
      <section id="posts" class="part">
        <div class="line">
          <h2>To and from WebEx in the last hour</h2>
          <a class="end" href={pathOf(domain, "servers")}>
            Posts by TSP server
          </a>
        </div>
        {hour ? (
          <>
            <Plots hour={hour} />
            <MinuteTable hour={hour} />
          </>
        ) : (
          <p class="dim">It is not known: the directory does not answer.</p>
        )}
      </section>
      {edges !== undefined && (
        <section id="edges" class="part">
          <h2>Edges</h2>
          <Edges view={edges} now={frame.now} />
        </section>
      )}
    </Page>
  );
}

interface CardProps {
  readonly found: FoundBridge;
  readonly load: BridgeLoad | null;
  readonly domain: string;
}

function BridgeCard({ found: { bridge, health }, load, domain }: CardProps) {
  return (
    <article class="card" id={`bridge-${bridge}`}>
      <div class="line">
        <h3>
          <a href={`${pathOf(domain, "bridges")}#bridge-${bridge}`}>{bridge}</a>
        </h3>
        <span class="end">
          <BridgeMark health={health} />
        </span>
      </div>
      <BridgeFigures bridge={bridge} health={health} load={load} />
    </article>
  );
}

/** In a word how a bridge is. */
export function BridgeMark({ health }: Pick<FoundBridge, "health">) {
  if (!health) return <Mark is="bad">relay does not answer</Mark>;
  if (!health.agentConnected) return <Mark is="bad">no agent</Mark>;
  if (!health.bridgeUp && health.awaySince === undefined) return <Mark is="warn">its agent has not said</Mark>;
  if (!health.bridgeUp) return <Mark is="bad">bridge away</Mark>;
  if (health.ports === 0) return <Mark is="warn">takes no calls</Mark>;
  return health.drainedSince === undefined ? <Mark is="good">answers</Mark> : <Mark is="warn">drained</Mark>;
}

interface BridgeFiguresProps extends Pick<FoundBridge, "bridge" | "health"> {
  /** `null`: the directory does not answer. */
  readonly load: BridgeLoad | null;
}

/** How full a bridge is, and what it carries. */
export function BridgeFigures({ bridge, health, load }: BridgeFiguresProps) {
  const source = { conferences: load && sumOfLoads([load]), bridges: [{ bridge, health }] };
  const { ports, portsInUse, portsFree, conferences, callers } = figuresOf(source);
  const [inUse, most] = [Number(portsInUse.value), Number(ports.value)];
  const portsText =
    portsInUse.value === null
      ? "Ports in use: not known"
      : ports.value === noLimit
        ? `${figureText(portsInUse, "port")} in use, without a limit`
        : `${figureText(portsInUse)} of ${figureText(ports, "port")} in use, ${figureText(portsFree)} free`;
  return (
    <>
      {portsInUse.value !== null && ports.value !== noLimit && (
        <meter
          aria-label="Ports in use"
          min={0}
          max={Math.max(most, 1)}
          low={most * 0.7}
          high={most * 0.9}
          optimum={0}
          value={inUse}
        />
      )}
      <p>{portsText}</p>
      <p class="dim">{`${figureText(conferences, "conference")}, ${figureText(callers, "caller")}`}</p>
    </>
  );
}

/** What a bridge carries, as the directory said. */
export function loadOf(running: RunningPage | null, bridge: string): BridgeLoad | null {
  return running && (running.bridges.find((load) => load.bridge === bridge) ?? noLoad);
}

const noLoad: BridgeLoad = { bridge: null, conferences: 0, callers: 0 };

/** Figures by their words. */
function figureFacts(figures: readonly Figure[]): Readonly<Record<string, string>> {
  return Object.fromEntries(figures.map((figure) => [figure.word, figureText(figure)]));
}
