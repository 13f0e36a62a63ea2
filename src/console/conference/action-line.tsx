import type { Child } from "hono/jsx";
import { operatorActions, requestTitle } from "../../conference/operator-actions.ts";
import type { EpochMs } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import type { ActionResult, ActionStages, NotificationStage } from "../../rpc/action-stages.ts";
import { Time } from "../parts.tsx";

interface ActionLineProps {
  readonly stages: ActionStages;
  readonly now: EpochMs;
}

type StageState = "done" | "failed" | "waits" | "none";

/** An action on its way: asked, on disk, sent, done on the bridge, told to WebEx, each with its time. */
export function ActionLine({ stages, now }: ActionLineProps) {
  const { person, request, asked, onDisk, sent, result, told } = stages;
  const [first] = sent;
  return (
    <div class="action">
      <p>
        <b>{requestTitle(request)}</b>, asked by {person} at <Time at={asked} now={now} />
      </p>
      <ol class="stages">
        <Stage is="done" title="Asked">
          <Time at={asked} now={now} />
        </Stage>
        <Stage is="done" title="On disk">
          <After at={onDisk.at} since={asked} />
        </Stage>
        {first ? (
          <Stage is="done" title={sent.length === 1 ? "Sent" : `${sent.length} commands sent`}>
            <After at={first.at} since={asked} />
          </Stage>
        ) : (
          <Stage is={result ? "none" : "waits"} title="Sent">
            {result ? "nothing to send" : "not yet"}
          </Stage>
        )}
        {operatorActions[request.type].needs === null ? (
          <Stage is="none" title="Done on the bridge">
            it has no part in this
          </Stage>
        ) : (
          <Stage is={stateOfResult(result)} title="Done on the bridge">
            {resultText(result, sent.length > 0, asked)}
          </Stage>
        )}
        <Stage is={stateOfNotification(told, result)} title="Told to WebEx">
          {notificationText(told, result, asked)}
        </Stage>
      </ol>
    </div>
  );
}

interface StageProps {
  readonly is: StageState;
  readonly title: string;
  readonly children?: Child;
}

const stateWords: Readonly<Record<StageState, string>> = {
  done: "done",
  failed: "failed",
  waits: "waits",
  none: "not needed",
};

function Stage({ is, title, children }: StageProps) {
  return (
    // A stage that changes is read with its name, and without the others.
    <li class={is} aria-atomic="true">
      <span class="dot" role="img" aria-label={stateWords[is]} />
      <b>{title}</b>
      <span class="dim">{children}</span>
    </li>
  );
}

function After({ at, since }: { readonly at: EpochMs; readonly since: EpochMs }) {
  return <time datetime={new Date(at).toISOString()}>{afterText(at - since)}</time>;
}

function afterText(ms: number): string {
  return ms < 1_000 ? `after ${ms} ms` : `after ${(ms / 1_000).toFixed(1)} s`;
}

function stateOfResult(result: ActionResult | null): StageState {
  if (result === null) return "waits";
  return result.type === "done" ? "done" : "failed";
}

function resultText(result: ActionResult | null, wasSent: boolean, asked: EpochMs): Child {
  if (result === null) return "not yet";
  if (result.type === "done") return wasSent ? <After at={result.at} since={asked} /> : "it is so already";
  return `${result.type === "refused" ? "refused" : "no result"}: ${result.why}`;
}

function stateOfNotification(told: NotificationStage | null, result: ActionResult | null): StageState {
  if (told === null) return result && result.type !== "done" ? "none" : "waits";
  if ("notBecause" in told) return told.isGivenUp ? "failed" : "none";
  return "owed" in told || told.confirmedAt === null ? "waits" : "done";
}

function notificationText(told: NotificationStage | null, result: ActionResult | null, asked: EpochMs): Child {
  if (told === null) return result && result.type !== "done" ? "nothing to tell" : "not yet";
  if ("owed" in told) return `its server is behind, and gets ${counted(told.owed, "message")} once it answers`;
  if ("notBecause" in told) return told.notBecause;
  return told.confirmedAt === null ? "posted, not confirmed yet" : <After at={told.confirmedAt} since={asked} />;
}
