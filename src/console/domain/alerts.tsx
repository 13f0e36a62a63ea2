import type { Answers } from "../../http/api/routes.ts";
import { type Alert, type AlertKind, isOpen, shellWord } from "../../operators/alert-kinds.ts";
import { alertWords, runningConferences } from "../../views/conferences.ts";
import { places } from "../page.tsx";
import { Age, Field, List, Mark, Time, useFrame, Words } from "../parts.tsx";
import { pathOf } from "../paths.ts";

interface AlertsProps {
  readonly alerts: readonly Alert[];
  /** Affected conferences; `null`: the directory does not answer. */
  readonly running: Answers["POST /domains/{domain}/running-conferences"] | null;
}

/** The alerts of a domain: conditions, incidents, and affected conferences. */
export function Alerts({ alerts, running }: AlertsProps) {
  const { incomplete } = useFrame();
  const conferences = running?.conferences ?? [];
  const open = alerts.filter(isOpen);
  const isKnown = running !== null && incomplete.length === 0;
  const list = (title: string, type: Alert["type"]) => {
    const shown = alerts.filter((alert) => alert.type === type);
    return (
      shown.length > 0 && (
        <>
          <h3>{title}</h3>
          <ul class="part">
            {shown.map((alert) => (
              <AlertLine alert={alert} />
            ))}
          </ul>
        </>
      )
    );
  };
  return (
    <>
      <Announced conferences={conferences} open={open} isCalm={isKnown && alerts.length === 0} />
      {running === null && <p class="dim">Affected conferences are not known.</p>}
      {isKnown && open.length + conferences.length === 0 && (
        <p>
          <Mark is={alerts.length === 0 ? "good" : "plain"}>{alerts.length === 0 ? "No alerts" : "No new alerts"}</Mark>
        </p>
      )}
      {list("Now", "condition")}
      {list("Happened", "incident")}
      {conferences.length > 0 && (
        <>
          <h3>Affected conferences</h3>
          <List view={runningConferences} rows={conferences} />
        </>
      )}
      {running && running.next !== null && <p class="dim">There are more affected conferences than these.</p>}
    </>
  );
}

interface LineProps {
  readonly alert: Alert;
  /** Hidden on the page that acknowledges it. */
  readonly isOnBridges?: boolean;
}

/** The page with details, unless it is that of its bridge. */
const pages: Readonly<Partial<Record<AlertKind, keyof typeof places | "prompt-calls">>> = {
  "documents-pending": "servers",
  undelivered: "servers",
  "commands-late": "conferences",
  "conferences-unreachable": "conferences",
  "caller-refused": "prompt-calls",
};

export function AlertLine({ alert, isOnBridges = false }: LineProps) {
  const { domain, person } = useFrame();
  const { id, kind, bridge, about, severity, title, says, todo, since, latest, seen } = alert;
  const taken = !isOpen(alert);
  const where = isOnBridges || alert.domain === null ? null : (pages[kind] ?? (bridge === null ? null : "bridges"));
  return (
    <li id={`alert-${id}`} class={`alert ${taken ? "taken" : severity}`}>
      <p class="line">
        <Mark is={taken ? "plain" : severity === "warn" ? "warn" : "bad"}>{title}</Mark>
        <span class="dim small">
          {since !== null && ["since ", <Time at={since} />, " (", <Age since={since} />, ")"]}
          {latest !== null && latest !== since && [" last ", <Time at={latest} />]}
        </span>
        {where && (
          <a class="end small" href={pathOf(domain, where)}>
            {where === "prompt-calls" ? "Calls in the prompt" : places[where]}
          </a>
        )}
      </p>
      <p>
        <Words of={says} />
      </p>
      {seen && (
        <p>
          Seen by <bdi>{seen.by}</bdi> at <Time at={seen.at} />: <bdi>{seen.note}</bdi>
        </p>
      )}
      {!taken && (
        <p class="dim">
          <Words of={todo.text} />
          {todo.command && [" ", <code>{["bridgehead", ...todo.command.map(shellWord)].join(" ")}</code>]}
        </p>
      )}
      {kind === "caller-refused" && about !== null && (
        <form class="inline" method="post" action={pathOf(domain, "find")}>
          <input type="hidden" name="find" value={about} />
          <button type="submit">What the caller entered</button>
        </form>
      )}
      {!isOnBridges && !taken && person.role === "operator" && <Acknowledge alert={alert} />}
    </li>
  );
}

function Acknowledge({ alert: { id, sequence, since } }: { readonly alert: Alert }) {
  return (
    <details id={`acknowledge-${id}`} data-asks="">
      <summary>Acknowledge …</summary>
      <form class="inline" method="post" action={pathOf(useFrame().domain, "alerts", id)} data-stay="">
        <input type="hidden" name="upTo" value={String(sequence ?? since ?? "")} />
        <Field label="What do you do about it?" name="note" id={`note-${id}`} value="" maxlength={500} />
        <button type="submit">Acknowledge</button>
      </form>
    </details>
  );
}

interface AnnouncedProps extends Pick<NonNullable<AlertsProps["running"]>, "conferences"> {
  readonly isCalm: boolean;
  readonly open: readonly Alert[];
}

/** The alerts for screen readers, which read out changes: without ages and counts, which change often. */
function Announced({ conferences, isCalm, open }: AnnouncedProps) {
  const ofConferences = conferences.flatMap(({ key, now }) =>
    now.alerts.map((alert) => ({ id: `${alert}-${key}`, says: `Conference ${key}: ${alertWords[alert]}` })),
  );
  const said = open.map(({ id, title, bridge, about }) => {
    return { id, says: [title, bridge, about].filter((part) => part !== null).join(": ") };
  });
  return (
    <div class="unseen" id="announced" role="status" aria-label="Alerts" aria-atomic="false">
      {isCalm && said.length + ofConferences.length === 0 && <span id="said-nothing">No alerts.</span>}
      {[...said, ...ofConferences].map(({ id, says }) => (
        <span id={`said-${id}`}>{`${says}. `}</span>
      ))}
    </div>
  );
}
