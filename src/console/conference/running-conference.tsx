import type { EpochMs } from "../../foundation/ids.ts";
import { hostText } from "../../foundation/text/bare-host.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import { alertWords } from "../../views/conferences.ts";
import { Age, Facts, Listed, Mark, Notice, Time } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { Callers, type CallersProps } from "./callers.tsx";
import { CallerActions, WholeActions } from "./conference-actions.tsx";

/** A conference that runs, or is being created: who is in it, what is under way, and what an operator can do. */
export function RunningConference({ frame, view, entered, list, form }: CallersProps) {
  const { callers, callOuts, rooms, locked } = view;
  return (
    <>
      <Glance frame={frame} view={view} />
      {view.away && (
        <Notice is="warn">
          {`No agent says now what the bridge ${view.bridge ?? ""} does: who is in it is as it was before, and may have left.`}
        </Notice>
      )}
      {form && <WholeActions {...{ view, form }} confKey={frame.confKey} />}
      <Callers {...{ frame, view, entered, list, form }} />
      <Listed
        title="Being called"
        rows={callOuts}
        id={({ call }) => `call-${call}`}
        classes={{ "": "actions" }}
        columns={{
          Number: ({ call, number }) => (
            <span id={`name-${call}`}>
              {number} <span class="dim">{call}</span>
            </span>
          ),
          "WebEx's call": ({ extCallId }) => extCallId || null,
          Stage: ({ stage }) => stage,
          "":
            form !== null &&
            (({ call, stage }) =>
              stage !== "dropping" && <CallerActions {...{ form, call, locked }} caller={null} rooms={[]} />),
        }}
      />
      <Listed
        title="Sub-conferences"
        rows={rooms}
        columns={{
          Room: ({ room, subConfId, name }) => [
            <bdi>{name ?? subConfId}</bdi>,
            " ",
            <span class="dim">{name === undefined ? room : `${subConfId}, ${room}`}</span>,
          ],
          Stage: ({ stage }) => stage,
          Callers: ({ room }) => callers.filter((caller) => caller.room === room).length,
        }}
      />
    </>
  );
}

/** What is under way. Most of it comes and goes within a blink, so it stands where nothing is below. */
export function Waiting({ view, now }: { readonly view: ConferenceView; readonly now: EpochMs }) {
  const { commands, documents, outages } = view;
  return (
    <>
      <Listed
        title="Commands without a result"
        rows={commands}
        columns={{
          Command: ({ id, type }) => [type, " ", <span class="dim">{id}</span>],
          Sent: ({ sent }) => (sent === 1 ? "once" : `${sent} times`),
          "On the agent's disk": ({ taken }) => (taken ? "yes" : "no"),
          "Result due": ({ answerBy }) => (answerBy === null ? "at any time" : <Time at={answerBy} now={now} />),
        }}
      />
      <Listed
        title="Documents that WebEx has not confirmed"
        rows={documents}
        classes={{ "Waits for": "short", Attempts: "short" }}
        columns={{
          Messages: ({ messages, transId }) => [messages.join(", "), " ", <span class="dim">{transId}</span>],
          To: ({ host }) => hostText(host),
          "Waits for": ({ queuedAt }) => <Age since={queuedAt} now={now} />,
          Attempts: ({ attempts }) => attempts,
          "Why the last one failed": ({ failure }) => failure ?? null,
        }}
      />
      <Listed
        title="TSP servers that are behind"
        rows={outages}
        classes={{ "Messages that it is owed": "short" }}
        columns={{
          "TSP server": ({ host }) => hostText(host),
          Since: ({ since }) => <Time at={since} now={now} />,
          "Messages that it is owed": ({ messages }) => messages,
          "Next probe": ({ probeAt }) => (probeAt === null ? "under way" : <Time at={probeAt} now={now} />),
          "Why the last one failed": ({ why }) => why,
        }}
      />
    </>
  );
}

function Glance({ frame, view }: Pick<CallersProps, "frame" | "view">) {
  const { phase, locked, attached, bridge, host, extConfId, callers, lastAt, documents, commands, outages } = view;
  const isLate = commands.some(({ answerBy }) => answerBy !== null && answerBy <= frame.now);
  const hasFailed = outages.length > 0 || documents.some(({ failure }) => failure !== undefined);
  const speaking = callers.filter(({ speaks }) => speaks).length;
  const isHeard = callers.some(({ speaks }) => speaks !== null);
  const muted = callers.filter((caller) => caller.muted).length;
  return (
    <>
      <p class="marks">
        <Mark is={phase === "running" ? "good" : "warn"}>{phase === "running" ? "Running" : "Being created"}</Mark>
        {locked && <Mark is="warn">Locked</Mark>}
        {!attached && (
          <Mark is="warn">
            {view.orphan ? "found on the bridge: WebEx has not created it again" : "WebEx has let it go on alone"}
          </Mark>
        )}
        {hasFailed && <Mark is="bad">{alertWords.posts}</Mark>}
        {isLate && <Mark is="bad">{alertWords.commands}</Mark>}
      </p>
      <Facts
        of={{
          Callers: [
            callers.length,
            callers.length > 0 && (
              <span class="dim">{`${isHeard ? `, ${speaking} speaking` : ""}, ${muted} muted`}</span>
            ),
          ],
          Bridge: bridge === null ? "none yet" : <a href={pathOf(frame.domain, "bridges")}>{bridge}</a>,
          "TSP server": hostText(host) || "none",
          ExtConfID: extConfId || "none",
          "Last input": [<Age since={lastAt} now={frame.now} />, " ago"],
        }}
      />
    </>
  );
}
