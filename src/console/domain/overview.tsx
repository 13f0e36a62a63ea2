import { counted } from "../../foundation/text/counted.ts";
import type { Fault, FoundBridge } from "../../operators/faults.ts";
import type { BridgeLoad, DomainActivity, RunningPage } from "../../rpc/directory.ts";
import type { Topics } from "../conference/topic.tsx";
import { type Frame, Page } from "../page.tsx";
import { Age, Mark, Time, Words } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { ConferenceTable, troubleWords } from "./conferences.tsx";
import { hourOf, MinuteTable, Plot } from "./plot.tsx";

interface OverviewProps extends Frame {
  readonly domain: string;
  /** All that run; its own page is that of the troubled ones. */
  readonly running: RunningPage;
  /** As the domain's WebEx site called them, as far as that is known. */
  readonly topics?: Topics;
  readonly bridges: readonly FoundBridge[];
  readonly faults: readonly Fault[];
  readonly activity: DomainActivity;
}

/** A domain at a glance: how much there is, what is wrong, and how much room is left. */
export function OverviewPage({ running, topics, bridges, faults, activity, ...frame }: OverviewProps) {
  const { domain, now } = frame;
  const sum = (count: (load: BridgeLoad) => number) =>
    running.bridges.reduce((before, load) => before + count(load), 0);
  const hour = hourOf(activity.minutes, now);
  const isCalm = faults.length === 0 && running.conferences.length === 0;
  return (
    <Page {...frame} title="Overview">
      <dl class="figures" id="figures" data-part="">
        <Figure says="Conferences now" value={running.total} />
        <Figure says="Callers now" value={sum(({ callers }) => callers)} />
        <Figure
          says="Ports in use"
          value={bridges.reduce((before, { health }) => before + (health?.portsInUse ?? 0), 0)}
        />
        <Figure says="Ports free" value={freePorts(bridges)} />
      </dl>
      <section id="wrong" data-part="" class="part">
        <h2>What is wrong</h2>
        <Announced running={running} faults={faults} />
        {isCalm && (
          <p>
            <Mark is="good">nothing</Mark> Bridges answer, and WebEx confirms.
          </p>
        )}
        {faults.length > 0 && (
          <ul class="part">
            {faults.map((fault) => (
              <FaultLine fault={fault} now={now} />
            ))}
          </ul>
        )}
        {running.conferences.length > 0 && (
          <ConferenceTable domain={domain} conferences={running.conferences} topics={topics} now={now} />
        )}
        {running.next !== null && <p class="dim">There are more conferences with trouble than these.</p>}
      </section>
      <section id="bridges" data-part="" class="part">
        <h2>Bridges</h2>
        <div class="cards">
          {bridges.map((found) => (
            <BridgeCard
              found={found}
              load={running.bridges.find(({ bridge }) => bridge === found.bridge)}
              domain={domain}
            />
          ))}
        </div>
      </section>
      <section id="posts" data-part="" class="part">
        <div class="line">
          <h2>To and from WebEx in the last hour</h2>
          <a class="end" href={pathOf(domain, "hosts")}>
            Posts by WebEx host
          </a>
        </div>
        <div class="plots">
          <Plot title="Requests confirmed" hour={hour} is="good" count={({ requests }) => requests.confirmed} />
          <Plot title="Requests refused" hour={hour} is="bad" count={({ requests }) => requests.refused} />
          <Plot title="Posts confirmed" hour={hour} is="good" count={({ confirmed }) => confirmed} />
          <Plot
            title="Failed posts, and documents given up"
            hour={hour}
            is="bad"
            count={({ failed, givenUp }) => failed + givenUp}
          />
        </div>
        <MinuteTable hour={hour} />
      </section>
    </Page>
  );
}

function Figure({ says, value }: { readonly says: string; readonly value: number | string }) {
  return (
    <div>
      <dt>{says}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const faultWords: Readonly<Record<Fault["kind"], string>> = {
  disk: "The edge cannot write to its disk",
  "relay-unreachable": "The relay does not answer",
  "no-agent": "No agent is connected",
  "bridge-away": "The bridge is away",
  "bridge-ends": "The bridge is about to end",
  "bridge-drained": "The bridge is drained",
  "posts-wait": "Documents wait for WebEx, or for the back end",
  "webhook-fails": "A receiver takes no webhooks",
};

/** What is wrong, for screen readers, which tell what is new in it: without ages and counts, which change all the time. */
function Announced({ running, faults }: Pick<OverviewProps, "running" | "faults">) {
  const says = [
    ...faults.map(({ kind, bridge }) => `${faultWords[kind]}${bridge === null ? "" : `: ${bridge}`}.`),
    ...running.conferences.flatMap(({ key, now }) =>
      (now?.trouble ?? []).map((trouble) => `Conference ${key}: ${troubleWords[trouble]}.`),
    ),
  ];
  return (
    <div class="unseen" id="announced" role="status" aria-label="What is wrong" aria-atomic="false">
      {says.length === 0 && <span id="said-nothing">Nothing is wrong.</span>}
      {says.map((text, index) => (
        <span id={idOfSaid(text, says.slice(0, index))}>{text} </span>
      ))}
    </div>
  );
}

/** By which the browser knows a sentence again, wherever it stands then. */
function idOfSaid(text: string, before: readonly string[]): string {
  const times = before.filter((one) => one === text).length;
  return `said-${text.replaceAll(/[^A-Za-z0-9]+/g, "-")}${times}`;
}

/** A sentence of what is wrong, and since when. */
export function FaultLine({ fault: { kind, says, since }, now }: { readonly fault: Fault; readonly now: number }) {
  // A drain is what somebody wanted.
  return (
    <li class={`notice ${kind === "bridge-drained" ? "warn" : "bad"}`}>
      <Words of={says} />
      {since !== null && (
        <span>
          {" "}
          Since <Time at={since} now={now} /> (<Age since={since} now={now} />
          ).
        </span>
      )}
    </li>
  );
}

interface CardProps {
  readonly found: FoundBridge;
  readonly load: BridgeLoad | undefined;
  readonly domain: string;
}

function BridgeCard({ found: { bridge, health }, load, domain }: CardProps) {
  return (
    <article class="card" id={`bridge-${bridge}`} data-row="">
      <div class="line">
        <h3>
          <a href={`${pathOf(domain, "bridges")}#bridge-${bridge}`}>{bridge}</a>
        </h3>
        <span class="end">
          <BridgeMark health={health} />
        </span>
      </div>
      {hasPorts(health) && <Ports inUse={health.portsInUse} of={health.ports} />}
      <p class="dim">{loadText(load)}</p>
    </article>
  );
}

/** In a word how a bridge is. */
export function BridgeMark({ health }: Pick<FoundBridge, "health">) {
  if (!health) return <Mark is="bad">relay does not answer</Mark>;
  if (!health.agentConnected) return <Mark is="bad">no agent</Mark>;
  if (!health.bridgeUp) return <Mark is="bad">bridge away</Mark>;
  if (health.ports === 0) return <Mark is="warn">takes no calls</Mark>;
  return health.drainedSince === undefined ? <Mark is="good">answers</Mark> : <Mark is="warn">drained</Mark>;
}

/** What a bridge carries. */
export function loadText(load: BridgeLoad | undefined): string {
  return `${counted(load?.conferences ?? 0, "conference")}, ${counted(load?.callers ?? 0, "caller")}`;
}

/** Of a bridge that is away, nobody knows how full it is. */
export function hasPorts(health: FoundBridge["health"]): health is NonNullable<FoundBridge["health"]> {
  return health?.agentConnected === true && health.bridgeUp;
}

/** How full a bridge is. */
export function Ports({ inUse, of }: { readonly inUse: number; readonly of: number | null }) {
  if (of === null) return <p>{`${counted(inUse, "port")} in use, without a limit`}</p>;
  const free = Math.max(0, of - inUse);
  return (
    <div>
      <meter
        aria-label="Ports in use"
        min={0}
        max={Math.max(of, 1)}
        low={of * 0.7}
        high={of * 0.9}
        optimum={0}
        value={inUse}
      />
      <p>{`${inUse} of ${of} ports in use, ${free} free`}</p>
    </div>
  );
}

function freePorts(bridges: readonly FoundBridge[]): number | string {
  const ports = bridges.flatMap(({ health }) => (hasPorts(health) ? health : []));
  if (ports.some((health) => health.ports === null)) return "no limit";
  return ports.reduce((sum, health) => sum + Math.max(0, (health.ports ?? 0) - health.portsInUse), 0);
}
